"""Reach: whether an error says that the database is away, or that what was asked of it is at fault.

What is away comes back, so whoever meets the former waits, for ever if need be. The latter would
be met again each time: waiting for it would keep everything behind it waiting, too.
"""

from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as NoFreeConnection

# A server that is read-only, after a failover, answers with an InternalError.
UNREACHABLE = (OperationalError, InterfaceError, InternalError, NoFreeConnection)

# "Program limit exceeded": one statement asked for too much. PostgreSQL is well.
_TOO_MUCH = "54"


def is_away(error: BaseException) -> bool:
    """Whether to wait for the database. False for data that it refuses and for our own mistakes."""
    if not isinstance(error, UNREACHABLE):
        return False
    state = getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None
    return not str(state or "").startswith(_TOO_MUCH)


def storable(text: str, longest: int) -> str:
    """Text of a stranger as a column takes it: no NUL, no half of a surrogate pair, no longer."""
    whole = text[:longest].replace("\0", "")
    return whole.encode("utf-8", "replace").decode()
