"""The schema's version: the database's, and the newest that this program knows.

Read without Alembic, whose import would cost each command a tenth of a second.
"""

from functools import cache
from importlib.metadata import version as distributed
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import Connection

MIGRATIONS = Path(__file__).parent / "migrations"


@cache
def head() -> str:
    """The newest version: migrations are numbered, and their files named for the number."""
    return max(path.stem.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def version(connection: Connection) -> str:
    """The version that the database has; empty where it has none."""
    if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar() is None:
        return ""
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""


@cache
def software() -> dict[str, str]:
    """What runs here, as a certificate names it."""
    return {"name": "kelisim", "version": distributed("kelisim"), "schema": head()}
