"""The officer's desk by command: exit codes, one document each, and what is logged."""

import json
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID
from zipfile import ZipFile

import pytest
from flask import Flask

from mailing.base import clock
from mailing.base.database import db
from mailing.people import subscribers
from mailing.people.canonical import canonical
from mailing.requests.bundles import making
from mailing.requests.kinds import Kind
from mailing.requests.requests import NewRequest, open_request
from mailing.staff import staff
from mailing.staff.audit import latest
from mailing.staff.staff import Role
from tests.console.conftest import Kelisim
from tests.requests.desk import SENDER, asked

NUMBER = f"{clock.today('Asia/Almaty').year}-0001"


@pytest.fixture
def desk(app: Flask, shop: Kelisim) -> Kelisim:
    """One question that came by mail, acknowledged, and somebody who may take it."""
    asked()
    for role in (Role.OFFICER, Role.VIEWER):
        staff.add(f"{role}@example.com", role, "sample words of a sample")
    db.session.commit()
    db.session.remove()
    return shop


def test_the_list_says_what_is_due_and_when(desk: Kelisim) -> None:
    (row,) = desk("request", "list", "--json").document
    assert (row["number"], row["kind"], row["state"]) == (NUMBER, "question", "open")
    assert row["days_left"] == 3
    assert desk("request", "list", "--due", "1h", "--json").document == []
    assert len(desk("request", "list", "--due", "5w", "--json").document) == 1
    assert NUMBER in desk("request", "list").out


def test_a_time_that_is_none_is_a_matter_of_usage(desk: Kelisim) -> None:
    assert desk("request", "list", "--due", "soon").code == 2


def test_what_is_overdue_is_within_every_time(app: Flask, desk: Kelisim) -> None:
    open_request(NewRequest(Kind.WITHDRAWAL, received_at=clock.now() - timedelta(days=9)))
    db.session.commit()
    (row,) = desk("request", "list", "--due", "1h", "--json").document
    assert row["group"] == "overdue"
    assert row["days_left"] < 0


def test_a_request_is_shown_with_what_was_sent_and_what_happened(desk: Kelisim) -> None:
    shown = desk("request", "show", NUMBER, "--json").document
    assert (shown["wrote"], shown["answer_to"]) == (SENDER, SENDER)
    assert [one["kind"] for one in shown["sent"]] == ["receipt"]
    assert [one["what"] for one in shown["timeline"]] == ["opened", "acknowledged"]
    assert "original" not in shown
    assert desk("request", "show", "1", "--json").document == shown


def test_reading_the_message_by_command_is_logged(desk: Kelisim) -> None:
    shown = desk("request", "show", NUMBER, "--original", "--json").document
    assert "What do you hold about me?" in shown["original"]["text"]
    again = desk("request", "show", NUMBER, "--json").document
    assert again["timeline"][-1]["what"] == "read"


def test_an_answer_is_shown_first_and_then_sent(desk: Kelisim, tmp_path: Path) -> None:
    file = tmp_path / "answer.txt"
    file.write_text("\ufeffWe hold your address.\r\n", "utf-8")
    words = ("request", "answer", NUMBER, "--text", str(file), "--language", "en")
    looked = desk(*words, "--dry-run", "--json").document
    assert "We hold your address." in looked["text"]
    assert len(desk("request", "show", NUMBER, "--json").document["sent"]) == 1
    sent = desk(*words, "--json").document
    assert (sent["state"], sent["subject"]) == ("answered", looked["subject"])
    assert len(desk("request", "show", NUMBER, "--json").document["sent"]) == 2


def test_an_answer_needs_something_to_say(desk: Kelisim, tmp_path: Path) -> None:
    assert desk("request", "answer", NUMBER).code == 2
    assert desk("request", "answer", NUMBER, "--template", "refused", "--json").code == 1
    (tmp_path / "octets").write_bytes(b"\xff\xfe\0")
    said = desk("request", "answer", NUMBER, "--text", str(tmp_path / "octets"), "--json")
    assert (said.code, said.document["field"]) == (1, "text")


