"""Disclosures that a law demands (policy 6.2): a ground, a second person, a trace for each."""

import csv
from dataclasses import replace
from io import StringIO

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid, NotAllowed
from mailing.requests import asof, whose
from mailing.requests.bundles import rows
from mailing.requests.bundles.rows import LeftOut
from mailing.requests.disclosures import deciding, exporting, state
from mailing.requests.disclosures.deciding import FIELDS, Wish
from mailing.requests.disclosures.state import State
from mailing.staff.audit import Actor, latest
from mailing.staff.staff import Role
from tests.person import Person
from tests.requests.disclosed import ASKER, GROUNDS, wanted

SECOND = Actor("staff 99", Role.OFFICER)


def test_nothing_goes_out_before_a_second_person_has_said_yes(person: Person) -> None:
    asked = wanted(person.address)
    with pytest.raises(NotAllowed, match="second person"):
        exporting.export(asked.id, ASKER)
    with pytest.raises(NotAllowed, match="own wish"):
        deciding.approve(asked.id, ASKER)
    deciding.approve(asked.id, SECOND)
    done, written = exporting.export(asked.id, ASKER)
    head, row = csv.reader(StringIO(written.removeprefix("\ufeff")))
    assert head == ["number", "email", "surname"]
    assert row == [str(person.id), person.address, ""]
    assert (done.state, done.rows) == (State.EXPORTED, 1)


def test_only_the_fields_that_were_demanded_go(person: Person) -> None:
    asked = wanted(person.address, fields=("consents",))
    deciding.approve(asked.id, SECOND)
    _, written = exporting.export(asked.id, SECOND)
    assert "given news" in written
    assert person.address not in written
    assert "Айгүл" not in written


def test_it_stands_in_the_log_and_in_the_evidence_of_each_person(person: Person) -> None:
    asked = wanted(person.address, "other@example.com")
    deciding.approve(asked.id, SECOND)
    exporting.export(asked.id, ASKER)
    db.session.commit()
    acts = {one.action: one for one in latest(20)}
    assert acts["disclosure exported"].details["rows"] == 2
    assert acts["disclosure exported"].details["fields"] == ["email", "surname"]
    assert acts["disclosure exported"].actor == ASKER.name
    assert acts["disclosure approved"].actor == SECOND.name
    for address in (person.address, "other@example.com"):
        (told,) = [one for one in asof.of(address).entries if one["kind"] == "disclosed"]
        assert told["evidence"]["authority"] == GROUNDS.authority
        assert told["evidence"]["basis"] == GROUNDS.basis
        assert "reason" not in told["evidence"]


def test_what_was_refused_never_goes_and_is_decided_once(person: Person) -> None:
    asked = wanted(person.address)
    deciding.refuse(asked.id, SECOND)
    with pytest.raises(Conflict):
        deciding.approve(asked.id, SECOND)
    with pytest.raises(NotAllowed):
        exporting.export(asked.id, SECOND)
    db.session.commit()
    assert [one["kind"] for one in asof.of(person.address).entries].count("disclosed") == 0


def test_the_database_itself_refuses_the_yes_of_whoever_asked(person: Person) -> None:
    wanted(person.address)
    own = text("UPDATE disclosures SET state = 'approved', decided_by = asked_by")
    with pytest.raises(IntegrityError, match="second_person"):
        db.session.execute(own)
    db.session.rollback()


WISH = Wish(GROUNDS, ("email",), ("aigul@example.com",))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (replace(WISH, grounds=replace(GROUNDS, basis=" ")), "basis"),
        (replace(WISH, grounds=replace(GROUNDS, authority="")), "authority"),
        (replace(WISH, grounds=replace(GROUNDS, reason="x" * 1001)), "reason"),
        (replace(WISH, fields=()), "fields"),
        (replace(WISH, fields=("email", "password")), "fields"),
        (replace(WISH, addresses=()), "people"),
        (replace(WISH, addresses=("aigul@example.com", "nobody@example.com")), "people"),
        (replace(WISH, addresses=("no address",)), "people"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_is_wrong_is_named_and_nothing_is_asked_for(
    person: Person, wrong: Wish, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        deciding.ask(wrong, ASKER)
    assert refused.value.field == field
    db.session.rollback()
    assert state.newest() == []


def test_the_ground_lies_sealed(app: Flask, person: Person) -> None:
    wanted(person.address)
    kept = db.session.scalars(text("SELECT d::text FROM disclosures d")).one()
    assert "Court" not in kept
    assert bytes.hex(b"Court") not in kept
    assert set(FIELDS) >= {"email", "phone", "surname", "given_name", "patronymic"}


def test_the_bundle_tells_of_what_went_out_and_not_of_what_was_only_asked_for(
    person: Person,
) -> None:
    """Nor what for: it may name others."""
    asked = wanted(person.address)
    db.session.commit()
    assert _told(person) == []
    deciding.approve(asked.id, SECOND)
    exporting.export(asked.id, ASKER)
    db.session.commit()
    (row,) = _told(person)
    assert row["sealed"] == {"basis": GROUNDS.basis, "authority": GROUNDS.authority}


def _told(person: Person) -> list[dict[str, object]]:
    found = rows.of("disclosures", whose.person(person.id), LeftOut())
    return [one.values for one in found]
