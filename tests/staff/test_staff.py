"""Staff: who may log in, and when a login ends."""

import time
import unicodedata
from statistics import median

import pytest
from argon2 import PasswordHasher
from flask import Flask

from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid, Missing
from mailing.staff import staff
from mailing.staff.staff import Role

GOOD = "four unrelated words here"


def test_somebody_added_can_log_in_whatever_the_case_of_the_address(app: Flask) -> None:
    staff.add(" Aigul@Example.COM ", Role.MARKETER, GOOD)
    person = staff.authenticate("AIGUL@example.com", GOOD)
    assert person is not None
    assert (person.email, person.role) == ("aigul@example.com", "marketer")


def test_a_wrong_password_an_unknown_address_and_a_closed_login_answer_alike(app: Flask) -> None:
    person = staff.add("dana@example.com", Role.VIEWER, GOOD)
    assert staff.authenticate("dana@example.com", GOOD + "!") is None
    assert staff.authenticate("nobody@example.com", GOOD) is None
    staff.deactivate(person)
    assert staff.authenticate("dana@example.com", GOOD) is None
    staff.reactivate(person)
    assert staff.authenticate("dana@example.com", GOOD) is person


def test_an_unknown_address_takes_as_long_as_a_known_one(app: Flask) -> None:
    staff.add("dana@example.com", Role.VIEWER, GOOD)
    known = [_seconds("dana@example.com") for _ in range(7)]
    unknown = [_seconds("nobody@example.com") for _ in range(7)]
    assert 0.4 < median(unknown) / median(known) < 2.5


def test_a_letter_typed_in_two_unicode_forms_is_the_same_password(app: Flask) -> None:
    staff.add("yerlan@example.com", Role.ADMIN, "қарлы таулар й ішінде")
    decomposed = unicodedata.normalize("NFD", "қарлы таулар й ішінде")
    assert staff.authenticate("yerlan@example.com", decomposed) is not None


@pytest.mark.parametrize("password", ["short", "a" * 20, "dana@example.com", "x" * 1025])
def test_a_password_that_is_too_weak_or_too_long_is_refused(app: Flask, password: str) -> None:
    with pytest.raises(Invalid) as refusal:
        staff.add("dana@example.com", Role.VIEWER, password)
    assert refusal.value.field == "password"


@pytest.mark.parametrize("email", ["", "dana", "@example.com", "da na@example.com", "a@\n.example"])
def test_an_unusable_address_is_refused(app: Flask, email: str) -> None:
    with pytest.raises(Invalid) as refusal:
        staff.add(email, Role.VIEWER, GOOD)
    assert refusal.value.field == "email"


def test_nobody_is_added_twice(app: Flask) -> None:
    staff.add("dana@example.com", Role.VIEWER, GOOD)
    with pytest.raises(Conflict):
        staff.add("DANA@example.com", Role.ADMIN, GOOD)


@pytest.mark.parametrize("change", ["password", "role", "deactivate"])
def test_a_change_of_password_or_role_ends_every_login(app: Flask, change: str) -> None:
    person = staff.add("dana@example.com", Role.VIEWER, GOOD)
    login = person.fs_uniquifier
    assert staff.find_by_login(login) is person
    {
        "password": lambda: staff.change_password(person, "another four good words"),
        "role": lambda: staff.change_role(person, Role.OFFICER),
        "deactivate": lambda: staff.deactivate(person),
    }[change]()
    db.session.expire_all()
    assert staff.find_by_login(login) is None


def test_a_hash_of_weaker_settings_is_renewed_at_the_next_login(app: Flask) -> None:
    person = staff.add("dana@example.com", Role.VIEWER, GOOD)
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    person.password = weak.hash(GOOD)
    assert staff.authenticate("dana@example.com", GOOD) is person
    assert "m=19456" in person.password


def test_an_address_that_is_not_on_the_staff_is_missing(app: Flask) -> None:
    with pytest.raises(Missing):
        staff.find("nobody@example.com")


def _seconds(email: str) -> float:
    begin = time.perf_counter()
    staff.authenticate(email, "certainly not the password")
    return time.perf_counter() - begin
