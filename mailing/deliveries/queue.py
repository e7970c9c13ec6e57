"""The queue in the database: claiming what is due, giving it back, letting go of what is done.

These verbs run on the engine's own connection, in a transaction that the caller commits.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from psycopg import Connection

from mailing.base.arrays import ids, numbers
from mailing.base.errors import NotAllowed
from mailing.base.roundtrip import Said, Value, ask, together
from mailing.deliveries.batches import CALL, DUE


class Claim(NamedTuple):
    """A delivery that one incarnation may now ask the gate about; `fence` names this claim."""

    delivery_id: UUID
    fence: int
    kind: str
    campaign_id: int | None
    subscriber_id: UUID
    topic_id: int
    batch_id: int
    optin_id: UUID | None = None


_ACTIVE = """
    SELECT c.id FROM campaigns c WHERE c.state = 'sending' AND EXISTS (
        SELECT FROM batches b WHERE b.campaign_id = c.id AND b.due_at <= now())
    ORDER BY (c.kind <> 'notice'), c.id
"""

# A claim never waits: neither for a batch that another process looks at, nor for a row.
_NEXT = """
    SELECT id, written_at IS NOT NULL FROM batches
    WHERE campaign_id = %(campaign)s::integer AND id > %(after)s::bigint AND due_at <= now()
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_NEXT_RETURNED = """
    SELECT b.id, true FROM batches b
    JOIN campaigns c ON c.id = b.campaign_id AND c.state = 'sending'
    WHERE b.id > %(after)s::bigint AND b.due_at <= now() AND b.written_at IS NOT NULL
    ORDER BY b.id LIMIT 1 FOR UPDATE OF b SKIP LOCKED
"""
_NEXT_CONFIRMATION = _NEXT.replace("= %(campaign)s::integer", "IS NULL")

_COLUMNS = "id, fence, kind, campaign_id, subscriber_id, topic_id, batch_id, optin_id"

# Writing the deliveries of a chunk and claiming them is one insert: a fan-out of its own would
# write each row twice before the first message could leave. Their ids are of version 7 (RFC 9562
# 5.7): they begin with the millisecond, so that what is sent together stands together in the index.
_WRITE = f"""
    WITH written AS (
        UPDATE batches SET written_at = now() WHERE id = %(batch)s::bigint
        RETURNING campaign_id, chunk,
            lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
                AS beginning
    ), new AS (
        INSERT INTO deliveries
            (id, kind, campaign_id, batch_id, subscriber_id, topic_id, state, owner, fence)
        SELECT (w.beginning || substr(gen_random_uuid()::text, 16))::uuid,
            c.kind, c.id, %(batch)s::bigint, m.id, c.topic_id,
            CASE WHEN m.place <= %(limit)s::bigint THEN 'claimed' ELSE 'pending' END,
            CASE WHEN m.place <= %(limit)s::bigint THEN %(owner)s::uuid END,
            CASE WHEN m.place <= %(limit)s::bigint THEN 1 ELSE 0 END
        FROM written w
        JOIN campaigns c ON c.id = w.campaign_id
        JOIN audience_chunks a ON a.campaign_id = w.campaign_id AND a.number = w.chunk
        CROSS JOIN unnest(a.subscriber_ids) WITH ORDINALITY AS m (id, place)
        ON CONFLICT ON CONSTRAINT one_delivery_a_campaign_and_subscriber DO NOTHING
        RETURNING {_COLUMNS}, state
    )
    SELECT {_COLUMNS} FROM new WHERE state = 'claimed'
"""  # noqa: S608 - our own text; every value is bound

_TAKE = f"""
    UPDATE deliveries d SET state = 'claimed', owner = %(owner)s::uuid, fence = d.fence + 1,
        retry_at = NULL
    WHERE d.id = ANY (ARRAY(
        SELECT id FROM deliveries WHERE batch_id = %(batch)s::bigint
            AND (state = 'pending' OR (state = 'deferred' AND retry_at <= now()))
        ORDER BY id LIMIT %(limit)s::bigint FOR UPDATE SKIP LOCKED))
    RETURNING {_COLUMNS}
"""  # noqa: S608 - our own text; every value is bound

# In a statement of its own, so that it sees the claim, and what was locked and is left.
_DUE_AGAIN = f"""
    UPDATE batches SET due_at = (
        SELECT {DUE} FROM deliveries
        WHERE batch_id = %(batch)s::bigint AND state IN ('pending', 'deferred'))
    WHERE id = %(batch)s::bigint
"""  # noqa: S608 - our own text; every value is bound

