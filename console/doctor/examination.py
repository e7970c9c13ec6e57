"""All the checks in the order in which one would look: what others rest upon comes first."""

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from console.doctor.calendar import calendar
from console.doctor.dns import sending_domain
from console.doctor.finding import Finding, State, fine, look, wrong
from console.doctor.journal import journal
from console.doctor.secrets_file import secrets_file
from console.doctor.smtp import relay
from console.doctor.spam_filter import spam_filter
from console.frame import domain
from mailing.base import clock, installation, needs
from mailing.base.database import db
from mailing.base.errors import KelisimError
from mailing.base.operator import shown
from mailing.base.settings import Settings
from mailing.base.version import head, version
from mailing.deliveries.incarnations import Incarnation

LARGEST_CLOCK_DIFFERENCE_SECONDS = 2.0
OLDEST_POSTGRESQL = 15


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield each part's finding as soon as it is known. Changes nothing, sends nothing."""
    with domain(settings):
        yield from _database(settings)
        yield _queue(settings)
        yield from secrets_file(Path(".env"))
        yield _identity()
    yield from calendar(settings)
    for url in settings.smtp_url:
        yield relay(url)
    yield from sending_domain(settings)
    yield from spam_filter(settings)


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        number = int(db.session.scalar(text("SHOW server_version_num")) or 0)
    except DBAPIError as error:
        yield wrong("database", f"does not answer: {str(error.orig).strip().splitlines()[0]}")
        return
    major = number // 10_000
    is_old = major < OLDEST_POSTGRESQL
    yield (wrong if is_old else fine)("database", f"PostgreSQL {major}" + " is too old" * is_old)
    yield _clock()
    migrations = _migrations()
    yield migrations
    if migrations.state is State.OK:
        yield _keys()
        yield journal(settings)
        yield _sending()
        yield _hosts()


def _clock() -> Finding:
    before = clock.now()
    theirs = db.session.scalars(text("SELECT clock_timestamp()")).one()
    after = clock.now()
    apart = max((before - theirs).total_seconds(), (theirs - after).total_seconds(), 0.0)
    said = f"{apart:.1f} s apart from the database"
    return (fine if apart <= LARGEST_CLOCK_DIFFERENCE_SECONDS else wrong)("clock", said)


def _migrations() -> Finding:
    found, wanted = version(db.session.connection()), head()
    if found == wanted:
        return fine("migrations", f"version {found}")
    return wrong("migrations", f"version {found or 'none'}, not {wanted}: run kelisim db upgrade")


def _keys() -> Finding:
    try:
        installation.check_keys()
    except KelisimError as error:
        return wrong("keys", error.message)
    finally:
        # The first start writes the check values down; a doctor only looks.
        db.session.rollback()
    return fine("keys", "those of this database")


def _sending() -> Finding:
    here = installation.here()
    if here.sending_on:
        return fine("sending", "on")
    return wrong("sending", f"off: {here.sending_off_reason}")


def _hosts() -> Finding:
    """The hosts whose sending processes have not ended: `kelisim host fence` takes these ids."""
    query = select(Incarnation.host_id).where(
        Incarnation.ended_at.is_(None), Incarnation.fenced_at.is_(None)
    )
    found = sorted({str(host) for host in db.session.scalars(query)})
    return fine("hosts", f"sending: {', '.join(found)}" if found else "none is sending")


def _queue(settings: Settings) -> Finding:
    trouble = needs.queue_trouble(settings)
    return wrong("queue", trouble) if trouble else fine("queue", "answers, evicts nothing")


def _identity() -> Finding:
    operator = shown()
    if operator.is_whole:
        return fine("operator", operator.name)
    return look(
        "operator",
        "name, BIN or address is missing, nothing is sent: set KELISIM_OPERATOR_NAME, "
        "KELISIM_OPERATOR_BIN and KELISIM_OPERATOR_ADDRESS, or name it in the studio's settings",
    )
