"""What one sending process holds: its incarnation, its engine, and whether it is ending."""

import gc
import mmap
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from uuid import UUID

import psycopg
import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from mailing.base.database import dsn
from mailing.base.settings import Settings
from mailing.deliveries import incarnations
from worker.engine import Engine
from worker.incarnation import Host, Incarnation

EXIT_AFTER_ERROR = 70
_COLLECT_EVERY = 50_000

_log = structlog.get_logger()


class SendingProcess:
    """Made in the child, after the fork: nothing of it may be shared with the parent."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine: Engine | None = None
        self._life: Incarnation | None = None
        self._database: psycopg.Connection | None = None
        self._is_working = False
        self._is_told = False
        # One octet shared with the forked children: the worker is told to end, they finish.
        self._ending = mmap.mmap(-1, 1)

    @property
    def own_incarnation(self) -> UUID | None:
        """The incarnation of this process, once it has begun to send."""
        return self._life.id if self._life else None

    @property
    def is_ending(self) -> bool:
        """Whether nothing new may be begun: this process, or the whole worker, is to end."""
        return self._is_told or self._ending[0] == 1

    def tell_to_end(self) -> None:
        """Let this process and those forked from it finish what is in flight, and no more."""
        self._ending[0] = 1

    def send(self, app: Flask, seconds: float, ring: Callable[[], None]) -> bool:
        """Send for a while; whether there may be more. A database error ends the process."""
        if self.is_ending:
            return False
        self._is_working = True
        try:
            with app.app_context():
                engine = self._engine or self._begin()
                return engine.work(seconds, lambda: self.is_ending, ring)
        except Exception as error:
            self._crash(error)
            return False
        finally:
            self._is_working = False
            self._go_if_told()

    def close(self) -> None:
        """Hang up and note the end; what is left belongs to the sweep."""
        if self._engine is not None:
            self._engine.close()
        if self._database is not None and self._life is not None:
            with suppress(psycopg.Error):
                incarnations.end(self._database, self._life.id)
            self._database.close()
        self._let_go()
        self._engine = None

    def _begin(self) -> Engine:
        # Here, and no sooner: the pool sets a handler of its own after every hook of a child's
        # start, one that would end this process in the middle of a message.
        signal.signal(signal.SIGTERM, self._end)
        database = connect(self._settings)
        try:
            self._life = Incarnation(Host.here(self._settings))
            incarnations.register(database, self._life.owner, os.getpid())
        except Exception:
            # Nothing was claimed yet: the next wake-up begins anew, and nothing is left open.
            database.close()
            self._let_go()
            raise
        self._database, life = database, self._life
        self._engine = Engine(self._settings, life, database)
        # What was loaded lives as long as the process, and a message leaves no cycles behind: the
        # collector need not look at the one again, nor so often for the other.
        gc.freeze()
        gc.set_threshold(_COLLECT_EVERY)
        return self._engine

    def _go_if_told(self) -> None:
        # SIGTERM came to this process, perhaps alone: the worker puts another in its place.
        if self._is_told:
            self.close()
            os._exit(0)

    def _let_go(self) -> None:
        life, self._life = self._life, None
        if life is not None:
            life.end()

    def _crash(self, error: Exception) -> None:
        # Crash-only: a state that is not understood is left to the sweep, which reads it from
        # the database and the send journal, never from this process's memory.
        with suppress(OSError):
            # A disk that takes no line of ours must not keep this process from its end.
            _log.error("the sending process ends", error=type(error).__name__, exc_info=True)
        if self._engine is None:
            return
        try:
            self._engine.die(tells=not isinstance(error, (psycopg.Error, SQLAlchemyError)))
        finally:
            os._exit(EXIT_AFTER_ERROR)

    def _end(self, _signal: int, _frame: FrameType | None) -> None:
        """SIGTERM: what is in flight is finished; an idle process ends at once."""
        self._is_told = True
        if not self._is_working:
            self.close()
            raise SystemExit(0)


# A seal commits synchronously whatever the server's default is: an answer to a person may rest on
# it. The engine's statements find a few rows by their keys, in the order of the question; planned
# once and for all, they need not fear statistics that were gathered between two campaigns, and
# none is worth compiling.
_SESSION = """
    SET synchronous_commit = on;
    SET default_transaction_isolation = 'read committed';
    SET jit = off;
    SET plan_cache_mode = force_generic_plan;
    SET enable_seqscan = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off
"""


def connect(settings: Settings) -> psycopg.Connection:
    """A connection of the engine's own, outside SQLAlchemy; each statement commits itself."""
    connection = psycopg.connect(
        dsn(settings.database),
        autocommit=True,
        application_name="kelisim worker",
        prepare_threshold=None,  # What is said together stays prepared (base/roundtrip.py).
    )
    connection.execute(_SESSION)
    return connection
