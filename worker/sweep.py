"""The sweep: what nobody was rung for, and what the dead left behind.

Each step is safe to run twice and by two sweepers at once; each judges the incarnations of its
own host only, and never its own.
"""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import psycopg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from mailing.backups import keys
from mailing.base import clock
from mailing.base.database import db
from mailing.base.jobs import BUNDLE, DNS, IMPORT, LINKS, SEND, SPAM, ring
from mailing.base.settings import Settings
from mailing.deliveries import (
    batch_tallies,
    brake,
    dispatch,
    dns_checks,
    halting,
    incarnations,
    links,
    returns,
    spam_checks,
    tallies,
)
from mailing.deliveries.incarnations import Journalled, Owner
from mailing.people import expiry, growth
from mailing.people.imports import running, uploads
from mailing.requests import digest, moving, saying, sweeping
from mailing.requests.bundles import state as bundles
from worker.incarnation import Host, boot_id
from worker.sendjournal import read

_log = structlog.get_logger()

Steps = tuple[Callable[[], object], ...]

# What a campaign waits for, and what has a day or an hour.
OFTEN: Steps = (
    dispatch.release_due,
    halting.close_stopped,
    brake.look_at_all,
    returns.settle_uncertain,
    dispatch.finish,
    tallies.keep,
    batch_tallies.keep,
)
SELDOM: Steps = (
    growth.keep,
    expiry.forget_unconfirmed,
    moving.forget_unanswered,
    saying.forget_unanswered,
    digest.send_due,
    uploads.forget,
    dns_checks.ask_again,
    sweeping.run,
    bundles.expire,
)

# A backup's snapshot is as old as its day; messages may have been on their way for days.
_MARGIN = timedelta(days=7)

_DUE = """
    SELECT EXISTS (SELECT FROM batches WHERE campaign_id IS NULL AND due_at <= now())
        OR EXISTS (SELECT FROM campaigns c WHERE c.state = 'sending' AND EXISTS (
            SELECT FROM batches b WHERE b.campaign_id = c.id AND b.due_at <= now()))
"""


def settle_the_dead(
    database: psycopg.Connection, settings: Settings, host: Host, own: UUID | None = None
) -> int:
    """Settle the rows of incarnations that are proved dead; how many rows."""
    dead = [o for o in incarnations.with_work(database) if o.id != own and _is_dead(o, host)]
    return sum(_settle(database, settings, owner, host) for owner in dead)


def move_on(steps: Steps = OFTEN + SELDOM) -> None:
    """Move on what waits for nothing but a time: holding windows, stopped and finished campaigns.

    Each step commits for itself: what troubles one neither undoes nor keeps off another.
    """
    for step in steps:
        try:
            step()
            db.session.commit()
        except SQLAlchemyError as error:
            db.session.rollback()
            _log.error("a step of the sweep failed", step=step.__name__, error=type(error).__name__)


def ring_the_senders(database: psycopg.Connection) -> None:
    """Ring for messages that are due."""
    row = database.execute(_DUE).fetchone()
    if row and row[0]:
        ring(SEND)
    # It rings with a commit, and would wait for that of the next step.
    db.session.commit()


def ring_for_the_due(database: psycopg.Connection) -> None:
    """Ring for what is due: a wake-up may have been lost, or never sent."""
    ring_the_senders(database)
    if links.is_waited_for():
        ring(LINKS)
    if dns_checks.is_waited_for():
        ring(DNS)
    if spam_checks.is_waited_for():
        ring(SPAM)
    for import_id in running.due():
        ring(IMPORT, import_id=import_id)
    for bundle_id in bundles.due():
        ring(BUNDLE, bundle_id=str(bundle_id))
    db.session.commit()


def tidy(database: psycopg.Connection, settings: Settings, host: Host) -> None:
    """Let go of what no backup can need any more: keys whose time is over, and send journals that
    are older than the oldest backup.

    Both clocks have to say so: one that jumps ahead for a moment destroys nothing.
    """
    row = database.execute("SELECT now()").fetchone()
    now = min(clock.now(), row[0]) if row else clock.now()
    for key in keys.expire(settings, now.date()):
        _log.info("the key of a backup was destroyed", key=key.id, made_on=f"{key.made_on}")
    owning = {owner.id for owner in incarnations.with_work(database)}
    for owner in list(host.ended_before(_oldest(settings, now).timestamp())):
        if owner not in owning:
            host.forget(owner)
            _log.info("a send journal is older than every backup", incarnation=str(owner))


def _oldest(settings: Settings, now: datetime) -> datetime:
    """A time that is before every backup that can be opened, and a week earlier."""
    days = [now.date() - timedelta(days=settings.backup_days)]
    days += [key.made_on for key in keys.known(settings.key_dir)]
    return datetime.combine(min(days), time.min, UTC) - _MARGIN


def _settle(database: psycopg.Connection, settings: Settings, owner: Owner, host: Host) -> int:
    try:
        traces = _traces(database, owner, host)
    except OSError as error:
        # Until its journal can be read, nobody knows what it sent; the others do not wait.
        _log.error("a send journal cannot be read", incarnation=str(owner.id), error=str(error))
        return 0
    with database.transaction():
        settled = incarnations.settle(database, settings, owner.id, traces)
    _log.info("a dead incarnation was settled", incarnation=str(owner.id))
    return settled


def _is_dead(owner: Owner, host: Host) -> bool:
    if owner.is_fenced:
        return True
    if owner.host_id != host.id:
        return False
    # A reboot ends every process, so another boot's incarnation is dead without a lock.
    return owner.boot_id != boot_id() or host.is_dead(owner.id)


def _traces(database: psycopg.Connection, owner: Owner, host: Host) -> Journalled:
    # The journal is not synced: after a reboot, or from another host, what it does not name
    # may have been sent all the same. So may what a process sends that was declared dead and
    # lives: only the kernel's word says that nothing more will be written.
    if owner.host_id != host.id:
        return Journalled({}, is_whole=False)
    is_over = owner.boot_id == boot_id() and host.is_dead(owner.id)
    # Only then what it has to tell of: as long as a process lives it seals.
    sealed = incarnations.sealed_by(database, owner.id)
    traces = read(host.journal_of(owner.id), of=sealed)
    return Journalled(traces or {}, is_whole=traces is not None and is_over)
