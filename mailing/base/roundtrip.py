"""Round trips: statements that go to the server together, are answered together, and are one
transaction.

The driver's own pipeline sends each statement by itself, asks for what is there in between, and
waits three times for one transaction. What a group of the gate costs besides its messages is told
in docs/benchmarks.md, "What a group costs".
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import count
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from psycopg import Connection, Error, OperationalError, errors
from psycopg.abc import PQGen
from psycopg.adapt import Transformer
from psycopg.generators import fetch_many, send
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

Row = tuple[Any, ...]

_NAMED = re.compile(r"%\((\w+)\)s")
_FINE = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


class Said(NamedTuple):
    """A statement with `%(name)s` for each value, and the values as PostgreSQL reads them.

    `Connection.execute` takes the two as well, where a statement goes alone.
    """

    text: str
    values: Mapping[str, str | None]


_BEGIN, _COMMIT = Said("BEGIN ISOLATION LEVEL READ COMMITTED", {}), Said("COMMIT", {})


def transact(connection: Connection, said: Sequence[Said]) -> list[list[Row]]:
    """The rows that each of these gives; all are committed when this returns, unless the
    connection, which is in autocommit, is in a transaction of the caller's.

    Each has a snapshot of its own, as READ COMMITTED gives it. Raises psycopg.Error: then nothing
    was committed, unless the connection was lost, which is closed then.
    """
    if connection.info.transaction_status != TransactionStatus.IDLE:
        return _kept(connection).ask(said)
    try:
        return _kept(connection).ask([_BEGIN, *said, _COMMIT])[1:-1]
    except Error:
        if not connection.closed:
            connection.rollback()
        raise


def ask(connection: Connection, said: Said) -> list[Row]:
    """The rows that this one gives, which commits by itself; otherwise as `transact`."""
    return _kept(connection).ask([said])[0]


class _Kept:
    """What is kept for one connection: names of prepared statements, and how types are read."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._reader = Transformer(connection)
        self._names: dict[str, bytes] = {}
        self._numbers = count(1)

    def ask(self, said: Sequence[Said]) -> list[list[Row]]:
        """The rows of each; raises what the server said of the first that failed."""
        raw = self._connection.pgconn
        raw.enter_pipeline_mode()
        try:
            answers = self._connection.wait(self._exchange(said))
            raw.exit_pipeline_mode()
        except BaseException:
            # Nobody knows any more which answer belongs to what.
            self._connection.close()
            raise
        if (failed := _failed(answers)) is not None:
            raise errors.error_from_result(failed)
        return [self._rows(answer) for answer in answers[-len(said) :]]

    def _exchange(self, said: Sequence[Said]) -> PQGen[list[PGresult]]:
        """All answers, those to the preparing of what is new here first."""
        raw = self._connection.pgconn
        new = [text for text in dict.fromkeys(one.text for one in said) if text not in self._names]
        fresh = {text: b"kelisim_%d" % next(self._numbers) for text in new}
        for text, name in fresh.items():
            raw.send_prepare(name, _numbered(text)[0])
        for text, values in said:
            given = [_octets(values[name]) for name in _numbered(text)[1]]
            raw.send_query_prepared(self._names.get(text) or fresh[text], given, result_format=1)
        raw.pipeline_sync()
        yield from send(raw)
        answers: list[PGresult] = []
        while not answers or answers[-1].status != ExecStatus.PIPELINE_SYNC:
            if not (found := (yield from fetch_many(raw))):
                raise OperationalError("the connection to the database is lost")
            answers += found
        if _failed(answers[:-1]) is None:
            # A name whose statement may not be there is not used again, nor given anew.
            self._names |= fresh
        return answers[:-1]

    def _rows(self, answer: PGresult) -> list[Row]:
        self._reader.set_pgresult(answer)
        return self._reader.load_rows(0, answer.ntuples, tuple)


_all: WeakKeyDictionary[Connection, _Kept] = WeakKeyDictionary()


def _kept(connection: Connection) -> _Kept:
    if (kept := _all.get(connection)) is None:
        kept = _all[connection] = _Kept(connection)
    return kept


def _failed(answers: Sequence[PGresult]) -> PGresult | None:
    """The first that failed; whatever follows it was skipped."""
    return next((answer for answer in answers if answer.status not in _FINE), None)


def _octets(value: str | None) -> bytes | None:
    return None if value is None else value.encode()


@lru_cache(maxsize=64)
def _numbered(text: str) -> tuple[bytes, tuple[str, ...]]:
    """The statement with a number for each name, and the names in the order of their numbers."""
    names = tuple(dict.fromkeys(_NAMED.findall(text)))
    numbered = _NAMED.sub(lambda found: f"${names.index(found[1]) + 1}", text)
    return numbered.encode(), names
