"""What each connection to the database is told when it is opened."""

import psycopg
from flask import Flask
from sqlalchemy import text

from mailing.base.database import db, dsn
from mailing.base.settings import Settings
from mailing.bootstrap import create_base
from worker.process import connect


def test_no_query_of_ours_is_compiled_whatever_the_database_says(
    app: Flask, settings: Settings
) -> None:
    with psycopg.connect(dsn(settings.database), autocommit=True) as bare:
        name = bare.execute("SELECT quote_ident(current_database())").fetchone()
        assert name
        bare.execute(f"ALTER DATABASE {name[0]} SET jit = on")
    with psycopg.connect(dsn(settings.database)) as bare, connect(settings) as engine:
        assert bare.execute("SHOW jit").fetchone() == ("on",)
        assert engine.execute("SHOW jit").fetchone() == ("off",)
    with create_base(settings).app_context():
        assert db.session.scalar(text("SHOW jit")) == "off"
        db.session.rollback()
        assert db.session.scalar(text("SHOW jit")) == "off", "and for good"
        db.session.remove()
        db.engine.dispose()
