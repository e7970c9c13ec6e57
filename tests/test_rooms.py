"""Rooms: what one test leaves behind, the next one never finds."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.errors import AdminShutdown, OperationalError

from console.embedded import Services
from mailing.base.database import dsn
from tests.rooms import Rooms
from tests.services import Connection

LEFT_BEHIND = (
    "UPDATE installation SET sending_on = false",
    "INSERT INTO topics (slug, purpose, names) SELECT 'a', 'b', names FROM topics LIMIT 1",
    "UPDATE topics SET slug = 'other' WHERE slug = 'notices'",
    "INSERT INTO wordings (hash, language, text) VALUES ('a', 'kk', 'never to be deleted')",
    "INSERT INTO journals (id) VALUES (gen_random_uuid())",
)


@pytest.fixture
def rooms(services: Services, template: str) -> Iterator[Rooms]:
    opened = Rooms(services, template)
    yield opened
    opened.close()


def everything(connection: Connection) -> dict[str, object]:
    """Each table's rows, each sequence's place."""
    named = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    tables = [str(row[0]) for row in named]
    rows = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in tables}  # noqa: S608
    places = connection.execute("SELECT sequencename, last_value FROM pg_sequences ORDER BY 1")
    return {**rows, "sequences": places.fetchall()}


def test_whatever_a_test_wrote_the_next_one_finds_the_room_as_new(rooms: Rooms) -> None:
    with rooms.one() as first, psycopg.connect(dsn(first), autocommit=True) as connection:
        new = everything(connection)
        for statement in LEFT_BEHIND:
            connection.execute(statement)
        assert everything(connection) != new
    with rooms.one() as second, psycopg.connect(dsn(second), autocommit=True) as connection:
        assert second == first, "it is the same room"
        assert everything(connection) == new


def test_who_is_still_connected_is_turned_out(rooms: Rooms) -> None:
    with rooms.one() as url:
        lingering = psycopg.connect(dsn(url))
        lingering.execute("UPDATE installation SET sending_on = false")
    with pytest.raises((AdminShutdown, OperationalError)):
        lingering.execute("SELECT 1")


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE topics ADD COLUMN more text",
        "ALTER TABLE ledger DISABLE TRIGGER ledger_is_append_only",
        "ALTER TABLE topics DROP CONSTRAINT topic_slug_is_unique",
        "DROP TABLE relays",
    ],
)
def test_a_room_whose_schema_was_changed_is_torn_down(rooms: Rooms, change: str) -> None:
    with rooms.one() as first, psycopg.connect(dsn(first), autocommit=True) as connection:
        connection.execute(change)
    with rooms.one() as second:
        assert second != first
