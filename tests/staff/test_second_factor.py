"""The second factor: a code is taken once, a recovery code once, and the secret lies sealed."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from passlib.totp import TOTP
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import ConfigurationError, Conflict, Invalid
from mailing.staff import recovery, second_factor, staff
from mailing.staff.staff import Role, Staff

GOOD = "four unrelated words here"
NOON = datetime(2026, 11, 29, 12, 0, 10, tzinfo=UTC)


@pytest.fixture
def dana(app: Flask) -> Staff:
    return staff.add("dana@example.com", Role.MARKETER, GOOD)


def app_of(person: Staff) -> TOTP:
    """The telephone of somebody who has scanned the key."""
    key = second_factor.key_of(person)
    assert key
    return TOTP.from_uri(key.uri)


def shown(telephone: TOTP, moment: datetime) -> str:
    return str(telephone.generate(int(moment.timestamp())).token)


def set_up(person: Staff, moment: datetime = NOON) -> tuple[TOTP, list[str]]:
    second_factor.begin(person)
    telephone = app_of(person)
    with clock.use(lambda: moment):
        return telephone, second_factor.confirm(person, shown(telephone, moment))


def test_nothing_is_in_force_before_a_code_has_proved_the_key(dana: Staff) -> None:
    second_factor.begin(dana)
    login = dana.fs_uniquifier
    with clock.use(lambda: NOON), pytest.raises(Invalid):
        second_factor.confirm(dana, "000000" if shown(app_of(dana), NOON) != "000000" else "1")
    assert not second_factor.is_on(dana)
    set_up(dana)
    assert second_factor.is_on(dana)
    assert dana.fs_uniquifier != login


def test_the_key_is_shown_until_it_is_in_force_and_never_again(dana: Staff) -> None:
    assert second_factor.key_of(dana) is None
    set_up(dana)
    assert second_factor.key_of(dana) is None
    with pytest.raises(Conflict):
        second_factor.begin(dana)


def test_a_code_opens_once_and_neither_an_older_one_after_it(dana: Staff) -> None:
    telephone, _ = set_up(dana)
    later = NOON + timedelta(minutes=5)
    now, before = shown(telephone, later), shown(telephone, later - timedelta(seconds=30))
    with clock.use(lambda: later):
        assert second_factor.check(dana, now) == "app"
        assert second_factor.check(dana, now) is None
        assert second_factor.check(dana, before) is None


@pytest.mark.parametrize(
    ("seconds", "is_taken"), [(-61, False), (-30, True), (30, True), (61, False)]
)
def test_a_clock_may_be_half_a_minute_off(dana: Staff, seconds: int, is_taken: bool) -> None:
    telephone, _ = set_up(dana)
    later = NOON + timedelta(minutes=5)
    code = shown(telephone, later + timedelta(seconds=seconds))
    with clock.use(lambda: later):
        assert (second_factor.check(dana, code) == "app") == is_taken


@pytest.mark.parametrize(
    "typed", ["", " ", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "12\x0034", "-1", "9" * 4000]
)
def test_what_is_no_code_is_a_no_and_no_error(dana: Staff, typed: str) -> None:
    set_up(dana)
    assert second_factor.check(dana, typed) is None
    assert len(dana.recovery_codes) == 10


def test_each_recovery_code_opens_once_however_it_is_typed(dana: Staff) -> None:
    _, codes = set_up(dana)
    assert len(set(codes)) == 10
    assert second_factor.check(dana, f" {codes[3].upper().replace('-', ' ')} ") == "recovery"
    assert second_factor.check(dana, codes[3]) is None
    left = [code for code in codes if second_factor.check(dana, code)]
    assert left == codes[:3] + codes[4:]
    assert dana.recovery_codes == []


def test_new_recovery_codes_end_the_old_ones(dana: Staff) -> None:
    _, old = set_up(dana)
    new = recovery.renew(dana)
    assert second_factor.check(dana, old[0]) is None
    assert second_factor.check(dana, new[0]) == "recovery"


def test_removed_it_is_gone_with_its_codes_and_the_logins(dana: Staff) -> None:
    _, codes = set_up(dana)
    login = dana.fs_uniquifier
    second_factor.remove(dana)
    assert second_factor.check(dana, codes[0]) is None
    assert (dana.second_secret, dana.recovery_codes) == (None, [])
    assert dana.fs_uniquifier != login


def test_neither_secret_nor_recovery_code_stands_in_the_database(dana: Staff) -> None:
    telephone, codes = set_up(dana)
    db.session.commit()
    row = str(db.session.execute(text("SELECT s::text FROM staff s")).scalar_one())
    assert telephone.base32_key not in row
    assert telephone.key.hex() not in row
    assert not [code for code in codes if code in row or code.replace("-", "") in row]


def test_a_secret_moved_to_somebody_elses_row_does_not_open(dana: Staff) -> None:
    telephone, _ = set_up(dana)
    other = staff.add("erlan@example.com", Role.VIEWER, GOOD)
    other.second_secret, other.second_at = dana.second_secret, dana.second_at
    db.session.flush()
    with pytest.raises(ConfigurationError), clock.use(lambda: NOON):
        second_factor.check(other, shown(telephone, NOON + timedelta(minutes=1)))
