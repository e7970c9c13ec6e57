"""Links of a campaign, looked up before it is sent: asked for here, done by a worker.

Only what is the same for every reader is looked up, so nothing personal leaves with it (policy
6.2), and never an address of our own: looking a link to leave up could act upon it. What was found
is kept, and counts for a day.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from sqlalchemy import CheckConstraint, Index, Text, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import OPERATIONAL, Table, db
from mailing.base.errors import KelisimError
from mailing.base.jobs import LINKS, ring
from mailing.base.settings import current
from mailing.campaigns.campaigns import Campaign
from mailing.deliveries import frames, message, stamps
from mailing.deliveries.errands import WAITS, Errand
from mailing.deliveries.message import FIELDS, Recipient
from mailing.deliveries.message.oversights import addresses_in
from mailing.staff.audit import Actor, record

MOST = 60  # of one campaign
COUNTS_FOR = timedelta(days=1)
FRESH_FOR = timedelta(minutes=10)
FORGOTTEN_AFTER = timedelta(days=30)
_BATCH = 8

_WAITING = f"SELECT address FROM link_checks WHERE {WAITS}"  # noqa: S608 - our own text


class Finding(StrEnum):
    """What became of looking one up."""

    FINE = "fine"
    MOVED = "moved"
    BROKEN = "broken"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class LinkCheck(Errand, Table):
    """One address that somebody asked about, and what it led to."""

    __tablename__ = "link_checks"
    __table_args__ = (
        CheckConstraint(
            "finding IN ('fine', 'moved', 'broken', 'refused', 'unknown')",
            name="link_finding_is_known",
        ),
        Index(
            "links_to_check",
            "asked_at",
            postgresql_where=text("checked_at IS NULL OR checked_at < asked_at"),
        ),
    )

    address: Mapped[str] = mapped_column(Text, primary_key=True, info=OPERATIONAL)
    finding: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)
    told: Mapped[str] = mapped_column(Text, server_default=text("''"), info=OPERATIONAL)


@dataclass(frozen=True)
class Found:
    """What a look at one address came to; `told` is a status, a place, or a word about why not."""

    address: str
    finding: Finding
    told: str = ""


def of(campaign: Campaign) -> list[str]:
    """The foreign addresses that every reader's message leads to, as the page has them."""
    found: dict[str, None] = {}
    for body in campaign.written:
        found.update(dict.fromkeys(_of_language(campaign, body.language)))
    return list(found)[:MOST]


def ask(campaign: Campaign, actor: Actor) -> int:
    """Ask for the links to be looked up, but those looked at within ten minutes; how many."""
    now = clock.now()
    asked = [
        address
        for address, known in known_of(of(campaign)).items()
        if known is None or known.checked_at is None or known.checked_at < now - FRESH_FOR
    ]
    if asked:
        add = insert(LinkCheck).values([{"address": one, "asked_at": now} for one in asked])
        again = add.on_conflict_do_update(index_elements=["address"], set_={"asked_at": now})
        db.session.execute(again)
        ring(LINKS)
    record(actor, "links looked up", f"campaign {campaign.id}", links=len(asked))
    return len(asked)


def known_of(addresses: Iterable[str]) -> dict[str, LinkCheck | None]:
    """What is known of each address."""
    wanted = list(addresses)
    query = select(LinkCheck).where(LinkCheck.address.in_(wanted))
    fresh = query.execution_options(populate_existing=True)
    rows = {row.address: row for row in db.session.scalars(fresh)}
    return {address: rows.get(address) for address in wanted}


def is_waited_for() -> bool:
    """Whether somebody asked about an address that no worker is looking up."""
    return bool(db.session.scalar(text(f"SELECT EXISTS ({_WAITING})")))


def take(most: int = _BATCH) -> list[str]:
    """Some addresses to look up, which no other worker takes within a minute."""
    query = f"""
        UPDATE link_checks SET taken_at = now()
        WHERE address IN ({_WAITING} ORDER BY asked_at, address LIMIT :most
                          FOR UPDATE SKIP LOCKED)
        RETURNING address
    """  # noqa: S608 - our own text; every value is bound
    return list(db.session.scalars(text(query), {"most": most}))


def keep(found: Iterable[Found]) -> None:
    """Note what was found."""
    for one in found:
        row = db.session.get(LinkCheck, one.address)
        if row is not None:
            # Never before the question, whatever the clocks of two machines say.
            row.checked_at = max(clock.now(), row.asked_at)
            row.finding, row.told = one.finding.value, one.told


def forget() -> None:
    """Forget what nobody has asked about for a month."""
    query = text("DELETE FROM link_checks WHERE asked_at < :limit")
    db.session.execute(query, {"limit": clock.now() - FORGOTTEN_AFTER})


def _of_language(campaign: Campaign, language: str) -> list[str]:
    """Of two invented people's messages, what leads to the same place in both."""
    try:
        one, other = _pages(campaign, language)
    except KelisimError:
        return []
    also = set(addresses_in(other))
    return [a for a in addresses_in(one) if a in also and _is_foreign(a)]


def _pages(campaign: Campaign, language: str) -> tuple[str, str]:
    settings, content = current(), campaign.content_in(language)
    frame = frames.campaign_frame(settings, campaign, content.language)
    compiled = message.compile(content, frame)
    stamp = stamps.sample_stamp(settings)
    both = (stamp, stamp._replace(leave_url=f"{stamp.leave_url}x"))
    first, second = (
        compiled.preview(Recipient(f"{who}@example.com", dict.fromkeys(FIELDS, who)), own).html
        for who, own in zip(("a", "b"), both, strict=True)
    )
    return first, second


def _is_foreign(address: str) -> bool:
    parts = urlsplit(address)
    own = urlsplit(current().public_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return False
    return parts.hostname.lower() != own.hostname and not re.search(r"[\s\x00-\x1f]", address)
