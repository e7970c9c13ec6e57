"""After a restore: what was in work is put where it surely is, and what has been sent since the
backup is written down, so that nobody gets it twice.

A send journal names a message by the id of its delivery, and by campaign and person: rows that the
backup does not have, because their chunk was written later, are made here with their ending.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg import Connection
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.campaigns import approvals, audience, campaigns
from mailing.campaigns.campaigns import State
from mailing.deliveries import sends
from mailing.deliveries.batches import CALL, DUE
from mailing.deliveries.sends import Reply, Written

# Of what was on its way when the snapshot was taken, the database says less than the journals.
_SETTLE = """
    UPDATE deliveries SET
        state = CASE state WHEN 'aborting' THEN 'held' WHEN 'sealed' THEN 'uncertain'
                     ELSE 'pending' END,
        finished_at = CASE WHEN state IN ('aborting', 'sealed') THEN now() END,
        owner = NULL
    WHERE state IN ('claimed', 'open', 'sealed', 'aborting')
"""
_NOBODY_OWNS = "DELETE FROM batch_owners"
# Which hosts were sending about the time of the backup, and the processes that went on after it.
_HOSTS = """
    SELECT host_id, array_remove(array_agg(CASE WHEN ended_at IS NULL THEN id END), NULL)
    FROM incarnations
    WHERE fenced_at IS NULL
        AND coalesce(ended_at, 'infinity') > %s::timestamptz - interval '30 days'
    GROUP BY host_id
"""
_ALL_DEAD = "UPDATE incarnations SET ended_at = now() WHERE ended_at IS NULL"
# A holding window is no time to wait for any more: a person decides.
_PAUSE = "UPDATE campaigns SET state = 'paused' WHERE state = 'sending' RETURNING id"
_WAIT = "UPDATE campaigns SET release_at = NULL WHERE state = 'scheduled' RETURNING id"


@dataclass(frozen=True)
class UnderWay:
    """By the backup: the campaigns that were being sent, those in the holding window, and the hosts
    that sent, each with the processes that had not ended."""

    sending: list[int]
    scheduled: list[int]
    hosts: dict[UUID, list[UUID]]


@dataclass
class Seen:
    """What the send journals show: messages by what became of them, the campaigns that had begun
    after the backup, and people whom the database does not know (id and digest)."""

    endings: Counter[str] = field(default_factory=Counter)
    begun_since: list[int] = field(default_factory=list)
    lost: dict[UUID, bytes] = field(default_factory=dict)
    highest_campaign: int = 0


def put_at_rest(connection: Connection[Any], made_at: str) -> UnderWay:
    """Nothing is in work, nobody owns anything, no campaign is being sent; what was."""
    hosts = dict(connection.execute(_HOSTS, [made_at]).fetchall())
    for change in (_SETTLE, _NOBODY_OWNS, _ALL_DEAD):
        connection.execute(change)
    sending, scheduled = (
        [row[0] for row in connection.execute(change).fetchall()] for change in (_PAUSE, _WAIT)
    )
    connection.execute(_DUE_NOW)
    return UnderWay(sorted(sending), sorted(scheduled), hosts)


def write_down(connection: Connection[Any], files: Iterable[Path], since: datetime) -> Seen:
    """Write down what these send journals show since a time. Commits nothing."""
    connection.execute(_TABLES)
    _copy(connection, files, since)
    for step in (*_MATCH, *_BEGUN_SINCE, *_WRITE):
        connection.execute(step)
    seen = Seen()
    seen.endings.update(row[0] for row in connection.execute(_END).fetchall())
    seen.begun_since = [row[0] for row in connection.execute(_STOP).fetchall()]
    seen.lost = dict(connection.execute(_LOST).fetchall())
    seen.highest_campaign = _one(connection, "SELECT coalesce(max(campaign), 0) FROM shown")
    connection.execute(_DUE_NOW)
    connection.execute(_CALL_SHOWN)
    connection.execute("DROP TABLE dots, replies, shown")
    return seen


def doubt(connection: Connection[Any], campaigns: list[int]) -> int:
    """What waits in these campaigns may have been sent: their send journals are lost. Written or
    not, it becomes uncertain, and a person decides; how many messages. Commits nothing."""
    values = {"campaigns": campaigns}
    connection.execute(_WRITE_OUT, values)
    doubted = connection.execute(_DOUBT, values).rowcount
    connection.execute(_WRITTEN, values)
    connection.execute(_DUE_NOW)
    return doubted


def freeze(campaign_id: int) -> None:
    """A campaign that was in its holding window is paused, its audience as it is now; whoever has
    got it since is among them, with their ending. Commits nothing."""
    campaign = campaigns.lock(campaign_id)
    campaign.approved_by = approvals.approver(campaign)
    campaign.frozen_segment = campaign.narrowed
    audience.snapshot(campaign)
    values = {"campaign": campaign_id}
    for step in _FREEZE:
        db.session.execute(text(step), values)
    counted = {row.reason: row.people for row in db.session.execute(text(_COUNT), values)}
    campaign.audience, campaign.considered = counted.get(None, 0), sum(counted.values())
    campaign.held_at_start = {reason: n for reason, n in sorted(counted.items(), key=str) if reason}
    campaign.state, campaign.started_at = State.PAUSED.value, clock.now()
    db.session.flush()


def _copy(connection: Connection[Any], files: Iterable[Path], since: datetime) -> None:
    paths = list(files)
    with connection.cursor() as cursor:
        with cursor.copy("COPY dots FROM STDIN") as copy:
            for one in _lines(paths):
                if not isinstance(one, Reply) and (one.at is None or one.at >= since):
                    copy.write_row(one)
        with cursor.copy("COPY replies FROM STDIN") as copy:
            for one in _lines(paths):
                if isinstance(one, Reply):
                    copy.write_row((*one[:3], one.text[:512].replace("\0", "")))


def _lines(paths: list[Path]) -> Iterator[Written | Reply]:
    # Read twice: two tables are filled one after the other, and the files may be large.
    return itertools.chain.from_iterable(sends.lines(path) for path in paths)


def _one(connection: Connection[Any], query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    return int(row[0]) if row else 0


_TABLES = """
    CREATE TEMP TABLE dots (delivery uuid, fence integer, campaign integer, digest bytea,
                            subscriber uuid, at timestamptz);
    CREATE TEMP TABLE replies (delivery uuid, fence integer, code integer, text text)
