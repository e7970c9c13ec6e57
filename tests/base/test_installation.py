"""This installation knows its keys, and says what keeps it from sending."""

import base64
import os

import pytest
from flask import Flask
from sqlalchemy import select, text

from mailing.base import installation, needs
from mailing.base.database import db
from mailing.base.errors import ConfigurationError, NotReady
from mailing.base.installation import DataKeyCheck
from mailing.base.settings import Settings, load
from mailing.bootstrap import guard
from mailing.people.subscribers import Sealer
from tests.person import at_once, elsewhere


def a_key() -> bytes:
    return os.urandom(32)


def a_sealed_value() -> None:
    """What a join does: something personal is sealed under the newest key."""
    Sealer().seal({"email": "aigul@example.com"}, b"somebody")
    db.session.commit()


def test_the_first_start_writes_down_the_suppression_key_it_was_started_with(app: Flask) -> None:
    guard()
    assert len(installation.here().suppression_key_check or "") == 64
    guard()


def test_a_data_key_is_written_down_when_it_seals_and_not_when_it_is_tried_out(
    app: Flask, settings: Settings
) -> None:
    with elsewhere(data_key=(a_key(), *settings.data_key)):
        guard()
    assert list(db.session.scalars(select(DataKeyCheck))) == []
    a_sealed_value()
    a_sealed_value()
    assert len(list(db.session.scalars(select(DataKeyCheck)))) == 1


def test_a_note_that_was_rolled_back_is_made_again(app: Flask) -> None:
    Sealer().seal({}, b"somebody")
    db.session.rollback()
    a_sealed_value()
    assert len(list(db.session.scalars(select(DataKeyCheck)))) == 1


def test_another_suppression_key_stops_the_start_by_name(app: Flask) -> None:
    """It would silently forget every "no"."""
    guard()
    named = pytest.raises(ConfigurationError, match="KELISIM_SUPPRESSION_KEY")
    with elsewhere(suppression_key=a_key()), named:
        guard()


def test_a_data_key_that_is_lacking_stops_the_start_by_name(app: Flask, settings: Settings) -> None:
    guard()
    a_sealed_value()
    for ring in ((a_key(),), (a_key(), a_key())):
        with elsewhere(data_key=ring), pytest.raises(ConfigurationError, match="KELISIM_DATA_KEY"):
            guard()
    with elsewhere(data_key=(a_key(), *settings.data_key)):
        guard()
        a_sealed_value()
    # From then on the ring needs both.
    with pytest.raises(ConfigurationError, match="KELISIM_DATA_KEY"):
        guard()


def test_of_two_first_starts_with_different_keys_one_is_refused(app: Flask) -> None:
    """The key that is written down first is the database's; the other one does not replace it."""

    def start(**given: bytes) -> str:
        with elsewhere(**given):
            try:
                guard()
            except ConfigurationError as error:
                return error.message
            return ""

    said = at_once(app, start, lambda: start(suppression_key=a_key()))
    assert sorted(bool(message) for message in said) == [False, True]


def test_a_database_without_a_schema_is_told_what_to_do(
    empty_database_url: str, settings: Settings
) -> None:
    told = pytest.raises(NotReady, match="kelisim db upgrade")
    with elsewhere(database_url=empty_database_url), told:
        guard()


def test_the_switch_keeps_its_reason_and_forgets_it_when_it_is_on(app: Flask) -> None:
    installation.switch_sending(False, "The journal is missing.")
    db.session.commit()
    assert needs.readiness()["sending"] == "The journal is missing."
    installation.switch_sending(True)
    db.session.commit()
    assert needs.readiness() == {
        "database": None,
        "queue": None,
        "migrations": None,
        "sending": None,
    }


def test_what_another_process_switched_is_seen(app: Flask) -> None:
    assert installation.here().sending_on
    with db.engine.begin() as other:
        other.execute(text("UPDATE installation SET sending_on = false, sending_off_reason = 'x'"))
    db.session.commit()
    assert needs.readiness()["sending"] == "x"


def test_there_is_one_installation(app: Flask) -> None:
    with pytest.raises(Exception, match="installation_is_one_row"):
        db.session.execute(text("INSERT INTO installation (id) VALUES (2)"))
    db.session.rollback()


def test_parts_that_are_away_are_named(app: Flask) -> None:
    nowhere = {
        "database_url": "postgresql://127.0.0.1:1/none",
        "redis_url": "redis://127.0.0.1:1/0",
    }
    with elsewhere(**nowhere):
        said = needs.readiness()
    assert said["database"] == "the database does not answer"
    assert "the queue does not answer" in (said["queue"] or "")


def test_a_key_is_32_bytes_of_base64(settings: Settings) -> None:
    spelled = base64.b64encode(settings.suppression_key).decode()
    assert load(_env_file=None, suppression_key=spelled).suppression_key == settings.suppression_key
