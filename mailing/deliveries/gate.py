"""The gate: the last question before a message is handed over. It alone makes permits.

One READ COMMITTED transaction in one round trip. First the campaign and the subscriber rows are
locked FOR SHARE, in the order of their ids, and before any delivery, as everybody else locks
them; then, in a statement with a snapshot of its own, the verdict is read and `claimed` becomes
`open`. In a single statement PostgreSQL would re-check only the row it waited for, and read the
rest from the snapshot it began with: a withdrawal would slip through. Every "no" updates the
subscriber's row first, so it either comes before this lock and is seen, or waits until the
permit is recorded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from mailing.base.errors import ConfigurationError
from mailing.base.settings import Settings
from mailing.base.tokens import ReturnPath, link_keys
from mailing.deliveries import results
from mailing.deliveries.permit import GateStamp, SendPermit
from mailing.deliveries.queue import Claim
from mailing.deliveries.results import Ending, Result
from mailing.people import verdict
from mailing.people.subscribers import Sealer

_STAMP = GateStamp()

_LOCK_CAMPAIGNS = "SELECT FROM campaigns WHERE id = ANY (%s) ORDER BY id FOR SHARE"
_LOCK_SUBSCRIBERS = "SELECT FROM subscribers WHERE id = ANY (%s) ORDER BY id FOR SHARE"

# The rows are judged and locked once, in the order of their ids, and updated by their ids alone:
# with the conditions repeated outside, statistics gathered between two campaigns made a call of
# 20 messages take 1.2 s instead of 10 ms.
_DECIDE = f"""
    WITH asked AS (
        SELECT * FROM unnest(%(ids)s::uuid[], %(fences)s::int[]) AS a (id, fence)
    ), judged AS (
        SELECT d.id, d.fence, s.id AS subscriber_id, s.digest, s.personal, s.language, st.entry_id,
            CASE
                WHEN NOT (SELECT sending_on FROM installation) THEN 'later'
                WHEN c.state = 'paused' THEN 'later'
                WHEN c.id IS NOT NULL AND c.state <> 'sending' THEN 'campaign_stopped'
                WHEN d.kind = 'campaign' THEN ({verdict.CAMPAIGN})
                WHEN d.kind = 'notice' THEN ({verdict.NOTICE})
                ELSE ({verdict.CONFIRMATION})
            END AS no
        FROM asked a
        JOIN deliveries d ON d.id = a.id AND d.fence = a.fence
            AND d.owner = %(owner)s AND d.state = 'claimed'
        JOIN subscribers s ON s.id = d.subscriber_id
        JOIN topics t ON t.id = d.topic_id
        LEFT JOIN campaigns c ON c.id = d.campaign_id
        LEFT JOIN standings st ON st.subscriber_id = d.subscriber_id AND st.topic_id = d.topic_id
        LEFT JOIN policy_versions p ON p.id = st.policy_id
        LEFT JOIN optins r ON r.id = d.optin_id
        ORDER BY d.id FOR UPDATE OF d
    )
    UPDATE deliveries d SET
        state = CASE WHEN j.no IS NULL THEN 'open' WHEN j.no = 'later' THEN 'pending'
                     ELSE 'held' END,
        reason = NULLIF(j.no, 'later'),
        attempts = d.attempts + (j.no IS NULL)::int,
        allowed_by = CASE WHEN j.no IS NULL THEN j.entry_id END,
        link_key = CASE WHEN j.no IS NULL THEN coalesce(d.link_key, %(link_key)s)
                        ELSE d.link_key END,
        dated_at = CASE WHEN j.no IS NULL THEN coalesce(d.dated_at, now()) ELSE d.dated_at END,
        opened_at = CASE WHEN j.no IS NULL THEN clock_timestamp() ELSE d.opened_at END,
        finished_at = CASE WHEN j.no IS NOT NULL AND j.no <> 'later' THEN now() END
    FROM judged j
    WHERE d.id = j.id
    RETURNING d.id, d.fence, d.kind, d.state, d.campaign_id, d.optin_id, d.topic_id, d.attempts,
        d.link_key, d.dated_at, j.subscriber_id, j.digest, j.personal, j.language
"""  # noqa: S608 - our own text; every value is bound


@dataclass(frozen=True, slots=True)
class Passed:
    """A yes: the permit, and what the message is rendered from."""

    permit: SendPermit
    campaign_id: int | None
    optin_id: UUID | None
    topic_id: int
    subscriber_id: UUID
    digest: bytes
    language: str
    fields: dict[str, str]
    link_key: str
    dated_at: datetime
    attempts: int


def ask(
    connection: Connection,
    settings: Settings,
    owner: UUID,
    claims: Sequence[Claim],
    done: Sequence[Result] = (),
) -> list[Passed]:
    """Ask for these claims; the yeses. Each no stands in its row, with the reason.

    Results of earlier messages ride along in the same transaction, which is committed here:
    the engine is one of the two places that own their transactions.
    """
    keys = link_keys(settings.secret_keys)
    values = {
        "ids": [claim.delivery_id for claim in claims],
        "fences": [claim.fence for claim in claims],
        "owner": owner,
        "link_key": keys.newest,
    }
    with connection.cursor(row_factory=dict_row) as cursor:
        with connection.pipeline(), connection.transaction():
            _lock(connection, claims)
            results.record(connection, settings, owner, done)
            cursor.execute(_DECIDE, values)
        rows = cursor.fetchall()
    opened = [_read(row, settings) for row in rows if row["state"] == "open"]
    # One person's record that cannot be read must not end what belongs to everybody else.
    unread = [one for one in opened if isinstance(one, Result)]
    results.record(connection, settings, owner, unread)
    return [one for one in opened if isinstance(one, Passed)]


def _lock(connection: Connection, claims: Sequence[Claim]) -> None:
    campaigns = {claim.campaign_id for claim in claims if claim.campaign_id is not None}
    connection.execute(_LOCK_CAMPAIGNS, [list(campaigns)])
    connection.execute(_LOCK_SUBSCRIBERS, [list({claim.subscriber_id for claim in claims})])


def _read(row: dict[str, Any], settings: Settings) -> Passed | Result:
    try:
        return _passed(row, settings)
    except ConfigurationError as error:
        told = (row["id"], row["fence"], Ending.DEFERRED, row["attempts"], None, error.message)
        return Result(*told)


def _passed(row: dict[str, Any], settings: Settings) -> Passed:
    fields = Sealer(settings).open(row["personal"], row["subscriber_id"].bytes)
    return_path = ReturnPath(row["id"]).address(
        link_keys(settings.secret_keys), settings.bounce_domain, row["link_key"]
    )
    permit = SendPermit(_STAMP, row["id"], row["fence"], row["kind"], return_path, fields["email"])
    return Passed(
        permit=permit,
        campaign_id=row["campaign_id"],
        optin_id=row["optin_id"],
        topic_id=row["topic_id"],
        subscriber_id=row["subscriber_id"],
        digest=row["digest"],
        language=row["language"],
        fields=fields,
        link_key=row["link_key"],
        dated_at=row["dated_at"],
        attempts=row["attempts"],
    )
