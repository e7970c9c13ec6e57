"""The sweep: what nobody was rung for, and what the dead left behind.

Each step is safe to run twice and by two sweepers at once; each judges the incarnations of its
own host only, and never its own.
"""

from uuid import UUID

import psycopg
import structlog

from mailing.base.database import db
from mailing.base.jobs import FAN_OUT, SEND, ring
from mailing.base.settings import Settings
from mailing.deliveries import dispatch, fanout, incarnations, queue
from mailing.deliveries.incarnations import Journalled, Owner
from mailing.people import expiry
from worker.incarnation import Host, boot_id
from worker.sendjournal import read

_log = structlog.get_logger()

_DUE = """
    SELECT EXISTS (SELECT FROM deliveries WHERE campaign_id IS NULL AND state = 'pending')
        OR EXISTS (SELECT FROM campaigns c WHERE c.state = 'sending' AND EXISTS (
            SELECT FROM deliveries d WHERE d.campaign_id = c.id AND d.state = 'pending'))
"""


def settle_the_dead(
    database: psycopg.Connection, settings: Settings, host: Host, own: UUID | None = None
) -> int:
    """Settle the rows of incarnations that are proved dead; how many rows."""
    settled = 0
    for owner in incarnations.with_work(database):
        if owner.id != own and _is_dead(owner, host):
            with database.transaction():
                settled += incarnations.settle(database, settings, owner.id, _traces(owner, host))
            _log.info("a dead incarnation was settled", incarnation=str(owner.id))
    return settled


def move_on(database: psycopg.Connection) -> None:
    """Move on what waits for nothing but a time: retries, holding windows, finished campaigns."""
    queue.ripen(database)
    dispatch.release_due()
    finished = dispatch.finish()
    expiry.forget_unconfirmed()
    db.session.commit()
    if finished:
        _log.info("campaigns are done", campaigns=finished)


def ring_for_the_due(database: psycopg.Connection) -> None:
    """Ring for what is due: a wake-up may have been lost, or never sent."""
    for campaign_id in fanout.unfinished():
        ring(FAN_OUT, campaign_id=campaign_id)
    row = database.execute(_DUE).fetchone()
    if row and row[0]:
        ring(SEND)
    db.session.commit()


def _is_dead(owner: Owner, host: Host) -> bool:
    if owner.is_fenced:
        return True
    if owner.host_id != host.id:
        return False
    # A reboot ends every process, so another boot's incarnation is dead without a lock.
    return owner.boot_id != boot_id() or host.is_dead(owner.id)


def _traces(owner: Owner, host: Host) -> Journalled:
    # The journal is not synced: after a reboot, or from another host, what it does not name
    # may have been sent all the same.
    if owner.host_id != host.id:
        return Journalled({}, is_whole=False)
    traces = read(host.journal_of(owner.id))
    return Journalled(traces or {}, is_whole=traces is not None and owner.boot_id == boot_id())
