"""`kelisim db`: the version of the database."""

import click

from console.frame import leaf, serving
from console.output import Answer
from mailing.base import schema


@click.group()
def db() -> None:
    """The version of the database."""


@db.command()
@leaf
def upgrade() -> Answer:
    """Migrate the database to this version; safe to repeat, two at once wait."""
    with serving() as settings:
        return _at(schema.upgrade(settings.database))


@db.command()
@click.argument("revision")
@leaf
def downgrade(revision: str) -> Answer:
    """Migrate the database down to REVISION ("base": an empty one; data are lost)."""
    with serving() as settings:
        return _at(schema.downgrade(settings.database, revision))


def _at(version: str) -> Answer:
    return Answer({"version": version or None}, f"The database is at version {version or 'none'}.")
