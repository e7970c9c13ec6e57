"""The database: one declarative base, one session, and a class for every stored column.

Each column says what it holds (policy 2.3 to 2.5): personal data, data that link to nobody
without a key kept elsewhere, or the platform's own workings. A column without a class fails
the tests, so nothing personal is stored by accident.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.orm import DeclarativeBase

PERSONAL: dict[str, Any] = {"data": "personal"}
DEPERSONALISED: dict[str, Any] = {"data": "depersonalised"}
OPERATIONAL: dict[str, Any] = {"data": "operational"}


class Table(DeclarativeBase):
    """The base of every stored noun."""


db = SQLAlchemy(model_class=Table)


@contextmanager
def each_by_itself() -> Iterator[None]:
    """What is asked within is no transaction: BEGIN and COMMIT would be two round trips more.

    A transaction that is open already goes on, and its work is committed at the end all the same.
    After an error it is the caller's to roll back, as ever.
    """
    if not db.session().in_transaction():
        db.session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
    yield
    # The next that is asked begins a transaction again.
    db.session.commit()


def sqlalchemy_url(database_url: str) -> str:
    """The same address, with psycopg 3 named as the driver."""
    url = make_url(database_url)
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def dsn(database_url: str) -> str:
    """The same address as libpq reads it, for connections outside SQLAlchemy."""
    url = make_url(database_url)
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def engine(database_url: str) -> Engine:
    """An engine of its own, for work outside an application (migrations, checks)."""
    return create_engine(sqlalchemy_url(database_url), pool_pre_ping=True)


def is_reachable(database_url: str) -> bool:
    """Whether the database answers now."""
    probe = engine(database_url)
    try:
        with probe.connect() as connection:
            connection.execute(text("SELECT 1"))
    except Exception:
        return False
    finally:
        probe.dispose()
    return True
