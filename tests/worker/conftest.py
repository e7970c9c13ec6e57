"""An engine in this very process, against a scripted peer."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from flask import Flask

from mailing.base.settings import Settings
from mailing.deliveries import incarnations
from mailing.deliveries.incarnations import Journalled
from tests import road
from tests.peers.smtp_peer import SmtpPeer
from tests.peers.smtp_session import Offers
from worker.engine import Engine
from worker.incarnation import Host, Incarnation
from worker.process import connect
from worker.sendjournal import read

CONNECTIONS = 4


@dataclass
class Desk:
    """An engine with what it stands on."""

    engine: Engine
    life: Incarnation
    database: psycopg.Connection

    def work(self, seconds: float = 60.0) -> bool:
        """Send until nothing is left."""
        return self.engine.work(seconds, lambda: False, lambda: None)

    def rows(self) -> list[dict[str, Any]]:
        """Every delivery as it stands."""
        cursor = self.database.cursor(row_factory=psycopg.rows.dict_row)
        return cursor.execute("SELECT * FROM deliveries ORDER BY id").fetchall()

    def states(self) -> dict[str, int]:
        """How many deliveries are in each state."""
        found: dict[str, int] = {}
        for row in self.rows():
            found[row["state"]] = found.get(row["state"], 0) + 1
        return found

    def settle(self, settings: Settings) -> None:
        """Settle what this engine left, as the sweep does of a dead process; all of it is due."""
        traces = read(self.life.host.journal_of(self.life.id))
        assert traces is not None
        with self.database.transaction():
            journal = Journalled(traces, is_whole=True)
            incarnations.settle(self.database, settings, self.life.id, journal)
        self.ripen()

    def ripen(self) -> None:
        """Let the time of every retry come."""
        road.make_due(self.database)


@pytest.fixture
def peer() -> Iterator[SmtpPeer]:
    """A relay that offers what relays offer, so that messages follow each other at once."""
    with SmtpPeer(offers=Offers(keywords=[*Offers().keywords, "PIPELINING"])) as peer:
        yield peer


@pytest.fixture
def hire(app: Flask, settings: Settings) -> Iterator[Callable[[], Desk]]:
    """Engines of this process; each is its own incarnation."""
    hired: list[Desk] = []

    def one() -> Desk:
        database = connect(settings)
        life = Incarnation(Host.here(settings))
        incarnations.register(database, life.owner, os.getpid())
        hired.append(Desk(Engine(settings, life, database), life, database))
        return hired[-1]

    yield one
    for desk in hired:
        for line in desk.engine._lines.all():
            line.connection.abandon()
        desk.life.end()
        desk.database.close()


@pytest.fixture
def desk(hire: Callable[[], Desk]) -> Desk:
    return hire()
