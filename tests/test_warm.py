"""What is handed from one test's engine to the next is as good as new."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base.database import db
from mailing.base.settings import Settings
from mailing.bootstrap import create_base
from tests import warm
from tests.warm import Cloakroom

LEFT_BEHIND = """
    CREATE TEMPORARY TABLE left_behind (number integer);
    SET search_path TO pg_catalog;
    SET application_name TO 'somebody else';
    SELECT pg_advisory_lock(7);
    LISTEN somebody
"""


def pid_of(app: Flask) -> int:
    with app.app_context():
        pid: int = db.session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        db.session.remove()
        db.engine.dispose()
        return pid


def leave_behind(app: Flask, words: str) -> None:
    with app.app_context():
        for one in words.split(";"):
            db.session.execute(text(one))
        db.session.commit()


@pytest.fixture
def cloakroom(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloakroom]:
    """One that keeps the connections to this test's database."""
    opened = Cloakroom()
    monkeypatch.setattr(warm, "cloakroom", opened)
    opened.open(settings.database)
    yield opened
    opened.close()


def test_the_next_engine_takes_the_connection_and_finds_nothing_of_the_session(
    settings: Settings, cloakroom: Cloakroom
) -> None:
    first = create_base(settings)
    leave_behind(first, LEFT_BEHIND)
    pid = pid_of(first)
    assert cloakroom.pids() == [pid]
    with (after := create_base(settings)).app_context():
        held = (
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        )
        found = [
            db.session.execute(text(one)).scalar_one()
            for one in (
                held,
                "SELECT count(*) FROM pg_class WHERE relname = 'left_behind'",
                "SELECT count(*) FROM pg_listening_channels()",
                "SHOW search_path",
                "SHOW application_name",
            )
        ]
    assert found == [0, 0, 0, '"$user", public', ""]
    assert pid_of(after) == pid


def test_a_connection_that_was_ended_is_not_handed_on(
    settings: Settings, cloakroom: Cloakroom
) -> None:
    pid = pid_of(create_base(settings))
    (kept,) = cloakroom._kept
    kept.close()
    assert cloakroom.pids() == []
    after = pid_of(create_base(settings))
    assert after != pid
    assert cloakroom.pids() == [after]


def test_a_connection_to_another_database_is_closed(
    settings: Settings, cloakroom: Cloakroom
) -> None:
    other = settings.model_copy(
        update={"database_url": settings.database.rpartition("/")[0] + "/postgres"}
    )
    pid_of(create_base(other))
    assert cloakroom.pids() == []


def test_engines_of_one_kind_share_what_they_know_and_no_pool(
    settings: Settings, cloakroom: Cloakroom
) -> None:
    engines = []
    for _ in range(2):
        app = create_base(settings)
        pid_of(app)
        with app.app_context():
            engines.append(db.engine)
    first, second = engines
    assert first.dialect is second.dialect
    assert first.pool is not second.pool
    assert second._compiled_cache is first._compiled_cache