def test_without_an_operator_nothing_is_answered(
    desk: Kelisim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KELISIM_OPERATOR_NAME")
    said = desk("request", "answer", NUMBER, "--template", "withdrawn", "--json")
    assert said.code == 3


def test_a_request_is_given_to_somebody_who_may_have_it(desk: Kelisim) -> None:
    taken = desk("request", "assign", NUMBER, "--to", "officer@example.com", "--json").document
    assert taken["assignee"] == "officer@example.com"
    assert desk("request", "assign", NUMBER, "--to", "viewer@example.com").code == 1
    assert desk("request", "assign", NUMBER, "--json").document["assignee"] is None


def test_closing_takes_a_reason_and_happens_once(desk: Kelisim) -> None:
    assert desk("request", "close", NUMBER).code == 2
    closed = desk("request", "close", NUMBER, "--reason", "By telephone", "--json").document
    assert (closed["state"], closed["resolution"]) == ("closed", "done")
    assert desk("request", "close", NUMBER, "--reason", "Again", "--json").code == 5
    assert desk("request", "answer", NUMBER, "--template", "withdrawn").code == 5
    assert desk("request", "take-up", NUMBER, "--json").document["state"] == "open"


def test_one_word_says_what_it_is(desk: Kelisim) -> None:
    assert desk("request", "decide", NUMBER, "access", "--json").document["kind"] == "access"
    assert desk("request", "decide", NUMBER, "nonsense").code == 2
    assert desk("request", "show", "2026-9999", "--json").code == 1


def test_everything_about_whoever_asks_is_written_into_a_new_file(
    app: Flask, desk: Kelisim, tmp_path: Path
) -> None:
    person = somebody("alma@example.com")
    number = open_request(NewRequest(Kind.ACCESS, subscriber_id=person)).number
    db.session.commit()
    db.session.remove()
    out = tmp_path / "all.zip"
    words = ("request", "export", number, "--out", str(out), "--reason", "inspection", "--json")
    told = desk(*words).document
    assert sha256(out.read_bytes()).hexdigest() == told["sha256"]
    assert out.stat().st_mode & 0o777 == 0o600
    with ZipFile(out) as archive:
        assert archive.namelist() == told["files"]
        assert json.loads(archive.read("data.json"))["person"]["email"] == "alma@example.com"
    assert (told["request"], told["file"]) == (number, str(out))
    again = desk(*words)
    assert (again.code, again.document["field"]) == (1, "out")
    acts = [one for one in latest(20) if one.action == "bundle exported"]
    assert [one.details["reason"] for one in acts] == ["inspection"]
    shown = desk("request", "show", number, "--json").document
    assert shown["timeline"][-1]["details"] == {"did": "bundle_exported"}


def test_of_a_stranger_there_is_nothing_to_export(desk: Kelisim, tmp_path: Path) -> None:
    said = desk("request", "export", NUMBER, "--out", str(tmp_path / "x.zip"), "--json")
    assert said.code == 1
    assert not (tmp_path / "x.zip").exists()


def test_a_bundle_is_ordered_and_released_by_command(app: Flask, desk: Kelisim) -> None:
    person = somebody("alma@example.com")
    number = open_request(NewRequest(Kind.ACCESS, subscriber_id=person)).number
    db.session.commit()
    db.session.remove()
    ordered = desk("request", "bundle", number, "--json").document
    assert ordered["state"] == "waiting"
    assert desk("request", "bundle", number, "--release", "--json").code == 5
    making.work_on(UUID(ordered["bundle"]))
    db.session.remove()
    sent = desk("request", "bundle", number, "--release", "--json").document
    assert (sent["state"], sent["bundle"]) == ("released", ordered["bundle"])


def somebody(address: str) -> UUID:
    """A subscriber who has said nothing yet."""
    return subscribers.create(canonical(address), "en").id
