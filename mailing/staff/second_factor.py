"""The second factor of staff: six digits from an app (TOTP, RFC 6238), or a recovery code.

The secret lies sealed under the data key, bound to its person. A code is taken once: what was
seen over a shoulder or on a wire opens nothing (RFC 6238 5.2). Recovery codes are 80 random bits,
kept as digests; each works once.
"""

import hashlib
import secrets
from base64 import b32encode
from dataclasses import dataclass

from passlib.exc import TokenError
from passlib.totp import TOTP

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid
from mailing.base.installation import here, note_data_key
from mailing.base.sealing import keyring
from mailing.base.settings import current
from mailing.staff import staff
from mailing.staff.staff import Staff

CODES = 10
ISSUER = "Kelisim"
# Seconds that a telephone's clock may be ahead or behind: one code each way.
_SKEW = 30


@dataclass(frozen=True, slots=True)
class Key:
    """What the app has to be told: `text` to type, `uri` to scan (otpauth)."""

    text: str
    uri: str


def is_on(person: Staff) -> bool:
    """Whether this person logs in with a second factor."""
    return person.second_at is not None


def is_demanded() -> bool:
    """Whether everybody has to have one."""
    return here().second_factor_demanded


def demand(on: bool) -> None:
    """Have everybody set up a second factor before anything else, or leave it to each."""
    here().second_factor_demanded = on
    db.session.flush()


def begin(person: Staff) -> None:
    """A new secret, not yet in force; raises Conflict where one is."""
    _demand_off(person)
    _keep(person, TOTP.new())


def key_of(person: Staff) -> Key | None:
    """The key that is being set up; None where none is. One in force is never shown again."""
    if person.second_secret is None or is_on(person):
        return None
    totp = _totp(person)
    return Key(totp.pretty_key(sep=" "), totp.to_uri(person.email, issuer=ISSUER))


def confirm(person: Staff, code: str) -> list[str]:
    """Put the key in force with a code that it made, and end every login; the recovery codes.

    Raises Invalid for a wrong code, Conflict where there is nothing to confirm.
    """
    person = staff.lock(person.id)
    _demand_off(person)
    if person.second_secret is None:
        raise Conflict("No second factor is being set up; begin again.")
    if not _takes(person, code):
        raise Invalid("This code is wrong or too old; enter the one that is shown now.", "code")
    person.second_at = clock.now()
    staff.end_logins(person)
    return renew_codes(person)


def check(person: Staff, code: str) -> str | None:
    """How this code lets its person in: by `app` or by `recovery`; None where it does not.

    The row is locked: of two posts with one code, one is let in.
    """
    person = staff.lock(person.id)
    if not is_on(person):
        return None
    if _takes(person, code):
        return "app"
    return "recovery" if _spend(person, code) else None


def renew_codes(person: Staff) -> list[str]:
    """New recovery codes; the old ones work no more. They are shown once."""
    codes = [_new_code() for _ in range(CODES)]
    person.recovery_codes = [_digest(code) for code in codes]
    db.session.flush()
    return codes


def remove(person: Staff) -> None:
    """Log in by password alone from now on; every login ends."""
    person.second_secret = person.second_at = person.second_counter = None
    person.recovery_codes = []
    staff.end_logins(person)


def _demand_off(person: Staff) -> None:
    if is_on(person):
        raise Conflict("A second factor is in force already; remove it first.")


def _takes(person: Staff, code: str) -> bool:
    digits = "".join(code.split())
    if not (digits.isascii() and digits.isdigit()):
        return False
    try:
        match = _totp(person).match(
            digits, clock.now().timestamp(), _SKEW, last_counter=person.second_counter
        )
    except (TokenError, ValueError):
        return False
    person.second_counter = match.counter
    db.session.flush()
    return True


def _spend(person: Staff, code: str) -> bool:
    digest = _digest(code)
    left = [kept for kept in person.recovery_codes if kept != digest]
    is_known = len(left) < len(person.recovery_codes)
    person.recovery_codes = left
    db.session.flush()
    return is_known


def _new_code() -> str:
    text = b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, 16, 4))


def _digest(code: str) -> str:
    plain = "".join(sign for sign in code.casefold() if sign.isalnum())
    return hashlib.sha256(b"kelisim recovery code\0" + plain.encode()).hexdigest()


def _keep(person: Staff, totp: TOTP) -> None:
    note_data_key()
    secret = totp.base32_key.encode()
    person.second_secret = keyring(current().data_key).encrypt(secret, _about(person))
    person.second_counter = None
    db.session.flush()


def _totp(person: Staff) -> TOTP:
    sealed = person.second_secret or b""
    return TOTP(key=keyring(current().data_key).decrypt(sealed, _about(person)).decode())


def _about(person: Staff) -> bytes:
    return f"staff {person.id} second factor".encode()
