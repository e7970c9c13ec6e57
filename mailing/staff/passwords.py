"""Passwords of staff: what is acceptable, and how they are kept (argon2id)."""

import unicodedata
from functools import cache
from uuid import uuid4

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from mailing.base.errors import Invalid

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 1024

# argon2id with the least memory that OWASP's password storage guidance recommends (19 MiB, two
# passes), so that many logins at once cannot exhaust a small machine.
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


def hashed(password: str, address: str) -> str:
    """What is kept of a new password. Raises Invalid for a poor one."""
    return _hasher.hash(_acceptable(password, address))


def unknown() -> str:
    """What is kept where there is no password yet: nobody knows what it was made of."""
    return _hasher.hash(uuid4().hex + uuid4().hex)


@cache
def nobodys() -> str:
    """Verified against when nobody has the address, so that the answer takes the same time. Whoever
    answers logins makes it before the first of them: it takes a thirtieth of a second."""
    return unknown()


def is_right(kept: str, password: str) -> bool:
    """Whether this is the password; one that is too long takes no longer to refuse."""
    try:
        return _hasher.verify(kept, _normal(password)[:LONGEST_PASSWORD])
    except (VerificationError, ValueError):
        return False


def renewed(kept: str, password: str) -> str:
    """The same password as it would be kept today; only for one that is right."""
    return _hasher.hash(_normal(password)) if _hasher.check_needs_rehash(kept) else kept


def _acceptable(password: str, address: str) -> str:
    normal = _normal(password)
    if not SHORTEST_PASSWORD <= len(normal) <= LONGEST_PASSWORD:
        raise Invalid(
            f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters; "
            "a few unrelated words make a good one.",
            field="password",
        )
    if normal.casefold() in {address, address.partition("@")[0]} or len(set(normal)) < 4:
        raise Invalid("That password is too easily guessed; take another.", field="password")
    return normal


def _normal(password: str) -> str:
    # Two keyboards may spell the same letter in two ways (NIST SP 800-63B 3.1.1.2 asks for it).
    return unicodedata.normalize("NFKC", password)
