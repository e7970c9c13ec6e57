"""What each connection to the database is told when it is opened."""

from collections.abc import Iterator

import psycopg
import pytest
from flask import Flask
from psycopg import sql
from sqlalchemy import text

from mailing.base.database import db, dsn
from mailing.base.settings import Settings
from mailing.bootstrap import create_base
from worker.process import connect

pytestmark = pytest.mark.usefixtures("compiling")


@pytest.fixture
def compiling(app: Flask, settings: Settings) -> Iterator[None]:
    """The database compiles queries, unless it is told otherwise."""
    with psycopg.connect(dsn(settings.database), autocommit=True) as bare:
        name = sql.Identifier(bare.info.dbname)
        bare.execute(sql.SQL("ALTER DATABASE {} SET jit = on").format(name))
        yield
        # Other tests may use it after this one.
        bare.execute(sql.SQL("ALTER DATABASE {} RESET jit").format(name))


def test_no_query_of_the_application_is_compiled(settings: Settings) -> None:
    with psycopg.connect(dsn(settings.database)) as bare:
        assert bare.execute("SHOW jit").fetchone() == ("on",)
    with create_base(settings).app_context():
        assert db.session.scalar(text("SHOW jit")) == "off"
        db.session.rollback()
        assert db.session.scalar(text("SHOW jit")) == "off", "and for good"
        db.session.remove()
        db.engine.dispose()


def test_no_query_of_the_engine_is_compiled(settings: Settings) -> None:
    with connect(settings) as engine:
        assert engine.execute("SHOW jit").fetchone() == ("off",)
