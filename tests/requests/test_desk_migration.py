"""A desk from before: each request has one right, and goes back without it."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import schema
from mailing.base.database import db
from mailing.base.settings import Settings, current, load
from mailing.bootstrap import create_base
from mailing.requests import acting, incidents, rights
from mailing.requests.acting import Closing
from mailing.requests.incidents import Line, Nature, NewIncident
from mailing.requests.kinds import Channel, Kind, Resolution
from mailing.requests.requests import NewRequest, open_request
from tests.requests.officer import OFFICER


@pytest.fixture
def old(
    empty_database_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Flask]:
    """The base application over a database of its own, whose schema may go back."""
    schema.upgrade(empty_database_url)
    monkeypatch.setenv("KELISIM_DATABASE_URL", empty_database_url)
    base = create_base(load(_env_file=None))
    with base.app_context():
        yield base
        db.session.remove()
        db.engine.dispose()


def test_each_request_from_before_asks_for_the_one_thing_that_it_was_said_to_be(old: Flask) -> None:
    waits = open_request(NewRequest(Kind.ACCESS))
    done = open_request(NewRequest(Kind.DESTRUCTION, more=(Kind.ACCESS,)))
    acting.close(done.id, Closing(Resolution.REFUSED, "Because"), OFFICER)
    blocking = open_request(NewRequest(Kind.BLOCKING, Channel.LETTER))
    ids = {"waits": waits.id, "done": done.id, "blocking": blocking.id}
    due_at = waits.due_at
    db.session.commit()
    schema.downgrade(current().database, "0020")
    assert (
        db.session.scalar(text("SELECT kind FROM requests WHERE channel = 'letter'")) == "question"
    )
    db.session.commit()
    schema.upgrade(current().database)
    found = {name: rights.of(one) for name, one in ids.items()}
    assert {name: [one.kind for one in those] for name, those in found.items()} == {
        "waits": ["access"],
        "done": ["destruction"],
        "blocking": ["question"],
    }
    assert (found["waits"][0].state, found["waits"][0].due_at) == ("open", due_at)
    assert (found["done"][0].state, found["done"][0].resolution) == ("done", "refused")


def test_a_breach_of_which_nobody_need_be_told_goes_back_as_a_note(old: Flask) -> None:
    made = incidents.record(NewIncident("A laptop was stolen", Nature.LOST, "Encrypted."), OFFICER)
    incidents.add(made.id, Line.EXEMPT, "No data could be read.", OFFICER)
    db.session.commit()
    schema.downgrade(current().database, "0027")
    said = "SELECT what FROM incident_lines ORDER BY id"
    assert db.session.scalars(text(said)).all() == ["opened", "noted"]
    db.session.commit()
    schema.upgrade(current().database)
    assert [one.is_owed for one in incidents.waiting()] == [True]
