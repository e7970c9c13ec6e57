"""The queue in the database: claiming what is due, and giving it back.

These verbs run on the engine's own connection and commit nothing.
"""

from dataclasses import dataclass
from uuid import UUID

from psycopg import Connection
from psycopg.rows import tuple_row

from mailing.base.errors import NotAllowed


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that one incarnation may now ask the gate about; `fence` names this claim."""

    delivery_id: UUID
    fence: int
    kind: str
    campaign_id: int | None
    subscriber_id: UUID


_ACTIVE = """
    SELECT id FROM campaigns WHERE state = 'sending' ORDER BY (kind <> 'notice'), id
"""

# The due rows are an array, found and locked once: as a join, statistics gathered between two
# campaigns made the planner loop over all that is pending, a second a claim (measured at 20,000).
_CLAIM = """
    UPDATE deliveries d SET state = 'claimed', owner = %(owner)s, fence = d.fence + 1
    WHERE d.id = ANY (ARRAY(
        SELECT id FROM deliveries
        WHERE campaign_id IS NOT DISTINCT FROM %(campaign)s AND state = 'pending'
        ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
    RETURNING d.id, d.fence, d.kind, d.campaign_id, d.subscriber_id
"""
_CLAIM_CONFIRMATIONS = _CLAIM.replace("IS NOT DISTINCT FROM %(campaign)s", "IS NULL")
_CLAIM_CAMPAIGN = _CLAIM.replace("IS NOT DISTINCT FROM", "=")

_RIPEN = """
    UPDATE deliveries d SET state = 'pending', retry_at = NULL
    WHERE d.id = ANY (ARRAY(
        SELECT id FROM deliveries WHERE state = 'deferred' AND retry_at <= now()
        ORDER BY id LIMIT 10000 FOR UPDATE SKIP LOCKED))
"""

_MAY_CLAIM = """
    SELECT sending_on, EXISTS (SELECT FROM incarnations WHERE id = %s AND fenced_at IS NOT NULL)
    FROM installation
"""

_PUT_BACK = """
    WITH mine AS (SELECT id FROM deliveries WHERE owner = %(owner)s AND state = 'claimed'
                  AND id = ANY (%(ids)s) ORDER BY id FOR UPDATE)
    UPDATE deliveries d SET state = 'pending', owner = NULL FROM mine WHERE d.id = mine.id
"""


def claim(connection: Connection, owner: UUID, limit: int) -> list[Claim]:
    """Claim up to `limit` due deliveries: confirmations first, then notices, then campaigns.

    Active campaigns share what is left, so that a small one does not wait behind a large one.
    Raises NotAllowed when an operator has declared this owner dead: it must not go on.
    """
    if not _may_claim(connection, owner):
        return []
    claims = _take(connection, _CLAIM_CONFIRMATIONS, owner, None, limit)
    campaigns = [row[0] for row in connection.execute(_ACTIVE)]
    for index, campaign in enumerate(campaigns):
        share = -(-(limit - len(claims)) // (len(campaigns) - index))
        claims += _take(connection, _CLAIM_CAMPAIGN, owner, campaign, share)
    return claims


def ripen(connection: Connection) -> int:
    """Make deferred deliveries pending whose time has come; how many."""
    return connection.execute(_RIPEN).rowcount


def put_back(connection: Connection, owner: UUID, ids: list[UUID]) -> int:
    """Give back what was claimed and not begun; how many."""
    return connection.execute(_PUT_BACK, {"owner": owner, "ids": ids}).rowcount


def _may_claim(connection: Connection, owner: UUID) -> bool:
    row = connection.execute(_MAY_CLAIM, [owner]).fetchone()
    if row and row[1]:
        raise NotAllowed("This process was declared dead by an operator; another one goes on.")
    return bool(row and row[0])


def _take(
    connection: Connection, statement: str, owner: UUID, campaign: int | None, limit: int
) -> list[Claim]:
    if limit <= 0:
        return []
    with connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(statement, {"owner": owner, "campaign": campaign, "limit": limit})
        return [Claim(*row) for row in cursor]
