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
from mailing.deliveries import queue
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


def test_the_engine_finds_rows_by_their_keys_however_few_there_seem_to_be(
    settings: Settings,
) -> None:
    """A plan that was made while a table held a few rows read all of it once it held many."""
    with connect(settings) as engine:
        engine.execute("PREPARE finish AS " + queue._FINISH.replace("%(batches)s", "$1"))
        plan = [row[0] for row in engine.execute("EXPLAIN EXECUTE finish ('{1}')")]
    assert not [line for line in plan if "Seq Scan on deliveries" in line]
    assert [line for line in plan if "deliveries_of_batch" in line]
