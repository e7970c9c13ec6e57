"""Bundles (T55): everything about one person, nothing about another, taken along once."""

import csv
import json
from datetime import timedelta
from hashlib import sha256
from io import BytesIO, StringIO
from typing import Any
from zipfile import ZipFile

import pytest
from flask import Flask
from sqlalchemy import select, text

from mailing.base import clock
from mailing.base.database import DEPERSONALISED, PERSONAL, Table, db
from mailing.base.errors import Conflict, Invalid, Missing
from mailing.people import subscribers
from mailing.people.subscribers import Personal
from mailing.requests import timeline, whose
from mailing.requests.bundles import columns, making, releasing, rows, state
from mailing.requests.bundles.archive import Packed
from mailing.requests.bundles.rows import LeftOut
from mailing.requests.bundles.state import BundlePiece, NewBundle, State
from mailing.requests.kinds import Kind
from mailing.requests.requests import NewRequest, Request, open_request
from mailing.staff.audit import Actor, latest
from mailing.staff.staff import Role
from tests import road
from tests.person import Person
from tests.requests import canaries
from tests.requests.conftest import Asker, settle
from tests.requests.desk import asked
from tests.requests.shapes import troubles
from tests.test_wiring import load_models

OFFICER = Actor("staff 7", Role.OFFICER)


def _quiet(done: int, steps: int) -> None:
    """Nobody listens."""


