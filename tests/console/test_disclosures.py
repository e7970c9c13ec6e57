"""Disclosures by command: a plain refusal, exit 4, while nobody else has said yes."""

from pathlib import Path
from uuid import UUID

from flask import Flask

from mailing.base.database import db
from mailing.requests.disclosures import deciding
from mailing.staff.audit import Actor
from mailing.staff.staff import Role
from tests.console.conftest import Kelisim

WORDS = ("--basis", "Code, article 1", "--authority", "Court", "--reason", "Letter 7")


def test_it_is_asked_for_refused_to_its_asker_approved_and_exported(
    app: Flask, readers: Kelisim, tmp_path: Path
) -> None:
    person = ("--person", "aigerim@poshta.example", "--fields", "email,consents")
    asked = readers("disclosure", "create", *WORDS, *person, "--json").document
    assert (asked["state"], asked["rows"], asked["authority"]) == ("asked", 1, "Court")
    out = tmp_path / "court.csv"
    export = ("disclosure", "export", asked["id"], "--out", str(out), "--json")
    assert readers("disclosure", "approve", asked["id"], "--json").code == 4
    assert readers(*export).code == 4
    assert not out.exists()
    deciding.approve(UUID(asked["id"]), Actor("staff 5", Role.OFFICER))
    db.session.commit()
    db.session.remove()
    told = readers(*export).document
    assert (told["state"], told["decided_by"]) == ("exported", "staff 5")
    assert "aigerim@poshta.example" in out.read_text("utf-8")
    (listed,) = readers("disclosure", "list", "--json").document
    assert listed["state"] == "exported"
    assert "exported" in readers("disclosure", "list").out


def test_an_unknown_field_is_named(readers: Kelisim) -> None:
    person = ("--person", "aigerim@poshta.example", "--fields", "password")
    said = readers("disclosure", "create", *WORDS, *person, "--json")
    assert (said.code, said.document["field"]) == (1, "fields")
