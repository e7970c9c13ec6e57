"""Round trips: statements that go to the server together, are answered together, and are one
transaction.

The driver's own pipeline sends each statement by itself, asks for what is there in between, and
waits three times for one transaction. What a group of the gate costs besides its messages is told
in docs/benchmarks.md, "What a group costs".
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import compress
from secrets import token_hex
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from psycopg import Connection, DataError, Error, OperationalError, errors
from psycopg.abc import PQGen
from psycopg.adapt import Transformer
from psycopg.generators import fetch_many, send
from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

Row = tuple[Any, ...]
Value = str | bytes | None
# The text of a statement, its values, and for each whether it is in the binary form.
Asked = list[tuple[str, list[bytes | None], list[int]]]

_NAMED = re.compile(r"%\((\w+)\)s")
_FINE = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)
# "Invalid SQL statement name", and "cached plan must not change result type" among others.
_STALE = (b"26000", b"0A000")


class Said(NamedTuple):
    """A statement with `%(name)s` for each value and no other per cent sign, and the values as
    PostgreSQL reads them: a text, or octets in the binary form of their type."""

    text: str
    values: Mapping[str, Value]


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


# What each connection has prepared, by its text. A name is never given twice, by no process: behind
# a pooler two of them may meet on one connection of the server.
_prepared: WeakKeyDictionary[Connection, dict[str, bytes]] = WeakKeyDictionary()


def forget(connection: Connection) -> None:
    """Take note that a connection has nothing prepared any more (`DISCARD ALL`)."""
    _prepared.pop(connection, None)


def together(connection: Connection, said: Sequence[Said]) -> list[list[Row]]:
    """The rows of each, in whatever transaction is open; raises what the server said of the first
    that failed, and psycopg.InternalError where a COMMIT only ended what had failed before."""
    if not said:
        return []
    asked = [_asked(one) for one in said]
    answers = _exchanged(connection, asked)
    if _is_forgotten(connection, _failed(answers)):
        answers = _exchanged(connection, asked)
    if (failed := _failed(answers)) is not None:
        raise errors.error_from_result(failed)
    if any(map(_is_undone, said, answers)):
        raise errors.InFailedSqlTransaction("nothing was committed: the transaction had failed")
    reader, rows = Transformer(connection), []
    for answer in answers:
        reader.set_pgresult(answer)
        rows.append(reader.load_rows(0, answer.ntuples, tuple))
    return rows


def _is_undone(said: Said, answer: PGresult) -> bool:
    """Whether a COMMIT was answered that it rolled back, which is no error to the server."""
    return said is COMMIT and answer.command_status == b"ROLLBACK"


def _is_forgotten(connection: Connection, failed: PGresult | None) -> bool:
    """Whether a prepared statement was at fault and nothing begun, so that it can be said anew.

    It may be gone (the driver, or whoever else, had the server forget everything) or give another
    type since the schema was changed. Then all are prepared anew, in a transaction from the next.
    """
    state = failed.error_field(DiagnosticField.SQLSTATE) if failed is not None else None
    if state not in _STALE:
        return False
    forget(connection)
    return connection.info.transaction_status == TransactionStatus.IDLE


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
    """The answer to each; the first that failed, alone, where one did.

    What is new here is prepared just before it is said: to prepare a statement may have to wait for
    a lock, which is not to hold up those before it.
    """
    raw, known = connection.pgconn, _prepared.setdefault(connection, {})
    may_prepare, new = _may_prepare(connection), dict[str, bytes]()
    is_said: list[bool] = []
    for text, given, formats in asked:
        if not may_prepare:
            raw.send_query_params(_numbered(text)[0], given, param_formats=formats, result_format=1)
        else:
            if text not in known and text not in new:
                new[text] = b"kelisim_" + token_hex(8).encode()
                raw.send_prepare(new[text], _numbered(text)[0])
                is_said.append(False)
            raw.send_query_prepared(known.get(text) or new[text], given, formats, 1)
        is_said.append(True)
    raw.pipeline_sync()
    yield from send(raw)
    answers: list[PGresult] = []
    while not answers or answers[-1].status != ExecStatus.PIPELINE_SYNC:
        if not (found := (yield from fetch_many(raw))):
            raise OperationalError("the connection to the database is lost")
        answers += found
    del answers[-1]
    if (failed := _failed(answers)) is not None:
        # A name whose statement may not be there is not used again.
        return [failed]
    known.update(new)
    return list(compress(answers, is_said))


def _may_prepare(connection: Connection) -> bool:
    """Whether what is prepared is sure to be there, or can be prepared anew: a driver that prepares
    for itself has the server forget everything when something was rolled back, and within a
    transaction nothing can be tried again."""
    is_idle = connection.info.transaction_status == TransactionStatus.IDLE
    return is_idle or connection.prepare_threshold is None


def _failed(answers: Sequence[PGresult]) -> PGresult | None:
    """The first that failed; whatever follows it was skipped."""
    return next((answer for answer in answers if answer.status not in _FINE), None)


def _asked(said: Said) -> tuple[str, list[bytes | None], list[int]]:
    values = [said.values[name] for name in _numbered(said.text)[1]]
    return said.text, [_octets(one) for one in values], [isinstance(one, bytes) for one in values]


def _octets(value: Value) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    if "\0" in value:
        raise DataError("PostgreSQL has no text with a NUL")
    return value.encode()


@lru_cache(maxsize=256)
def _numbered(text: str) -> tuple[bytes, tuple[str, ...]]:
    """The statement with a number for each name, and the names in the order of their numbers."""
    names = tuple(dict.fromkeys(_NAMED.findall(text)))
    numbered = _NAMED.sub(lambda found: f"${names.index(found[1]) + 1}", text)
    return numbered.encode(), names
