"""Looks at the DNS: asked for here, done by a worker, kept, and repeated once a day.

Nobody waits for a resolver with a page open, and nothing here is looked at before somebody asked
for it once: an installation that is tried out asks no stranger.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, Text, select, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock, dns
from mailing.base.database import OPERATIONAL, Table, db
from mailing.base.jobs import DNS, ring
from mailing.base.settings import current
from mailing.deliveries import dns_records, dns_verdicts
from mailing.deliveries.dns_records import Record
from mailing.deliveries.dns_verdicts import Verdict
from mailing.deliveries.errands import Errand
from mailing.staff.audit import Actor, record

AGAIN_AFTER = timedelta(days=1)
_A_MOMENT = timedelta(minutes=1)


class DnsCheck(Errand, Table):
    """One name and kind that somebody asked about, and what a resolver said."""

    __tablename__ = "dns_checks"
    __table_args__ = (CheckConstraint("kind IN ('TXT', 'MX', 'PTR')", name="dns_kind_is_known"),)

    host: Mapped[str] = mapped_column(Text, primary_key=True, info=OPERATIONAL)
    kind: Mapped[str] = mapped_column(Text, primary_key=True, info=OPERATIONAL)
    found: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"), info=OPERATIONAL)
    trouble: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)


@dataclass(frozen=True)
class Seen:
    """A record, what was found last, and what is to be thought of it; `verdict` is None for one
    that nobody has looked at yet."""

    record: Record
    check: DnsCheck | None
    verdict: Verdict | None

    @property
    def checked_at(self) -> datetime | None:
        return self.check.checked_at if self.check else None


@dataclass(frozen=True)
class Fault:
    """A record that is not as it should be."""

    record: Record
    verdict: Verdict


def look() -> list[Seen]:
    """Every record that should be there, with what was found."""
    rows = {(row.host, row.kind): row for row in _rows()}
    wanted = dns_records.records(current())
    return [_seen(one, rows.get((one.host, one.kind))) for one in wanted]


def ask(actor: Actor) -> int:
    """Ask for every record to be looked up; how many."""
    wanted = dns_records.records(current())
    asked = _ask({(one.host, one.kind) for one in wanted})
    record(actor, "dns looked up", "sending domain", records=asked)
    return asked


def ask_again() -> None:
    """Once a day what somebody asked for once: a record that is gone is found in time."""
    limit = clock.now() - AGAIN_AFTER
    old = {(row.host, row.kind) for row in _rows() if row.asked_at < limit}
    # Nothing is worked out while nothing is old: the sweep asks each second.
    if old and (wanted := old & {(one.host, one.kind) for one in dns_records.records(current())}):
        _ask(wanted)


def is_waited_for() -> bool:
    """Whether there is something to look up that no worker is at."""
    return any(map(_is_free, _rows()))


def take() -> list[tuple[str, str]]:
    """What is to be looked up, as host and kind; no other worker takes it within a minute."""
    query = select(DnsCheck).with_for_update(skip_locked=True)
    fresh = query.execution_options(populate_existing=True)
    free = [row for row in db.session.scalars(fresh) if _is_free(row)]
    for row in free:
        row.taken_at = clock.now()
    return [(row.host, row.kind) for row in free]


def look_up(host: str, kind: str, resolver: str) -> tuple[list[str], str | None]:
    """What a resolver says, and why it could not; never raises, and needs no database."""
    if dns.is_reserved(host):
        return [], "reserved"
    try:
        return list(dns.ask(host, kind, resolver)), None
    except dns.Unanswered as error:
        return [], str(error)


def keep(host: str, kind: str, found: list[str], trouble: str | None) -> None:
    """Note what was said."""
    row = db.session.get(DnsCheck, (host, kind))
    if row is not None:
        row.checked_at = max(clock.now(), row.asked_at)
        row.found, row.trouble = found, trouble


def faults() -> Iterator[Fault]:
    """What was looked up within two days and is not as it should be."""
    limit = clock.now() - 2 * AGAIN_AFTER
    for one in look():
        if one.verdict and one.checked_at and one.checked_at > limit and one.verdict.is_fault:
            yield Fault(one.record, one.verdict)


def _seen(wanted: Record, row: DnsCheck | None) -> Seen:
    if row is None or row.checked_at is None:
        return Seen(wanted, row, None)
    return Seen(wanted, row, dns_verdicts.verdict(wanted, tuple(row.found), row.trouble))


def _rows() -> Iterable[DnsCheck]:
    return db.session.scalars(select(DnsCheck).execution_options(populate_existing=True))


def _ask(keys: set[tuple[str, str]]) -> int:
    now = clock.now()
    rows = [{"host": host, "kind": kind, "asked_at": now} for host, kind in sorted(keys)]
    again = (
        insert(DnsCheck)
        .values(rows)
        .on_conflict_do_update(index_elements=["host", "kind"], set_={"asked_at": now})
    )
    db.session.execute(again)
    ring(DNS)
    return len(rows)


def _is_free(row: DnsCheck) -> bool:
    if row.taken_at is None or row.taken_at < row.asked_at:
        return row.is_waited_for
    return row.is_waited_for and row.taken_at < clock.now() - _A_MOMENT
