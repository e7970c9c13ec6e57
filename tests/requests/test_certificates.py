"""Certificates: signed, chained, naming nobody; and any single bit that is flipped is found."""

import json
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text, update

from mailing.base import attesting, clock
from mailing.base.attesting import Seal
from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid, Missing
from mailing.base.languages import speaking
from mailing.base.settings import current
from mailing.requests import carrying, certificates, erasing, holds, sweeping, verifying, whose
from mailing.requests.certificates import Certificate
from tests import road
from tests.person import elsewhere
from tests.requests.desk import asked
from tests.requests.destroying import OFFICER, destroyed, granted

SECRETS = ("a secret of a test", "an older one")


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """What the domain refuses is read in English here."""
    with speaking("en"):
        yield


@pytest.fixture
def people(app: Flask) -> list[UUID]:
    return road.subscribe(road.lay(), 3)


def test_a_signature_is_of_one_text_under_one_key() -> None:
    seal = attesting.sign(SECRETS, b"gone")
    assert attesting.holds(seal, b"gone")
    assert not attesting.holds(seal, b"gone.")
    assert not attesting.holds(Seal(seal.key, seal.value.upper()), b"gone"), "one spelling"
    assert attesting.is_ours(SECRETS, seal.key)
    assert attesting.is_ours(("a newer one", *SECRETS), seal.key), "an older key still counts"
    assert not attesting.is_ours(("another's",), seal.key)


def test_it_tells_what_went_and_names_nobody(people: list[UUID]) -> None:
    """T56: elsewhere a wipe left the operator nothing to show."""
    who = whose.person(people[0])
    certificate = destroyed(people[0])
    said = certificate.said
    assert certificates.NUMBER.fullmatch(certificate.number)
    assert said["operator"]["bin"] == "123456789012"
    assert {one["table"] for one in said["scope"]} == set(erasing.BY_NAME)
    assert said["subject"] == certificates.reference(certificate.number, who.digests[0])
    stays = {one["what"]: one["until"] for one in said["stays"]}
    assert set(stays) >= {"suppression", "ledger", "backups", "journal", "send journals"}
    # A backup of this day is the last that holds them; its key goes with its time.
    assert stays["backups"] == str(clock.now().date() + timedelta(days=35))
    for secret in (road.address(0), "Аты0", str(people[0]), who.digests[0].hex()):
        assert secret not in json.dumps(certificate.document, ensure_ascii=False)


def test_where_copies_lie_that_are_not_in_our_hands_is_named(people: list[UUID]) -> None:
    """T58: elsewhere what had been handed on was forgotten."""
    told = destroyed(people[0]).said["outside"]
    assert {(one["what"], one["where"]) for one in told} == {
        ("relay", "127.0.0.1"),
        ("mailbox", "helpdesk@glazik.example"),
    }


def test_numbers_run_through_the_year_and_each_repeats_the_one_before(people: list[UUID]) -> None:
    first, second = destroyed(people[0]), destroyed(people[1])
    year = clock.today("Asia/Almaty").year
    assert first.number.startswith(f"D-{year}-0001-")
    assert second.number.startswith(f"D-{year}-0002-")
    assert second.said["previous"] == {"number": first.number, "sha256": first.sha256}
    assert verifying.stored(first.number) == verifying.Verdict(first.number, (), True, 0)
    assert verifying.stored(second.number).is_sound


def test_any_bit_flipped_in_a_file_is_found(people: list[UUID]) -> None:
    certificate = destroyed(people[0])
    # Every octet of what the page hands out; of what a command prints, each eleventh.
    handed_out, printed = verifying.render(certificate), json.dumps(certificate.document)
    for whole, every in ((handed_out, 1), (printed, 11)):
        assert verifying.shown(certificate.number, whole).is_sound
        raw = whole.encode()
        for place in range(0, len(raw), every):
            bit = 1 << place % 8
            flipped = raw[:place] + bytes([raw[place] ^ bit]) + raw[place + 1 :]
            text_ = flipped.decode("utf-8", "replace")
            assert not verifying.shown(certificate.number, text_).is_sound, (place, text_)


def test_any_bit_flipped_in_the_database_is_found(people: list[UUID]) -> None:
    for one in people:
        destroyed(one)
    middle = db.session.query(Certificate).filter_by(place=2).one()
    number = middle.number
    db.session.execute(text("ALTER TABLE certificates DISABLE TRIGGER USER"))
    for column in ("body", "sha256", "public_key", "signature"):
        whole = getattr(middle, column)
        for place in range(0, len(whole), 7 if column == "body" else 1):
            _write(number, column, whole[:place] + _flipped(whole[place]) + whole[place + 1 :])
            assert not verifying.stored(number).is_sound, (column, place)
        _write(number, column, whole)
    assert verifying.stored(number).is_sound
    for change in (
        "issued_at = issued_at + interval '1 microsecond'",
        "destruction_id = 1",
        "place = 99",
    ):
        with db.session.begin_nested() as attempt:
            db.session.execute(text(f"UPDATE certificates SET {change} WHERE place = 2"))  # noqa: S608
            db.session.expire_all()
            assert not verifying.stored(number).is_sound, change
            attempt.rollback()
        db.session.expire_all()
    with db.session.begin_nested():
        db.session.execute(text("DELETE FROM certificates WHERE place = 1"))
        assert not verifying.stored(number).is_sound, "the one before is missing"