"""

# Of several tries one that was accepted counts, else the last.
_MATCH = (
    """
    CREATE TEMP TABLE shown AS
    SELECT DISTINCT ON (d.delivery) d.*, r.code, r.text, NULL::uuid AS person, NULL::uuid AS row,
        CASE WHEN r.code IS NULL THEN 'uncertain' WHEN r.code / 100 = 2 THEN 'accepted'
             WHEN r.code / 100 = 4 THEN 'deferred' ELSE 'refused' END AS ending
    FROM dots d LEFT JOIN replies r ON r.delivery = d.delivery AND r.fence = d.fence
    ORDER BY d.delivery, (r.code / 100 = 2) DESC NULLS LAST, d.at DESC NULLS LAST, d.fence DESC
    """,
    "ANALYZE shown",
    "UPDATE shown w SET row = d.id FROM deliveries d WHERE d.id = w.delivery",
    "UPDATE shown w SET person = s.id FROM subscribers s WHERE s.id = w.subscriber",
    """
    UPDATE shown w SET person = s.id FROM subscribers s
    WHERE w.person IS NULL AND w.subscriber IS NULL AND s.digest = w.digest
    """,
    """
    UPDATE shown w SET row = d.id FROM deliveries d
    WHERE w.row IS NULL AND d.campaign_id = w.campaign AND d.subscriber_id = w.person
    """,
)

# A campaign that has no audience in the backup began after it. Whoever got it is its first chunk.
_BEGUN_SINCE = (
    """
    INSERT INTO audience_chunks (campaign_id, number, reason, subscriber_ids)
    SELECT c.id, 0, NULL, array_agg(DISTINCT w.person)
    FROM shown w JOIN campaigns c ON c.id = w.campaign
    WHERE c.audience IS NULL AND w.person IS NOT NULL GROUP BY c.id
    """,
    """
    INSERT INTO batches (campaign_id, chunk, written_at)
    SELECT a.campaign_id, a.number, now() FROM audience_chunks a
    JOIN campaigns c ON c.id = a.campaign_id WHERE c.audience IS NULL AND a.number = 0
    """,
)

_WRITE = (
    """
    INSERT INTO deliveries (id, kind, campaign_id, batch_id, subscriber_id, topic_id, fence)
    SELECT DISTINCT ON (c.id, w.person)
        w.delivery, c.kind, c.id, b.id, w.person, c.topic_id, w.fence
    FROM shown w
    JOIN campaigns c ON c.id = w.campaign
    JOIN (SELECT a.campaign_id, a.number, m.id FROM audience_chunks a
          CROSS JOIN unnest(a.subscriber_ids) AS m (id)
          WHERE a.reason IS NULL AND a.campaign_id IN
                (SELECT campaign FROM shown WHERE row IS NULL AND person IS NOT NULL)) p
        ON p.campaign_id = c.id AND p.id = w.person
    JOIN batches b ON b.campaign_id = p.campaign_id AND b.chunk = p.number
    WHERE w.row IS NULL
    ORDER BY c.id, w.person, array_position(ARRAY['accepted', 'uncertain', 'refused'], w.ending)
    ON CONFLICT DO NOTHING
    """,
    """
    UPDATE shown w SET row = d.id FROM deliveries d
    WHERE w.row IS NULL AND d.campaign_id = w.campaign AND d.subscriber_id = w.person
    """,
)

# What was accepted under one name and lost under another was accepted.
_END = """
    WITH best AS (
        SELECT DISTINCT ON (row) row, ending, code, text, fence, coalesce(at, now()) AS at
        FROM shown WHERE row IS NOT NULL
        ORDER BY row, array_position(ARRAY['accepted', 'uncertain', 'refused', 'deferred'], ending)
    )
    UPDATE deliveries d SET
        state = b.ending, reason = NULL, owner = NULL,
        retry_at = CASE WHEN b.ending = 'deferred' THEN now() END,
        dated_at = coalesce(d.dated_at, b.at), opened_at = coalesce(d.opened_at, b.at),
        sealed_at = b.at, finished_at = CASE WHEN b.ending <> 'deferred' THEN b.at END,
        attempts = greatest(d.attempts, 1), fence = greatest(d.fence, b.fence),
        reply_code = b.code, reply_text = NULLIF(b.text, '')
    FROM best b
    WHERE d.id = b.row AND d.state IN ('pending', 'deferred', 'uncertain')
        AND d.state <> b.ending
    RETURNING b.ending
