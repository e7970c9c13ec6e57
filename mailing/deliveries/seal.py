"""The seal: immediately before the final dots, the last chance for a "no" to win.

A row that does not come back as sealed has been aborted by somebody leaving or by a stop: its
dot is never written, and the connection is closed (RFC 5321 4.1.1.10: the server discards).
"""

from collections.abc import Sequence
from operator import attrgetter
from uuid import UUID

from psycopg import Connection

from mailing.base.arrays import ids, numbers
from mailing.base.roundtrip import Said, Value, ask
from mailing.deliveries.permit import SendPermit

# The rows are asked for in the order of their ids, and so locked in it.
_SEAL = """
    UPDATE deliveries d SET state = 'sealed', sealed_at = clock_timestamp()
    FROM unnest(%(ids)s::uuid[], %(fences)s::int[]) WITH ORDINALITY AS a (id, fence, place)
    WHERE d.id = a.id AND d.fence = a.fence AND d.owner = %(owner)s AND d.state = 'open'
    RETURNING a.place
"""


def seal(connection: Connection, owner: UUID, permits: Sequence[SendPermit]) -> set[UUID]:
    """Seal what has been written up to its dot; the ids that may be finished.

    The connection commits synchronously.
    """
    in_order = sorted(permits, key=attrgetter("delivery_id.int"))
    values: dict[str, Value] = {
        "ids": ids(map(attrgetter("delivery_id"), in_order)),
        "fences": numbers(map(attrgetter("fence"), in_order)),
        "owner": str(owner),
    }
    sealed = ask(connection, Said(_SEAL, values))
    return {in_order[place - 1].delivery_id for (place,) in sealed}
