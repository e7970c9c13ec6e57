"""The second factor of staff: six digits from an app (TOTP, RFC 6238), a passkey, or both.

The app's secret lies sealed under the data key, bound to its person. A code is taken once: what was
seen over a shoulder or on a wire opens nothing (RFC 6238 5.2). Recovery codes come with the first
factor of either kind and go with the last.
"""

from dataclasses import dataclass

from passlib.exc import TokenError
from passlib.totp import TOTP

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid
from mailing.base.installation import here, note_data_key
from mailing.base.sealing import keyring
from mailing.base.settings import current
from mailing.staff import passkeys, recovery, staff
from mailing.staff.staff import Staff

ISSUER = "Kelisim"
# Seconds that a telephone's clock may be ahead or behind: one code each way.
_SKEW = 30


@dataclass(frozen=True, slots=True)
class Key:
    """What the app has to be told: `text` to type, `uri` to scan (otpauth)."""

    text: str
    uri: str


def is_on(person: Staff) -> bool:
    """Whether this person logs in with a second factor of either kind."""
    return app_is_on(person) or passkeys.has_any(person)


def app_is_on(person: Staff) -> bool:
    """Whether codes of an app let this person in."""
    return person.second_at is not None


def is_demanded() -> bool:
    """Whether everybody has to have one."""
    return here().second_factor_demanded


def demand(on: bool) -> None:
    """Have everybody set up a second factor before anything else, or leave it to each."""
    here().second_factor_demanded = on
    db.session.flush()


def begin(person: Staff) -> None:
    """A new secret for an app, not yet in force; raises Conflict where one is."""
    _demand_off(person)
    _keep(person, TOTP.new())


def key_of(person: Staff) -> Key | None:
    """The key that is being set up; None where none is. One in force is never shown again."""
    if person.second_secret is None or app_is_on(person):
        return None
    totp = _totp(person)
    return Key(totp.pretty_key(sep=" "), totp.to_uri(person.email, issuer=ISSUER))


def confirm(person: Staff, code: str) -> list[str]:
    """Put the key in force with a code that it made, and end every login; what `set_up` gives.

    Raises Invalid for a wrong code, Conflict where there is nothing to confirm.
    """
    person = staff.lock(person.id)
    _demand_off(person)
    if person.second_secret is None:
        raise Conflict("No second factor is being set up; begin again.")
    if not _takes(person, code):
        raise Invalid("This code is wrong or too old; enter the one that is shown now.", "code")
    had_one = is_on(person)
    person.second_at = clock.now()
    return set_up(person, had_one)


def set_up(person: Staff, had_one: bool) -> list[str]:
    """Something new lets this person in: every login ends. The recovery codes where it is their
    first second factor, else none: those that they hold go on."""
    staff.end_logins(person)
    return [] if had_one else recovery.renew(person)


def check(person: Staff, code: str) -> str | None:
    """How this code lets its person in: by `app` or by `recovery`; None where it does not.

    The row is locked: of two posts with one code, one is let in.
    """
    person = staff.lock(person.id)
    # A key that was never confirmed lets nobody in, whatever else does.
    if app_is_on(person) and _takes(person, code):
        return "app"
    return "recovery" if is_on(person) and recovery.spend(person, code) else None


def remove_app(person: Staff) -> None:
    """Codes of the app let this person in no more; every login ends. Passkeys stay."""
    person.second_secret = person.second_at = person.second_counter = None
    _after_removal(person)


def remove_passkey(person: Staff, passkey_id: int) -> None:
    """This passkey lets nobody in any more; every login ends. Raises Missing."""
    db.session.delete(passkeys.get(person, passkey_id))
    db.session.flush()
    _after_removal(person)


def remove(person: Staff) -> None:
    """Log in by password alone from now on: the app, every passkey and the codes are gone, and
    every login ends."""
    passkeys.remove_all(person)
    remove_app(person)


def _after_removal(person: Staff) -> None:
    staff.end_logins(person)
    if not is_on(person):
        recovery.drop(person)


def _demand_off(person: Staff) -> None:
    if app_is_on(person):
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
