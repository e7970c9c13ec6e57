"""Tidying: what no backup needs any more goes, what one may need stays."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from flask import Flask

from mailing.backups import keys
from mailing.base import clock
from mailing.base.database import dsn
from mailing.base.settings import Settings
from mailing.deliveries import incarnations
from tests import road
from worker import sweep
from worker.incarnation import Host, Incarnation

A_DAY = 86_400


@pytest.fixture
def host(app: Flask, settings: Settings) -> Host:
    return Host.here(settings)


def ended(host: Host, days: float) -> UUID:
    """A process that wrote its last line so many days ago, and is dead."""
    life = Incarnation(host)
    life.end()
    at = time.time() - days * A_DAY
    os.utime(host.journal_of(life.id), (at, at))
    return life.id


def tidy(settings: Settings, host: Host) -> None:
    with psycopg.connect(dsn(settings.database), autocommit=True) as database:
        sweep.tidy(database, settings, host)


def there(host: Host, owner: UUID) -> set[Path]:
    return {path for path in (host.journal_of(owner), host.lock_of(owner)) if path.exists()}


def test_a_send_journal_outlives_the_oldest_backup_by_a_week(
    settings: Settings, host: Host
) -> None:
    young, old = ended(host, settings.backup_days + 6), ended(host, settings.backup_days + 9)
    tidy(settings, host)
    assert len(there(host, young)) == 2
    assert there(host, old) == set()


def test_it_stays_while_a_key_opens_an_older_backup(settings: Settings, host: Host) -> None:
    """The time of backups was cut since; this one was promised to be openable for longer."""
    with clock.use(lambda: datetime.now(UTC) - timedelta(days=60)):
        keys.of_today(settings.model_copy(update={"backup_days": 90}))
    old = ended(host, 60)
    tidy(settings, host)
    assert len(there(host, old)) == 2


def test_it_stays_while_its_process_lives_or_owns_anything(settings: Settings, host: Host) -> None:
    alive = Incarnation(host)
    os.utime(host.journal_of(alive.id), (1, 1))
    owning = ended(host, 400)
    road.under_way(1)
    with psycopg.connect(dsn(settings.database), autocommit=True) as database:
        owner = incarnations.Owner(owning, host.id, "boot", False)
        incarnations.register(database, owner, 1)
        database.execute("INSERT INTO batch_owners SELECT %s, id FROM batches", [owning])
    # A lock is judged by other processes than the one that holds it.
    judged = [owner for owner in host.ended_before(time.time()) if owner != alive.id]
    assert judged == [owning]
    tidy(settings, Host(host.directory, uuid4()))
    assert len(there(host, owning)) == 2
    alive.end()


def test_keys_go_when_their_time_is_over_by_both_clocks(settings: Settings, host: Host) -> None:
    """A clock that jumps ahead for a moment destroys no key."""
    key = keys.of_today(settings)
    with clock.use(lambda: datetime.now(UTC) + timedelta(days=4000)):
        tidy(settings, host)
    assert key.path.exists()
    with clock.use(lambda: datetime.now(UTC) - timedelta(days=100)):
        over = keys.of_today(settings)
    tidy(settings, host)
    assert not over.path.exists()
    assert key.path.exists()
