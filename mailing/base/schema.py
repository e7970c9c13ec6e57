"""The database's schema: which version it has, and the way to this program's version."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import Connection

from mailing.base.database import engine

MIGRATIONS = Path(__file__).parent / "migrations"
_ONE_AT_A_TIME = 0x6B656C69


def upgrade(database_url: str, revision: str = "head") -> str:
    """Migrate up to `revision`; the version reached. Two at once wait for each other."""
    return _migrate(database_url, revision, command.upgrade)


def downgrade(database_url: str, revision: str) -> str:
    """Migrate down to `revision` ("base" for an empty schema); the version reached."""
    return _migrate(database_url, revision, command.downgrade)


def head() -> str:
    """The newest version that this program knows."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head() or ""


def version(connection: Connection) -> str:
    """The version that the database has; empty where it has none."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def _migrate(database_url: str, revision: str, move: Callable[[Config, str], None]) -> str:
    migrating = engine(database_url)
    try:
        with migrating.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
            config.attributes["connection"] = connection
            move(config, revision)
            return version(connection)
    finally:
        migrating.dispose()
