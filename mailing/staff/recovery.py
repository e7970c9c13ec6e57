"""Recovery codes: each opens once in place of a second factor, whatever that is.

They are 80 random bits, shown once and kept as digests.
"""

import hashlib
import secrets
from base64 import b32encode

from mailing.base.database import db
from mailing.staff.staff import Staff

CODES = 10


def renew(person: Staff) -> list[str]:
    """New recovery codes; the old ones work no more. They are shown once."""
    codes = [_new_code() for _ in range(CODES)]
    person.recovery_codes = [_digest(code) for code in codes]
    db.session.flush()
    return codes


def spend(person: Staff, code: str) -> bool:
    """Whether this is one that was left; it is left no more."""
    digest = _digest(code)
    left = [kept for kept in person.recovery_codes if kept != digest]
    is_known = len(left) < len(person.recovery_codes)
    person.recovery_codes = left
    db.session.flush()
    return is_known


def drop(person: Staff) -> None:
    """None is left: there is nothing that they could stand in for."""
    person.recovery_codes = []
    db.session.flush()


def _new_code() -> str:
    text = b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, 16, 4))


def _digest(code: str) -> str:
    plain = "".join(sign for sign in code.casefold() if sign.isalnum())
    return hashlib.sha256(b"kelisim recovery code\0" + plain.encode()).hexdigest()