"""

# What its text was when it left, nobody knows: the rest of it does not leave by itself.
_STOP = """
    UPDATE campaigns c SET state = 'stopped', release_at = NULL, finished_at = now(),
        started_at = b.at, audience = b.people, considered = b.people
    FROM (SELECT a.campaign_id, cardinality(a.subscriber_ids) AS people,
                 (SELECT min(at) FROM shown w WHERE w.campaign = a.campaign_id) AS at
          FROM audience_chunks a WHERE a.number = 0) b
    WHERE c.id = b.campaign_id AND c.audience IS NULL AND c.state <> 'scheduled'
    RETURNING c.id
"""

# Whoever got it stands in chunk 0 alone.
_FREEZE = (
    """
    UPDATE audience_chunks a SET subscriber_ids = ARRAY(
        SELECT m.id FROM unnest(a.subscriber_ids) WITH ORDINALITY AS m (id, place)
        WHERE m.id <> ALL (got.subscriber_ids) ORDER BY m.place)
    FROM audience_chunks got
    WHERE a.campaign_id = :campaign AND a.number > 0
        AND got.campaign_id = :campaign AND got.number = 0
    """,
    """
    DELETE FROM audience_chunks WHERE campaign_id = :campaign AND cardinality(subscriber_ids) = 0
    """,
    """
    INSERT INTO batches (campaign_id, chunk, due_at)
    SELECT campaign_id, number, to_timestamp(0) FROM audience_chunks
    WHERE campaign_id = :campaign AND reason IS NULL AND number > 0 ORDER BY number
    """,
)
_COUNT = """
    SELECT reason, sum(cardinality(subscriber_ids))::integer AS people FROM audience_chunks
    WHERE campaign_id = :campaign GROUP BY reason
"""

_LOST = """
    SELECT DISTINCT ON (w.subscriber) w.subscriber, w.digest FROM shown w
    WHERE w.person IS NULL AND w.subscriber IS NOT NULL AND w.digest IS NOT NULL
        AND w.row IS NULL
    ORDER BY w.subscriber, w.at DESC
"""

_WRITE_OUT = """
    INSERT INTO deliveries (kind, campaign_id, batch_id, subscriber_id, topic_id)
    SELECT c.kind, c.id, b.id, m.id, c.topic_id
    FROM batches b
    JOIN campaigns c ON c.id = b.campaign_id
    JOIN audience_chunks a ON a.campaign_id = b.campaign_id AND a.number = b.chunk
    CROSS JOIN unnest(a.subscriber_ids) AS m (id)
    WHERE b.written_at IS NULL AND c.id = ANY (%(campaigns)s)
    ON CONFLICT DO NOTHING
"""
_DOUBT = """
    UPDATE deliveries SET state = 'uncertain', finished_at = now(), retry_at = NULL,
        sealed_at = coalesce(sealed_at, now())
    WHERE state IN ('pending', 'deferred') AND batch_id IN
        (SELECT id FROM batches WHERE campaign_id = ANY (%(campaigns)s))
"""
_WRITTEN = """
    UPDATE batches SET written_at = now() WHERE written_at IS NULL
        AND campaign_id = ANY (%(campaigns)s)
"""

# A batch says what waits in it, and nothing else.
_DUE_NOW = f"""
    UPDATE batches b SET due_at = w.at, finished_at = CASE WHEN w.at IS NULL THEN now() END
    FROM (SELECT b.id, {DUE.replace("state", "d.state").replace("retry_at", "d.retry_at")} AS at
          FROM batches b LEFT JOIN deliveries d
              ON d.batch_id = b.id AND d.state IN ('pending', 'deferred')
          WHERE b.written_at IS NOT NULL AND b.finished_at IS NULL GROUP BY b.id) w
    WHERE b.id = w.id
"""  # noqa: S608 - our own text
_CALL_SHOWN = CALL.format(which="id IN (SELECT row FROM shown)")