_OWN = """
    INSERT INTO batch_owners (owner, batch_id) VALUES (%(owner)s::uuid, %(batch)s::bigint)
    ON CONFLICT DO NOTHING
"""

_MAY_CLAIM = """
    SELECT sending_on, EXISTS (
        SELECT FROM incarnations WHERE id = %(owner)s::uuid AND fenced_at IS NOT NULL)
    FROM installation
"""

_LOOK = f"""
    SELECT may.*, EXISTS (SELECT FROM batches WHERE campaign_id IS NULL AND due_at <= now()),
        EXISTS (SELECT FROM batches b
                JOIN campaigns c ON c.id = b.campaign_id AND c.state = 'sending'
                WHERE b.id > 0 AND b.due_at <= now() AND b.written_at IS NOT NULL)
    FROM ({_MAY_CLAIM}) may
"""  # noqa: S608 - our own text; every value is bound

_PUT_BACK = """
    WITH mine AS (
        SELECT d.id, a.seconds
        FROM unnest(%(ids)s::uuid[], %(seconds)s::float8[]) AS a (id, seconds)
        JOIN deliveries d ON d.id = a.id AND d.owner = %(owner)s::uuid AND d.state = 'claimed'
        ORDER BY d.id FOR UPDATE OF d
    )
    UPDATE deliveries d SET
        state = CASE WHEN mine.seconds > 0 THEN 'deferred' ELSE 'pending' END,
        retry_at = CASE WHEN mine.seconds > 0 THEN now() + make_interval(secs => mine.seconds) END,
        owner = NULL
    FROM mine WHERE d.id = mine.id RETURNING d.id
"""

_CALL = CALL.format(which="id = ANY (%(ids)s::uuid[])")
_CALL_OWNED = CALL.format(
    which="batch_id = ANY (ARRAY(SELECT batch_id FROM batch_owners WHERE owner = %(owner)s::uuid))"
)

# Only what the rows themselves say is let go: a result that is not written down yet keeps its
# batch, or nobody would sweep it after a crash.
_LOCK_RELEASED = """
    SELECT id FROM batches WHERE id = ANY (ARRAY(
        SELECT batch_id FROM batch_owners
        WHERE owner = %(owner)s::uuid AND batch_id <> ALL (%(keep)s::bigint[])))
    ORDER BY id FOR UPDATE
"""

_LOCK_OWNED = """
    SELECT FROM batches
    WHERE id = ANY (ARRAY(SELECT batch_id FROM batch_owners WHERE owner = %(owner)s::uuid))
    ORDER BY id FOR UPDATE
"""

# Asked of each batch by itself (OFFSET 0 keeps it so): as a join, planned while there were few
# deliveries, the end of each batch read all there were.
_RELEASE = """
    DELETE FROM batch_owners o
    WHERE o.owner = %(owner)s::uuid AND o.batch_id = ANY (%(batches)s::bigint[]) AND NOT EXISTS (
        SELECT FROM deliveries d WHERE d.batch_id = o.batch_id AND d.owner = o.owner
            AND d.state IN ('claimed', 'open', 'sealed', 'aborting') OFFSET 0)
"""

_FINISH = """
    UPDATE batches b SET finished_at = now()
    WHERE b.id = ANY (%(batches)s::bigint[]) AND b.due_at IS NULL
        AND NOT EXISTS (SELECT FROM batch_owners o WHERE o.batch_id = b.id OFFSET 0)
        AND NOT EXISTS (SELECT FROM deliveries d WHERE d.batch_id = b.id AND d.state IN
                        ('pending', 'claimed', 'open', 'sealed', 'aborting', 'deferred') OFFSET 0)
"""