def unpacked(octets: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(octets)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def of(person: Person, left_out: LeftOut | None = None) -> dict[str, bytes]:
    """The files of a bundle that is made at once."""
    return unpacked(making.make(person.id, left_out or LeftOut(), _quiet).octets)


def told(files: dict[str, bytes]) -> Any:
    return json.loads(files["data.json"])


def test_every_personal_column_has_a_canary_or_a_reason_why_none_can_be_there() -> None:
    assert canaries.personal_columns() - set(canaries.ELSEWHERE) == set(canaries.PLANTS)
    assert set(canaries.ELSEWHERE) <= canaries.personal_columns()


def test_every_canary_is_in_the_bundle_and_none_of_anybody_else(person: Person) -> None:
    other = Person(person.policy, address="other@example.com")
    other.say_yes("news")
    own, foreign = canaries.plant(person), canaries.plant(other)
    files = of(person)
    everything = b"\n".join(files.values()).decode("utf-8", "replace")
    assert [column for column, word in own.items() if word not in everything] == []
    assert [column for column, word in foreign.items() if word in everything] == []
    assert other.address not in everything
    assert str(other.id) not in everything
    # The same in what is read by people and in what is read by programs.
    for name in ("data.html", "data.json"):
        shown = files[name].decode() + b"".join(
            octets for file, octets in files.items() if file.startswith("letters/")
        ).decode("utf-8", "replace")
        assert [column for column, word in own.items() if word not in shown] == [], name


def test_every_column_about_people_stands_in_the_bundle_or_has_a_reason() -> None:
    load_models()
    left_out = set().union(*columns.LEFT_OUT.values())
    missing, known = [], set()
    for table in Table.metadata.sorted_tables:
        for column in table.columns:
            known.add(f"{table.name}.{column.name}")
            is_about_people = column.info in (PERSONAL, DEPERSONALISED)
            if table.name not in whose.WHOSE or not is_about_people:
                continue
            is_shown = table.name in rows.tables() and column.name in rows.heads(table.name)
            if not is_shown and f"{table.name}.{column.name}" not in left_out:
                missing.append(f"{table.name}.{column.name}")
    assert missing == []
    assert left_out | set(columns.OPENED) <= known
    named = {
        f"{table}.{one}" for table, all_ in columns.WRITTEN_TOO.items() for one in all_.split()
    }
    assert named <= known


def test_a_sealed_column_that_nothing_opens_is_found() -> None:
    """Octets under a key would stand there as digits that nobody can read."""
    load_models()
    shut = [
        f"{table}.{name}"
        for table in rows.tables()
        for name in rows.heads(table)
        if Table.metadata.tables[table].columns[name].info == PERSONAL
        and str(Table.metadata.tables[table].columns[name].type) in ("BLOB", "BYTEA")
        and f"{table}.{name}" not in columns.OPENED
    ]
    assert shut == []


def test_the_document_is_what_its_schema_says_and_the_schema_is_strict(person: Person) -> None:
    canaries.plant(person)
    files = of(person)
    schema, document = json.loads(files["schema.json"]), told(files)
    assert troubles(schema, document) == []
    assert troubles(schema, {**document, "more": 1}) != []
    document["tables"]["ledger"][0]["seq"] = "one"
    assert troubles(schema, document) != []
    del document["consents"]
    assert troubles(schema, document) != []


def test_the_manifest_names_every_other_file_with_its_hash(person: Person) -> None:
    files = of(person)
    manifest = json.loads(files.pop("manifest.json"))
    named = {one["name"]: (one["size"], one["sha256"]) for one in manifest["files"]}
    assert named == {n: (len(o), sha256(o).hexdigest()) for n, o in files.items()}
    assert {"README.txt", "data.html", "data.json", "schema.json", "consents.json"} <= set(named)


def test_the_readme_speaks_to_everybody(person: Person) -> None:
    said = of(person)["README.txt"].decode("utf-8-sig")
    for word in ("Your data, as we hold them", "данные", "деректер", "helpdesk@glazik.example"):
        assert word in said


def test_the_consents_hold_the_exact_words_and_name_no_staff(person: Person) -> None:
    consents = json.loads(of(person)["consents.json"])
    (yes, *_) = [one for one in consents if one["kind"] == "given"]
    assert "Жаңалықтар" in yes["wording"]
    assert yes["evidence"]["language"] == "kk"
    assert yes["policy"]["sha256"]["kk"]
    canaries.PLANTS["evidence_private.sealed"](person, "x")
    assert "staff 1" not in b"".join(of(person).values()).decode("utf-8", "replace")


def test_sheets_open_in_a_spreadsheet_and_run_nothing(person: Person) -> None:
    row = person.row
    subscribers.keep_personal(row, Personal(person.address, surname="=1+1"))
    row.provider = "=HYPERLINK()"
    db.session.commit()
    sheet = of(person)["tables/subscribers.csv"]
    assert sheet.startswith(b"\xef\xbb\xbf")
    head, values = csv.reader(StringIO(sheet.decode("utf-8-sig")))
    cells = dict(zip(head, values, strict=True))
    assert cells["provider"] == "'=HYPERLINK()"
    assert json.loads(cells["personal"])["surname"] == "=1+1"


def test_a_message_that_was_sent_is_shown_as_it_reads(person: Person) -> None:
    number = road.campaign("news")
    canaries._delivery(person, "campaign", campaign_id=number)
    db.session.commit()
    files = of(person)
    (one,) = [one for one in json.loads(files["messages.json"]) if one["file"]]
    assert one["subject"] == "Қараша жаңалықтары"
    mail = files[one["file"]]
    assert b"Subject:" in mail
    assert person.address.encode() in mail
    assert person.link().encode() not in mail


def test_a_letter_in_their_name_from_elsewhere_is_its_author_s(person: Person) -> None:
    """Anybody can write somebody's name below a letter."""
    stranger = Person(person.policy, address="stranger@example.net")
    raw = f"From: {stranger.address}\r\nSubject: y\r\n\r\nmy own secret\r\n"
    canaries._inbound(raw, person)
    canaries._inbound(f"From: {person.address}\r\n\r\nwhat I wrote\r\n", person)
    db.session.commit()
    files = of(person)
    letters = [octets for name, octets in files.items() if name.startswith("letters/")]
    assert len(letters) == 1
    assert b"what I wrote" in letters[0]
    assert "my own secret" not in b"".join(files.values()).decode("utf-8", "replace")
    (left, *_) = told(files)["left_out"]
    assert left["what"].startswith("inbound_messages/")
    assert "another address" in left["why"]


def test_of_nobody_and_of_whoever_was_destroyed_there_is_no_bundle(person: Person) -> None:
    with pytest.raises(Missing):
        making.export(asked(), OFFICER, "request", _quiet)
    person.row.personal = None
    db.session.commit()
    with pytest.raises(Missing, match="held any more"):
        of(person)


@pytest.fixture
def request_(person: Person) -> Request:
    found = open_request(NewRequest(Kind.ACCESS, subscriber_id=person.id, language="en"))
    db.session.commit()
    return found


def made(request: Request) -> state.Bundle:
    """A bundle that a worker has made for a request."""
    bundle = making.order(request, OFFICER)
    db.session.commit()
    making.work_on(bundle.id)
    return state.find(bundle.id)


def test_a_worker_makes_it_an_officer_releases_it_and_it_is_taken_once(
    person: Person, request_: Request, asker: Asker
) -> None:
    bundle = made(request_)
    assert (bundle.state, bundle.done) == (State.READY, bundle.steps)
    assert bundle.steps > 20
    settle()
    releasing.release(bundle.id, OFFICER)
    db.session.commit()
    (passed,) = asker.passed()
    assert passed.permit.recipient == person.address
    token = releasing.link_of(bundle)
    assert token is not None
    (_, octets) = releasing.take(token) or (None, b"")
    db.session.commit()
    assert sha256(octets).hexdigest() == bundle.sha256
    assert told(unpacked(octets))["person"]["email"] == person.address
    assert db.session.scalars(select(BundlePiece)).all() == []
    with pytest.raises(Conflict):
        releasing.take(token)
    did = [line.details.get("did") for line in timeline.of(request_.id)]
    assert did[1:] == ["bundle_ordered", "bundle_released", "bundle_taken"]
    acts = {one.action for one in latest(20)}
    assert {"bundle ordered", "bundle released", "bundle downloaded"} <= acts


def test_what_lies_on_the_disk_is_sealed(person: Person, request_: Request) -> None:
    bundle = made(request_)
    pieces = list(db.session.scalars(select(BundlePiece)))
    assert pieces
    assert all(one.sealed[:2] != b"PK" and b"README" not in one.sealed for one in pieces)
    assert state.file_of(bundle.id)[:2] == b"PK"


def test_its_time_ends_and_nothing_of_it_is_left(person: Person, request_: Request) -> None:
    bundle = made(request_)
    releasing.release(bundle.id, OFFICER)
    db.session.commit()
    token = releasing.link_of(bundle) or ""
    last = clock.now() + timedelta(days=7, seconds=1)
    with clock.use(lambda: last):
        view = releasing.look(token)
        assert view is not None
        assert not view.is_open
        assert state.expire() == 1
        db.session.commit()
    assert state.find(bundle.id).state == State.EXPIRED
    assert db.session.scalars(select(BundlePiece)).all() == []


def test_an_officer_leaves_a_part_out_and_says_why(person: Person, request_: Request) -> None:
    canaries._inbound(f"From: {person.address}\r\n\r\nabout my neighbour\r\n", person)
    db.session.commit()
    bundle = made(request_)
    (part,) = told(unpacked(state.file_of(bundle.id)))["letters"]
    name = f"inbound_messages/{part.removeprefix('letters/').removesuffix('.eml')}"
    with pytest.raises(Invalid) as refused:
        releasing.leave_out(bundle.id, [name], " ", OFFICER)
    assert refused.value.field == "reason"
    releasing.leave_out(bundle.id, [name], "It names a neighbour.", OFFICER)
    db.session.commit()
    making.work_on(bundle.id)
    files = unpacked(state.file_of(bundle.id))
    assert "about my neighbour" not in b"".join(files.values()).decode("utf-8", "replace")
    (left, *_) = told(files)["left_out"]
    assert left == {"what": name, "why": "It names a neighbour."}


def test_whoever_moved_away_leaves_no_open_link_in_the_old_mailbox(
    person: Person, request_: Request
) -> None:
    bundle = made(request_)
    releasing.release(bundle.id, OFFICER)
    db.session.commit()
    db.session.execute(text(_MOVED), {"person": person.id, "digest": person.row.digest})
    db.session.commit()
    with pytest.raises(Conflict):
        releasing.take(releasing.link_of(bundle) or "")


_MOVED = """
    INSERT INTO address_changes (subscriber_id, state, former, old_agreed_at, new_agreed_at,
                                 created_at, expires_at, closed_at)
    VALUES (:person, 'done', :digest, now(), now(), now(), now(), now() + interval '1 second')
"""


def test_a_worker_that_died_in_the_middle_is_followed_by_another(
    person: Person, request_: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = making.order(request_, OFFICER)
    db.session.commit()

    def killed(*_: object) -> Packed:
        raise KeyboardInterrupt

    monkeypatch.setattr(making, "make", killed)
    with pytest.raises(KeyboardInterrupt):
        making.work_on(bundle.id)
    db.session.rollback()
    assert state.due() == [bundle.id]
    monkeypatch.undo()
    making.work_on(bundle.id)
    assert state.find(bundle.id).state == State.READY
    assert state.due() == []


def test_two_workers_make_it_once(person: Person, request_: Request) -> None:
    bundle = making.order(request_, OFFICER)
    db.session.commit()
    with making._alone(bundle.id) as is_ours:
        assert is_ours
        making.work_on(bundle.id)
    assert state.find(bundle.id).state == State.WAITING


def test_asked_for_twice_it_is_made_once(person: Person) -> None:
    new = NewBundle(person.id, is_by_person=True)
    assert state.ask(new).id == state.ask(new).id


def test_what_they_asked_for_by_themselves_is_released_by_itself(
    app: Flask, person: Person
) -> None:
    bundle = state.ask(NewBundle(person.id, is_by_person=True))
    db.session.commit()
    making.work_on(bundle.id)
    assert state.find(bundle.id).state == State.RELEASED
