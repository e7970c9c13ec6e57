"""Saying: statements of the session that go to the database together, as the engine's do.

By SQLAlchemy each takes a round trip and two thirds of a millisecond of the processor; where a
person waits for an answer, and a campaign wants the same processor, that is most of their wait
(docs/benchmarks.md, "One click to leave").
"""

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from mailing.base.database import db
from mailing.base.roundtrip import BEGIN, COMMIT, Row, Said, together


def ask(*said: Said) -> list[list[Row]]:
    """The rows of each, in the session's transaction, which begins with them where none is open.

    Each has a snapshot of its own. What lies in the session is not written first (`flush`). Raises
    what `db.session.execute` raises; the transaction is to be rolled back then, as ever.
    """
    connection = db.session.connection()
    raw: psycopg.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    if raw.isolation_level is not None or raw.read_only is not None:
        # The driver begins such a transaction as it was told to.
        connection.exec_driver_sql("SELECT")
    begins = raw.info.transaction_status == TransactionStatus.IDLE and not raw.autocommit
    try:
        return together(raw, [BEGIN, *said] if begins else said)[begins:]
    except psycopg.Error as error:
        raise _as_sqlalchemy_says(error, connection, raw.closed) from error


def tell(*said: Said) -> None:
    """The same, where nobody needs the rows; nothing is asked where nothing is said."""
    if said:
        ask(*said)


def finish(*said: Said) -> None:
    """Say these, and commit in the same round trip."""
    db.session.flush()
    ask(*said, COMMIT)
    db.session.commit()


def _as_sqlalchemy_says(
    error: psycopg.Error, connection: Connection, is_lost: bool
) -> BaseException:
    if is_lost:
        connection.invalidate(error)
    said = DBAPIError.instance(
        None,
        None,
        error,
        psycopg.Error,
        hide_parameters=True,
        connection_invalidated=is_lost,
        dialect=connection.dialect,
    )
    return said if isinstance(said, BaseException) else error
