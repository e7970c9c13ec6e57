"""The queue in the database: claiming what is due, giving it back, letting go of what is done.

These verbs run on the engine's own connection, in a transaction that the caller commits.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from psycopg import Connection
from psycopg.rows import tuple_row

from mailing.base.arrays import ids, numbers
from mailing.base.errors import NotAllowed
from mailing.base.roundtrip import Said
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
    WHERE campaign_id = %(campaign)s AND id > %(after)s AND due_at <= now()
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_NEXT_RETURNED = """
    SELECT b.id, true FROM batches b
    JOIN campaigns c ON c.id = b.campaign_id AND c.state = 'sending'
    WHERE b.id > %(after)s AND b.due_at <= now() AND b.written_at IS NOT NULL
    ORDER BY b.id LIMIT 1 FOR UPDATE OF b SKIP LOCKED
"""
_NEXT_CONFIRMATION = _NEXT.replace("= %(campaign)s", "IS NULL")

_COLUMNS = "id, fence, kind, campaign_id, subscriber_id, topic_id, batch_id, optin_id"

# Writing the deliveries of a chunk and claiming them is one insert: a fan-out of its own would
# write each row twice before the first message could leave. Their ids are of version 7 (RFC 9562
# 5.7): they begin with the millisecond, so that what is sent together stands together in the index.
_WRITE = f"""
    WITH written AS (
        UPDATE batches SET written_at = now() WHERE id = %(batch)s
        RETURNING campaign_id, chunk,
            lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
                AS beginning
    ), new AS (
        INSERT INTO deliveries
            (id, kind, campaign_id, batch_id, subscriber_id, topic_id, state, owner, fence)
        SELECT (w.beginning || substr(gen_random_uuid()::text, 16))::uuid,
            c.kind, c.id, %(batch)s, m.id, c.topic_id,
            CASE WHEN m.place <= %(limit)s THEN 'claimed' ELSE 'pending' END,
            CASE WHEN m.place <= %(limit)s THEN %(owner)s::uuid END,
            CASE WHEN m.place <= %(limit)s THEN 1 ELSE 0 END
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
    UPDATE deliveries d SET state = 'claimed', owner = %(owner)s, fence = d.fence + 1,
        retry_at = NULL
    WHERE d.id = ANY (ARRAY(
        SELECT id FROM deliveries WHERE batch_id = %(batch)s
            AND (state = 'pending' OR (state = 'deferred' AND retry_at <= now()))
        ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
    RETURNING {_COLUMNS}
"""  # noqa: S608 - our own text; every value is bound

# In a statement of its own, so that it sees the claim, and what was locked and is left.
_DUE_AGAIN = f"""
    UPDATE batches SET due_at = (
        SELECT {DUE} FROM deliveries
        WHERE batch_id = %(batch)s AND state IN ('pending', 'deferred'))
    WHERE id = %(batch)s
"""  # noqa: S608 - our own text; every value is bound

_OWN = """
    INSERT INTO batch_owners (owner, batch_id) VALUES (%(owner)s, %(batch)s) ON CONFLICT DO NOTHING
"""

_MAY_CLAIM = """
    SELECT sending_on, EXISTS (SELECT FROM incarnations WHERE id = %s AND fenced_at IS NOT NULL)
    FROM installation
"""

_PUT_BACK = """
    WITH mine AS (
        SELECT d.id, a.seconds
        FROM unnest(%(ids)s::uuid[], %(seconds)s::float8[]) AS a (id, seconds)
        JOIN deliveries d ON d.id = a.id AND d.owner = %(owner)s AND d.state = 'claimed'
        ORDER BY d.id FOR UPDATE OF d
    )
    UPDATE deliveries d SET
        state = CASE WHEN mine.seconds > 0 THEN 'deferred' ELSE 'pending' END,
        retry_at = CASE WHEN mine.seconds > 0 THEN now() + make_interval(secs => mine.seconds) END,
        owner = NULL
    FROM mine WHERE d.id = mine.id
"""

_CALL = CALL.format(which="id = ANY (%(ids)s::uuid[])")
_CALL_OWNED = CALL.format(
    which="batch_id = ANY (ARRAY(SELECT batch_id FROM batch_owners WHERE owner = %(owner)s))"
)

# Only what the rows themselves say is let go: a result that is not written down yet keeps its
# batch, or nobody would sweep it after a crash.
_LOCK_RELEASED = """
    SELECT id FROM batches WHERE id = ANY (ARRAY(
        SELECT batch_id FROM batch_owners WHERE owner = %(owner)s AND batch_id <> ALL (%(keep)s)))
    ORDER BY id FOR UPDATE
"""

_LOCK_OWNED = """
    SELECT FROM batches
    WHERE id = ANY (ARRAY(SELECT batch_id FROM batch_owners WHERE owner = %(owner)s))
    ORDER BY id FOR UPDATE
"""

# Asked of each batch by itself (OFFSET 0 keeps it so): as a join, planned while there were few
# deliveries, the end of each batch read all there were.
_RELEASE = """
    DELETE FROM batch_owners o
    WHERE o.owner = %(owner)s AND o.batch_id = ANY (%(batches)s) AND NOT EXISTS (
        SELECT FROM deliveries d WHERE d.batch_id = o.batch_id AND d.owner = o.owner
            AND d.state IN ('claimed', 'open', 'sealed', 'aborting') OFFSET 0)
"""

_FINISH = """
    UPDATE batches b SET finished_at = now()
    WHERE b.id = ANY (%(batches)s) AND b.due_at IS NULL
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
    campaigns = [row[0] for row in connection.execute(_ACTIVE)] if most else []
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
    values = {"owner": owner, "ids": ids(waits), "seconds": numbers(waits.values())}
    back = connection.execute(_PUT_BACK, values).rowcount
    call(connection, waits)
    return back


def call(connection: Connection, deliveries: Collection[UUID]) -> None:
    """Have the batches of these deliveries claimed again when what waits in them is due."""
    said = calling(deliveries)
    connection.execute(said.text, said.values)


def calling(deliveries: Iterable[UUID]) -> Said:
    """What `call` says."""
    return Said(_CALL, {"ids": ids(deliveries)})


def call_owned(connection: Connection, owner: UUID) -> None:
    """The same for all batches of an owner: it may have died between a change and its call."""
    connection.execute(_CALL_OWNED, {"owner": owner})


def lock_owned(connection: Connection, owner: UUID) -> None:
    """Lock all batches of an owner, in their order: whatever is done to some follows."""
    connection.execute(_LOCK_OWNED, {"owner": owner})


def release(connection: Connection, owner: UUID, keep: Collection[int] = ()) -> None:
    """Let go of the batches, but these, of which nothing is in work; a batch with nothing
    unfinished in it is finished.

    Each batch is locked before its owner lets go: of two who do so at once, the second sees
    that it is the last.
    """
    values = {"owner": owner, "keep": list(keep)}
    batches = [row[0] for row in connection.execute(_LOCK_RELEASED, values)]
    if batches:
        connection.execute(_RELEASE, {"owner": owner, "batches": batches})
        connection.execute(_FINISH, {"batches": batches})


def may_claim(connection: Connection, owner: UUID) -> bool:
    """Whether sending is on; raises NotAllowed for an owner that was declared dead."""
    row = connection.execute(_MAY_CLAIM, [owner]).fetchone()
    if row and row[1]:
        raise NotAllowed("This process was declared dead by an operator; another one goes on.")
    return bool(row and row[0])


def _take(
    connection: Connection, following: str, owner: UUID, campaign: int | None, limit: int
) -> list[Claim]:
    claims: list[Claim] = []
    batch = 0
    while len(claims) < limit:
        # On to the next each time: what somebody else holds locked stays due, and is passed by.
        values = {"campaign": campaign, "after": batch}
        found = connection.execute(following, values).fetchone()
        if found is None:
            break
        batch, is_written = found
        statement = _TAKE if is_written else _WRITE
        claims += _of_batch(connection, statement, owner, batch, limit - len(claims))
    return claims


def _of_batch(
    connection: Connection, statement: str, owner: UUID, batch: int, limit: int
) -> list[Claim]:
    values = {"owner": owner, "batch": batch, "limit": limit}
    with connection.cursor(row_factory=tuple_row, binary=True) as cursor:
        cursor.execute(statement, values)
        claims = [Claim._make(row) for row in cursor]
    connection.execute(_OWN, values)
    connection.execute(_DUE_AGAIN, values)
    return claims
