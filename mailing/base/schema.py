"""The way of the database's schema to this program's version, and back."""

from collections.abc import Callable

from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.engine import Connection

from mailing.base.database import engine
from mailing.base.version import MIGRATIONS, version

# Whoever changes the schema holds this; whoever reads all of it shares it.
ONE_AT_A_TIME = 0x6B656C69


def upgrade(database_url: str, revision: str = "head") -> str:
    """Migrate up to `revision`; the version reached. Two at once wait for each other."""
    return _migrate(database_url, revision, raise_to)


def downgrade(database_url: str, revision: str) -> str:
    """Migrate down to `revision` ("base" for an empty schema); the version reached."""
    return _migrate(database_url, revision, lower_to)


def _migrate(database_url: str, revision: str, move: Callable[[Connection, str], None]) -> str:
    migrating = engine(database_url)
    try:
        with migrating.begin() as connection:
            move(connection, revision)
            return version(connection)
    finally:
        migrating.dispose()


def raise_to(connection: Connection, revision: str = "head") -> None:
    """Migrate up to `revision` within the transaction of this connection."""
    command.upgrade(_config(connection), revision)


def lower_to(connection: Connection, revision: str) -> None:
    """Migrate down to `revision` within the transaction of this connection."""
    command.downgrade(_config(connection), revision)


def _config(connection: Connection) -> Config:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