def _write(number: str, column: str, value: str) -> None:
    db.session.execute(
        update(Certificate).where(Certificate.number == number).values({column: value}),
        execution_options={"synchronize_session": False},
    )
    db.session.expire_all()


def _flipped(letter: str) -> str:
    return chr(ord(letter) ^ 1)


def test_the_database_changes_no_certificate(people: list[UUID]) -> None:
    destroyed(people[0])
    for change in ("UPDATE certificates SET body = ''", "DELETE FROM certificates"):
        with pytest.raises(Exception, match="append-only"), db.session.begin_nested():
            db.session.execute(text(change))


def test_an_entry_that_was_changed_is_found(people: list[UUID]) -> None:
    certificate = destroyed(people[0])
    db.session.execute(text("ALTER TABLE ledger DISABLE TRIGGER USER"))
    db.session.execute(text("UPDATE ledger SET actor = 'nobody' WHERE kind = 'destroyed'"))
    db.session.expire_all()
    assert "ledger" in verifying.stored(certificate.number).trouble[0]


def test_a_certificate_from_elsewhere_is_not_ours(people: list[UUID]) -> None:
    certificate = destroyed(people[0])
    number, whole = certificate.number, verifying.render(certificate)
    with elsewhere(secret_keys=("another installation's secret, long enough",)):
        assert "no key of this installation" in verifying.shown(number, whole).trouble[0]


def test_one_that_a_restored_backup_lacks_is_known_by_its_signature(people: list[UUID]) -> None:
    certificate = destroyed(people[0])
    number, whole = certificate.number, verifying.render(certificate)
    db.session.execute(text("ALTER TABLE certificates DISABLE TRIGGER USER"))
    db.session.execute(text("DELETE FROM certificates"))
    db.session.expunge_all()
    verdict = verifying.shown(number, whole)
    assert (verdict.is_sound, verdict.is_kept) == (True, False)
    with pytest.raises(Missing):
        verifying.stored(number)


def test_under_a_legal_hold_nothing_is_destroyed_until_it_is_lifted(people: list[UUID]) -> None:
    request = granted(people[0])
    until = clock.today(current().time_zone) + timedelta(days=30)
    hold = holds.place(people[0], "Case 7/2026", until, OFFICER)
    db.session.commit()
    with pytest.raises(Conflict, match="Case 7/2026"):
        carrying.carry_out(request.id, OFFICER)
    db.session.rollback()
    assert sweeping.run() == 0
    holds.lift(hold.id, OFFICER)
    db.session.commit()
    assert carrying.carry_out(request.id, OFFICER).said["kept"] == []


@pytest.mark.parametrize(
    ("basis", "until"), [("", 3), ("for person0@example.com", 3), ("Case 7", -1)]
)
def test_a_hold_states_a_basis_that_names_nobody_and_a_day_to_come(
    people: list[UUID], basis: str, until: int
) -> None:
    day = clock.today(current().time_zone) + timedelta(days=until)
    with pytest.raises(Invalid):
        holds.place(people[0], basis, day, OFFICER)


def test_what_a_hold_keeps_is_named_and_goes_with_a_second_certificate_when_it_is_over(
    people: list[UUID],
) -> None:
    asked(sender=road.address(0))
    until = clock.today(current().time_zone) + timedelta(days=30)
    kept = ("inbound_messages", "requests", "answers")
    hold = holds.place(people[0], "Case 7/2026", until, OFFICER, kept)
    first = destroyed(people[0])
    told = {one["table"]: one for one in first.said["kept"]}
    assert set(told) == set(kept)
    assert (told["requests"]["basis"], told["requests"]["until"]) == (
        "Case 7/2026",
        until.isoformat(),
    )
    assert erasing.counts(whose.person(people[0]))["inbound_messages"] == 1
    assert verifying.stored(first.number).found_now == 0, "what a hold keeps does not count"
    sweeping.tidy()
    assert sweeping.run() == 0
    holds.lift(hold.id, OFFICER)
    sweeping.tidy()
    assert sweeping.run() == 1
    second = certificates.newest()
    assert second is not None
    assert (second.said["completes"], second.said["kept"]) == (first.number, [])
    assert second.said["subject"] == first.said["subject"]
    assert sum(erasing.counts(whose.person(people[0])).values()) == 0
    assert (
        db.session.scalars(
            text("SELECT count(*) FROM inbound_messages WHERE sealed IS NOT NULL")
        ).one()
        == 0
    )
