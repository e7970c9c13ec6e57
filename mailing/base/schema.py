"""The way of the database's schema to this program's version, and back."""

from collections.abc import Callable

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from mailing.base.database import engine
from mailing.base.version import MIGRATIONS, version

_ONE_AT_A_TIME = 0x6B656C69


def upgrade(database_url: str, revision: str = "head") -> str:
    """Migrate up to `revision`; the version reached. Two at once wait for each other."""
    return _migrate(database_url, revision, command.upgrade)


def downgrade(database_url: str, revision: str) -> str:
    """Migrate down to `revision` ("base" for an empty schema); the version reached."""
    return _migrate(database_url, revision, command.downgrade)


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
