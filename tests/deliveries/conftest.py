"""The sending half without its worker: owners that claim, and somebody who waits for a lock."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from flask import Flask

from mailing.base.database import db
from mailing.base.settings import Settings, current
from mailing.deliveries import gate, incarnations, queue
from mailing.deliveries.gate import Passed
from mailing.deliveries.incarnations import Owner
from mailing.deliveries.queue import Claim
from mailing.deliveries.results import Result
from mailing.deliveries.seal import seal
from tests import road
from worker.process import connect


@dataclass
class Sender:
    """What an engine asks the database for, step by step."""

    database: psycopg.Connection
    host: UUID = field(default_factory=uuid4)
    id: UUID = field(default_factory=uuid4)

    def claim(self, limit: int = 100) -> list[Claim]:
        with self.database.transaction():
            return queue.claim(self.database, self.id, limit)

    def ask(self, claims: list[Claim], *done: Result) -> list[Passed]:
        return gate.ask(self.database, current(), self.id, claims, done)

    def seal(self, passed: list[Passed]) -> set[UUID]:
        return seal(self.database, self.id, [one.permit for one in passed])

    def row(self, delivery_id: UUID) -> dict[str, Any]:
        """One delivery as it stands."""
        cursor = self.database.cursor(row_factory=psycopg.rows.dict_row)
        found = cursor.execute("SELECT * FROM deliveries WHERE id = %s", [delivery_id]).fetchone()
        assert found is not None
        return found

    def states(self) -> dict[str, int]:
        """How many deliveries are in each state."""
        query = "SELECT state, count(*) FROM deliveries GROUP BY state"
        return dict(self.database.execute(query).fetchall())


class Waiter:
    """Something done in another thread, which is to wait for a lock first."""

    def __init__(self, app: Flask, act: Callable[[], Any]) -> None:
        self._app, self._act = app, act
        self._answer: Any = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def answer(self) -> Any:
        """What came of it, at last; raises what it raised."""
        self._thread.join(90)
        assert not self._thread.is_alive(), "it still waits"
        if isinstance(self._answer, BaseException):
            raise self._answer
        return self._answer

    def _run(self) -> None:
        with self._app.app_context():
            try:
                self._answer = self._act()
                db.session.commit()
            except BaseException as error:
                self._answer = error
            db.session.remove()


Begin = Callable[[Callable[[], Any]], Waiter]


@pytest.fixture
def begin(app: Flask, settings: Settings) -> Iterator[Begin]:
    """Begin an act that must come to wait for a lock, and return once it waits."""
    begun: list[Waiter] = []
    with connect(settings) as watcher:

        def start(act: Callable[[], Any]) -> Waiter:
            before = _waiting(watcher)
            begun.append(Waiter(app, act))
            road.wait_for(lambda: _waiting(watcher) > before, 90, every=0.01)
            return begun[-1]

        yield start
    for waiter in begun:
        with suppress(BaseException):
            waiter.answer()


@contextmanager
def a_sender(settings: Settings, host: UUID | None = None) -> Iterator[Sender]:
    with connect(settings) as database:
        sender = Sender(database, host or uuid4())
        incarnations.register(database, Owner(sender.id, sender.host, "this boot", False), 1)
        yield sender


@pytest.fixture
def sender(app: Flask, settings: Settings) -> Iterator[Sender]:
    with a_sender(settings) as sender:
        yield sender


@pytest.fixture
def other(app: Flask, settings: Settings) -> Iterator[Sender]:
    with a_sender(settings) as sender:
        yield sender


def _waiting(database: psycopg.Connection) -> int:
    query = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    row = database.execute(query).fetchone()
    assert row is not None
    return int(row[0])
