"""The application's connections to its database: what each is told when it is opened, and whether
it is still there when it is used again."""

import select
import time
from typing import Any

import psycopg
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import InvalidatePoolError

# One that has just answered is not asked whether it would. An answer to a person takes several
# transactions, and each began with that question.
_FRESH_SECONDS = 1.0


def look_after(engine: Engine) -> None:
    """Let the pool of this engine tell and ask its connections; a dead one is replaced unseen."""

    def ask(connection: Any, record: Any, _held: Any) -> None:
        used_at = record.info.get("used_at")
        if used_at is None:
            return  # It was opened for this.
        try:
            if time.monotonic() - used_at >= _FRESH_SECONDS or _has_spoken(connection):
                engine.dialect.do_ping(connection)
        except psycopg.Error as error:
            raise InvalidatePoolError from error

    event.listen(engine, "connect", _told)
    event.listen(engine, "checkin", _used)
    event.listen(engine, "checkout", ask)


def _used(_connection: Any, record: Any) -> None:
    record.info["used_at"] = time.monotonic()


def _has_spoken(connection: Any) -> bool:
    """Whether a server that was asked nothing says something: mostly that it ends."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN | select.POLLRDHUP)
    return bool(poll.poll(0))


def _told(connection: Any, _record: Any) -> None:
    """What holds for all that it is asked.

    A commit is durable, whatever the server's default: an answer that says "done" follows it.
    PostgreSQL compiles what it believes to be dear; our dearest queries, which stop early, were
    compiled for longer than they ran. The driver prepares nothing: whenever something was rolled
    back, as after each page that only asks, it had the server forget all that was, at a round trip;
    what is said together (base/saying.py) stays prepared.
    """
    connection.prepare_threshold = None
    connection.autocommit = True
    connection.execute("SET synchronous_commit = on; SET jit = off")
    connection.autocommit = False