def claim(
    connection: Connection, owner: UUID, limit: int, of_a_campaign: int | None = None
) -> list[Claim]:
    """Claim up to `limit` due deliveries: confirmations first, then notices, then campaigns.

    Active campaigns share what is left, so that a small one does not wait behind a large one;
    each gets at most `of_a_campaign` (0: it is not their hour).
    Raises NotAllowed when an operator has declared this owner dead: it must not go on.
    """
    if not may_claim(connection, owner):
        return []
    most = limit if of_a_campaign is None else of_a_campaign
    claims = claim_confirmations(connection, owner, limit)
    campaigns = [row[0] for row in ask(connection, Said(_ACTIVE, {}))] if most else []
    for index, campaign in enumerate(campaigns):
        share = -(-(limit - len(claims)) // (len(campaigns) - index))
        claims += _take(connection, _NEXT, owner, campaign, min(share, most))
    return claims


def claim_confirmations(connection: Connection, owner: UUID, limit: int) -> list[Claim]:
    """Claim what people wait for; it never stands behind a campaign."""
    return _take(connection, _NEXT_CONFIRMATION, owner, None, limit)


def claim_returned(connection: Connection, owner: UUID, limit: int) -> list[Claim]:
    """Claim of batches that were begun before: what the dead left, what is tried again, and what
    is left of one that was claimed in part."""
    return _take(connection, _NEXT_RETURNED, owner, None, limit)


def put_back(
    connection: Connection, owner: UUID, deliveries: Collection[UUID], seconds: float = 0
) -> int:
    """Give back what was claimed and not begun, not to be claimed for some seconds; how many."""
    return put_off(connection, owner, dict.fromkeys(deliveries, seconds))


def put_off(connection: Connection, owner: UUID, waits: Mapping[UUID, float]) -> int:
    """The same with a time for each. All at once: in several steps, rows and batches would be
    locked out of their order."""
    if not waits:
        return 0
    values: dict[str, Value] = {"owner": str(owner), "ids": ids(waits)}
    values["seconds"] = numbers(waits.values())
    back, _ = together(connection, [Said(_PUT_BACK, values), calling(waits)])
    return len(back)


def call(connection: Connection, deliveries: Collection[UUID]) -> None:
    """Have the batches of these deliveries claimed again when what waits in them is due."""
    ask(connection, calling(deliveries))


def calling(deliveries: Iterable[UUID]) -> Said:
    """What `call` says."""
    return Said(_CALL, {"ids": ids(deliveries)})


def call_owned(connection: Connection, owner: UUID) -> None:
    """The same for all batches of an owner: it may have died between a change and its call."""
    ask(connection, Said(_CALL_OWNED, {"owner": str(owner)}))


def lock_owned(connection: Connection, owner: UUID) -> None:
    """Lock all batches of an owner, in their order: whatever is done to some follows."""
    ask(connection, Said(_LOCK_OWNED, {"owner": str(owner)}))


def release(connection: Connection, owner: UUID, keep: Collection[int] = ()) -> None:
    """Let go of the batches, but these, of which nothing is in work; a batch with nothing
    unfinished in it is finished.

    Each batch is locked before its owner lets go: of two who do so at once, the second sees
    that it is the last.
    """
    values = {"owner": str(owner), "keep": numbers(keep)}
    batches = [row[0] for row in ask(connection, Said(_LOCK_RELEASED, values))]
    if batches:
        these = {"batches": numbers(batches)}
        owned = {"owner": str(owner), **these}
        together(connection, [Said(_RELEASE, owned), Said(_FINISH, these)])


def may_claim(connection: Connection, owner: UUID) -> bool:
    """Whether sending is on; raises NotAllowed for an owner that was declared dead."""
    found = ask(connection, Said(_MAY_CLAIM, {"owner": str(owner)}))
    return _is_allowed(*found[0]) if found else False


def look(connection: Connection, owner: UUID) -> tuple[bool, bool]:
    """Whether something is due that a person waits for, and something that was begun before; as
    `may_claim`. Nothing is locked: whoever looks often finds nothing nearly every time."""
    found = ask(connection, Said(_LOOK, {"owner": str(owner)}))
    if not found or not _is_allowed(*found[0][:2]):
        return False, False
    urgent, returned = found[0][2:]
    return urgent, returned


def _is_allowed(sending_on: bool, is_fenced: bool) -> bool:
    if is_fenced:
        raise NotAllowed("This process was declared dead by an operator; another one goes on.")
    return sending_on


def _take(
    connection: Connection, following: str, owner: UUID, campaign: int | None, limit: int
) -> list[Claim]:
    claims: list[Claim] = []
    batch = 0
    while len(claims) < limit:
        # On to the next each time: what somebody else holds locked stays due, and is passed by.
        values = {"campaign": None if campaign is None else str(campaign), "after": str(batch)}
        found = ask(connection, Said(following, values))
        if not found:
            break
        batch, is_written = found[0]
        statement = _TAKE if is_written else _WRITE
        claims += _of_batch(connection, statement, owner, batch, limit - len(claims))
    return claims


def _of_batch(
    connection: Connection, statement: str, owner: UUID, batch: int, limit: int
) -> list[Claim]:
    values = {"owner": str(owner), "batch": str(batch), "limit": str(limit)}
    said = [Said(one, values) for one in (statement, _OWN, _DUE_AGAIN)]
    return [Claim._make(row) for row in together(connection, said)[0]]
