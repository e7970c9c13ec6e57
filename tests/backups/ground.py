"""A world that is backed up, and where it is restored: the real verbs, no command line."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask

from mailing.backups import backup, restoring
from mailing.backups.backup import Made
from mailing.backups.restoring import Order
from mailing.base.database import dsn
from mailing.base.settings import Settings
from tests import road
from tests.person import elsewhere


def quiet(_sentence: str) -> None:
    """Nobody listens to how it goes."""


def back_up(settings: Settings, directory: Path) -> Made:
    """A backup of everything."""
    return backup.make(settings, directory, quiet)


@contextmanager
def restored(
    settings: Settings, url: str, directory: Path, **order: Any
) -> Iterator[tuple[Flask, dict[str, Any]]]:
    """The backup in another database, whose host has a place of its own; what restoring said."""
    var = directory.with_name(f"{directory.name}-restored")
    given = {"journals": (settings.journal,), "sending": (settings.var / "sending",)} | order
    there = {"database_url": url, "var": var, "backup_keys": settings.key_dir}
    with elsewhere(**there, journal_dir=var / "journal") as app:
        here = app.extensions["kelisim"]
        loaded = restoring.load(here, Order(directory, **given), quiet)
        told = restoring.catch_up_with(here, loaded, road.ACTOR, quiet)
        yield app, told


def rows(url: str) -> dict[str, list[bytes]]:
    """Every row of every table, as PostgreSQL spells it, in no order of its own."""
    with psycopg.connect(dsn(url)) as connection:
        named = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        )
        return {str(row[0]): _rows(connection, str(row[0])) for row in named.fetchall()}


def _rows(connection: psycopg.Connection, table: str) -> list[bytes]:
    with connection.cursor().copy(f'COPY "{table}" TO STDOUT'.encode()) as copy:
        return sorted(bytes(row) for row in copy)


def copied(directory: Path, to: Path) -> Path:
    """A copy of a directory, as somebody brings it to another machine."""
    shutil.copytree(directory, to)
    return to
