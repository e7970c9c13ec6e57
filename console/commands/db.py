"""`kelisim db`: the version of the database."""

import click

from console.frame import application, leaf, serving
from console.output import Answer
from mailing.base import schema
from mailing.base.database import db as database
from mailing.leaving import marks


@click.group()
def db() -> None:
    """The version of the database."""


@db.command()
@leaf
def upgrade() -> Answer:
    """Migrate the database to this version; safe to repeat, two at once wait.

    Begins the withdrawal journal of a database that has none yet.
    """
    with serving() as settings:
        version = schema.upgrade(settings.database)
        with application():
            marks.own_journal()
            database.session.commit()
    return _at(version)


@db.command()
@click.argument("revision")
@leaf
def downgrade(revision: str) -> Answer:
    """Migrate the database down to REVISION ("base": an empty one; data are lost)."""
    with serving() as settings:
        return _at(schema.downgrade(settings.database, revision))


def _at(version: str) -> Answer:
    return Answer({"version": version or None}, f"The database is at version {version or 'none'}.")
