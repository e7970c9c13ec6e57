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

from psycopg import Connection, DataError, Error, OperationalError, errors
from psycopg.abc import PQGen
from psycopg.adapt import Transformer
from psycopg.generators import fetch_many, send
from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

Row = tuple[Any, ...]
Asked = list[tuple[str, list[bytes | None]]]

_NAMED = re.compile(r"%\((\w+)\)s")
_FINE = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)
_NO_SUCH_STATEMENT = b"26000"


class Said(NamedTuple):
    """A statement with `%(name)s` for each value and no other per cent sign, and the values as
    PostgreSQL reads them.

    `Connection.execute` takes the two as well, where a statement goes alone.
    """

    text: str
    values: Mapping[str, str | None]


BEGIN, COMMIT = Said("BEGIN ISOLATION LEVEL READ COMMITTED", {}), Said("COMMIT", {})


def transact(connection: Connection, said: Sequence[Said]) -> list[list[Row]]:
    """The rows that each of these gives; all are committed when this returns, unless the
    connection, which is in autocommit, is in a transaction of the caller's.

    Each has a snapshot of its own, as READ COMMITTED gives it. Raises psycopg.Error: then nothing
    was committed, unless the connection was lost, which is closed then.
    """
    if connection.info.transaction_status != TransactionStatus.IDLE:
        return together(connection, said)
    try:
        return together(connection, [BEGIN, *said, COMMIT])[1:-1]
    except Error:
        if not connection.closed:
            connection.rollback()
        raise


def ask(connection: Connection, said: Said) -> list[Row]:
    """The rows that this one gives, which commits by itself; otherwise as `transact`."""
    return together(connection, [said])[0]


# What each connection has prepared, by its text. A name is never given twice.
_prepared: WeakKeyDictionary[Connection, dict[str, bytes]] = WeakKeyDictionary()
_numbers = count(1)


def forget(connection: Connection) -> None:
    """Take note that a connection has nothing prepared any more (`DISCARD ALL`)."""
    _prepared.pop(connection, None)


def together(connection: Connection, said: Sequence[Said]) -> list[list[Row]]:
    """The rows of each, in whatever transaction is open; raises what the server said of the first
    that failed."""
    asked = [(text, [_octets(values[one]) for one in _numbered(text)[1]]) for text, values in said]
    answers = _exchanged(connection, asked)
    if _is_forgotten(connection, _failed(answers)):
        answers = _exchanged(connection, asked)
    if (failed := _failed(answers)) is not None:
        raise errors.error_from_result(failed)
    reader, rows = Transformer(connection), []
    for answer in answers[len(answers) - len(said) :]:
        reader.set_pgresult(answer)
        rows.append(reader.load_rows(0, answer.ntuples, tuple))
    return rows


def _is_forgotten(connection: Connection, failed: PGresult | None) -> bool:
    """Whether it failed because the driver, which rolled something back, had the server forget all
    prepared statements, ours as well. Nothing was begun then."""
    if failed is None or connection.info.transaction_status != TransactionStatus.IDLE:
        return False
    is_so = failed.error_field(DiagnosticField.SQLSTATE) == _NO_SUCH_STATEMENT
    if is_so:
        forget(connection)
    return is_so


def _exchanged(connection: Connection, asked: Asked) -> list[PGresult]:
    connection.pgconn.enter_pipeline_mode()
    try:
        answers = connection.wait(_exchange(connection, asked))
        connection.pgconn.exit_pipeline_mode()
    except BaseException:
        # Nobody knows any more which answer belongs to what.
        connection.close()
        raise
    return answers


def _exchange(connection: Connection, asked: Asked) -> PQGen[list[PGresult]]:
    """All answers, those to the preparing of what is new here first."""
    raw, known = connection.pgconn, _prepared.setdefault(connection, {})
    new = {text: b"kelisim_%d" % next(_numbers) for text, _ in asked if text not in known}
    names = known | new
    for text, name in new.items():
        raw.send_prepare(name, _numbered(text)[0])
    for text, given in asked:
        raw.send_query_prepared(names[text], given, result_format=1)
    raw.pipeline_sync()
    yield from send(raw)
    answers: list[PGresult] = []
    while not answers or answers[-1].status != ExecStatus.PIPELINE_SYNC:
        if not (found := (yield from fetch_many(raw))):
            raise OperationalError("the connection to the database is lost")
        answers += found
    if _failed(answers[:-1]) is None:
        # A name whose statement may not be there is not used again.
        known.update(new)
    return answers[:-1]


def _failed(answers: Sequence[PGresult]) -> PGresult | None:
    """The first that failed; whatever follows it was skipped."""
    return next((answer for answer in answers if answer.status not in _FINE), None)


def _octets(value: str | None) -> bytes | None:
    if value is None:
        return None
    if "\0" in value:
        raise DataError("PostgreSQL has no text with a NUL")
    return value.encode()


@lru_cache(maxsize=256)
def _numbered(text: str) -> tuple[bytes, tuple[str, ...]]:
    """The statement with a number for each name, and the names in the order of their numbers."""
    names = tuple(dict.fromkeys(_NAMED.findall(text)))
    numbered = _NAMED.sub(lambda found: f"${names.index(found[1]) + 1}", text)
    return numbered.encode(), names
