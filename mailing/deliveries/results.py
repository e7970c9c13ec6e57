"""Results: what became of a message that the gate let through."""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from psycopg import Connection

from mailing.base.arrays import array_of, ids, numbers
from mailing.base.roundtrip import Said, Value, together
from mailing.base.settings import Settings
from mailing.deliveries import queue


class Ending(StrEnum):
    """How one attempt ended.

    `deferred`: the relay asks to try again later. `lost`: the connection failed before the
    dot, so surely nothing was delivered. `aborted`: the seal was refused and no dot written.
    `called_back`: it stood behind another message that held it up; it is due again at once, and
    that was no attempt.
    """

    ACCEPTED = "accepted"
    REFUSED = "refused"
    DEFERRED = "deferred"
    LOST = "lost"
    UNCERTAIN = "uncertain"
    ABORTED = "aborted"
    CALLED_BACK = "called_back"
    CANNOT_RENDER = "cannot_render"


class Result(NamedTuple):
    """The ending of one attempt, with what the relay said."""

    delivery_id: UUID
    fence: int
    ending: Ending
    attempts: int
    code: int | None = None
    text: str = ""


# A person waits for what they asked for: where its answer was lost it is sent again with the same
# bytes. Campaign mail never is; and a relay that never answers must not make a flood of it.
MOST_RESENDS = 5

# Nearly every message ends so; told apart, it costs a third of the statement for all endings.
_ACCEPTED = """
    UPDATE deliveries d SET state = 'accepted', finished_at = clock_timestamp(),
        reply_code = a.code, reply_text = NULLIF(a.text, '')
    FROM unnest(%(ids)s::uuid[], %(fences)s::int[], %(codes)s::int[], %(texts)s::text[])
        AS a (id, fence, code, text)
    WHERE d.id = a.id AND d.fence = a.fence AND d.owner = %(owner)s AND d.state = 'sealed'
"""

# What the new row is made of is read under the lock: PostgreSQL checks a row's constraints
# before it notices that somebody leaving has just changed it.
_RECORD = """
    WITH told AS (
        SELECT * FROM unnest(%(ids)s::uuid[], %(fences)s::int[], %(endings)s::text[],
            %(codes)s::int[], %(texts)s::text[], %(waits)s::interval[])
            AS a (id, fence, ending, code, text, wait)
    ), mine AS (
        SELECT d.id, d.reason, a.ending, a.code, a.text, a.wait,
            CASE
                WHEN d.state = 'aborting' THEN 'held'
                WHEN a.ending = 'cannot_render' THEN 'held'
                WHEN a.ending = 'uncertain'
                    AND d.kind IN ('confirmation', 'correspondence', 'account')
                    AND d.attempts < %(resends)s::int THEN 'deferred'
                WHEN a.ending IN ('deferred', 'lost')
                    AND d.dated_at < now() - %(patience)s::interval THEN 'refused'
                WHEN a.ending IN ('deferred', 'lost', 'aborted', 'called_back') THEN 'deferred'
                ELSE a.ending
            END AS next
        FROM deliveries d JOIN told a ON d.id = a.id AND d.fence = a.fence
        WHERE d.owner = %(owner)s AND d.state IN ('open', 'sealed', 'aborting')
        ORDER BY d.id FOR UPDATE OF d
    )
    UPDATE deliveries d SET
        state = m.next,
        reason = CASE WHEN m.next <> 'held' THEN NULL
                      WHEN m.ending = 'cannot_render' THEN coalesce(m.reason, 'cannot_render')
                      ELSE m.reason END,
        retry_at = CASE WHEN m.next = 'deferred' THEN now() + m.wait END,
        attempts = d.attempts - (m.ending = 'called_back')::int,
        finished_at = CASE WHEN m.next <> 'deferred' THEN clock_timestamp() END,
        reply_code = m.code,
        reply_text = NULLIF(m.text, '')
    FROM mine m WHERE d.id = m.id
"""


def record(connection: Connection, settings: Settings, owner: UUID, told: Sequence[Result]) -> None:
    """Write results down, each only over the claim that it belongs to; commits nothing."""
    together(connection, recording(settings, owner, told))


def recording(settings: Settings, owner: UUID, told: Sequence[Result]) -> list[Said]:
    """What `record` says: nothing where nothing is told."""
    # Rows are locked in the order of their ids, as everybody else locks them.
    in_order = sorted(told, key=attrgetter("delivery_id.int"))
    accepted = [result for result in in_order if result.ending is Ending.ACCEPTED]
    others = [result for result in in_order if result.ending is not Ending.ACCEPTED]
    said = []
    if accepted:
        said.append(Said(_ACCEPTED, {"owner": str(owner), **_columns(accepted)}))
    if others:
        waits = [wait(settings, result) for result in others]
        endings: dict[str, Value] = {
            "endings": array_of(result.ending.value for result in others),
            "waits": array_of(f"{one.total_seconds()} s" for one in waits),
            "owner": str(owner),
            "patience": f"{settings.give_up_hours} h",
            "resends": str(MOST_RESENDS),
        }
        said.append(Said(_RECORD, endings | _columns(others)))
        said.append(queue.calling(result.delivery_id for result in others))
    return said


def _columns(told: Sequence[Result]) -> dict[str, Value]:
    return {
        "ids": ids(map(attrgetter("delivery_id"), told)),
        "fences": numbers(map(attrgetter("fence"), told)),
        "codes": array_of(map(attrgetter("code"), told)),
        "texts": array_of(result.text[:512].replace("\0", "") for result in told),
    }


def wait(settings: Settings, result: Result) -> timedelta:
    """How long until the next try: soon after a broken connection, else the growing intervals.

    RFC 5321 4.5.4.1 asks for a delay and for configurable intervals.
    """
    if result.ending is Ending.CALLED_BACK:
        return timedelta(0)
    if result.ending in (Ending.LOST, Ending.UNCERTAIN, Ending.ABORTED):
        return timedelta(seconds=min(5 * result.attempts, 300))
    minutes = settings.retry_minutes
    return timedelta(minutes=minutes[min(max(result.attempts, 1), len(minutes)) - 1])
