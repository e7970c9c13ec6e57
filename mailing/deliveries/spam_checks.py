"""Judgements of a spam filter of the operator's own: asked for here, done by a worker, and kept
beside a hash of what was judged.

No page waits for the filter. It is shown what an invented person would read, never what somebody
does; what it says counts for a day, and for these words alone.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Text, select, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock, filtering
from mailing.base.database import OPERATIONAL, Table, db
from mailing.base.errors import Conflict, KelisimError
from mailing.base.filtering import Verdict
from mailing.base.jobs import SPAM, ring
from mailing.base.languages import gettext as _
from mailing.base.rspamd import Trouble
from mailing.base.settings import current
from mailing.campaigns import campaigns
from mailing.campaigns.campaigns import Campaign
from mailing.deliveries import drafts, samples
from mailing.deliveries.errands import WAITS, Errand
from mailing.deliveries.samples import Sample
from mailing.staff.audit import Actor, record

COUNTS_FOR = timedelta(days=1)
FRESH_FOR = timedelta(minutes=10)
_BATCH = 6

_WAITING = f"SELECT campaign_id, language FROM spam_checks WHERE {WAITS}"  # noqa: S608 - our own text


class SpamCheck(Errand, Table):
    """One language of a campaign that somebody asked about, and what the filter said of it;
    `said` is the hash of what it was shown."""

    __tablename__ = "spam_checks"
    __table_args__ = (
        CheckConstraint(
            "trouble IN ('away', 'slow', 'locked', 'nonsense', 'skipped')",
            name="spam_trouble_is_known",
        ),
    )

    campaign_id: Mapped[int] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True, info=OPERATIONAL
    )
    language: Mapped[str] = mapped_column(Text, primary_key=True, info=OPERATIONAL)
    said: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)
    kept: Mapped[dict[str, Any] | None] = mapped_column("verdict", JSONB, info=OPERATIONAL)
    trouble: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)

    @property
    def verdict(self) -> Verdict | None:
        return filtering.from_kept(self.kept) if self.kept else None

    def counts_for(self, said: str, within: timedelta = COUNTS_FOR) -> bool:
        """Whether it is about exactly these words, and not too old."""
        is_young = self.checked_at is not None and self.checked_at > clock.now() - within
        return self.said == said and is_young


@dataclass(frozen=True)
class Asked:
    """One language of a campaign that somebody asked about, and when."""

    campaign_id: int
    language: str
    at: datetime


@dataclass(frozen=True)
class Exhibit:
    """What the filter is shown of one language: a whole message to nobody, and the hash of what it
    says."""

    asked: Asked
    said: str
    raw: bytes


@dataclass(frozen=True)
class Judged:
    """An exhibit and what came of it: a verdict, or why there is none."""

    exhibit: Exhibit
    verdict: Verdict | None
    trouble: Trouble | None = None


def is_configured() -> bool:
    """Whether there is a filter to ask."""
    return current().rspamd_url is not None


def said_in(campaign: Campaign, language: str) -> str | None:
    """A hash of what it says to an invented person (SHA-256, hexadecimal); None where the message
    cannot be made, which is told elsewhere."""
    try:
        return hashlib.sha256(drafts.preview(campaign, language).raw).hexdigest()
    except KelisimError:
        return None


def ask(campaign: Campaign, actor: Actor) -> int:
    """Ask for every language to be judged, but those judged within ten minutes as they are now;
    how many. Raises Conflict where there is no filter."""
    if not is_configured():
        raise Conflict(_("There is no spam filter to ask: KELISIM_RSPAMD_URL is not set."))
    now = clock.now()
    asked = [body.language for body in campaign.written if not _is_fresh(campaign, body.language)]
    if asked:
        rows = [{"campaign_id": campaign.id, "language": one, "asked_at": now} for one in asked]
        key = ["campaign_id", "language"]
        add = insert(SpamCheck).values(rows)
        db.session.execute(add.on_conflict_do_update(index_elements=key, set_={"asked_at": now}))
        ring(SPAM)
    record(actor, "spam filter asked", f"campaign {campaign.id}", languages=len(asked))
    return len(asked)


def known(campaign: Campaign, language: str) -> SpamCheck | None:
    """What is known of one language, of whatever it said then."""
    query = select(SpamCheck).filter_by(campaign_id=campaign.id, language=language)
    return db.session.scalar(query.execution_options(populate_existing=True))


def is_waited_for() -> bool:
    """Whether somebody asked, and no worker is at it; never where there is no filter."""
    return is_configured() and bool(db.session.scalar(text(f"SELECT EXISTS ({_WAITING})")))


def take(most: int = _BATCH) -> list[Asked]:
    """Some to be judged; no other worker takes them within a minute."""
    query = f"""
        UPDATE spam_checks SET taken_at = now()
        WHERE (campaign_id, language) IN ({_WAITING} ORDER BY asked_at, campaign_id, language
                                          LIMIT :most FOR UPDATE SKIP LOCKED)
        RETURNING campaign_id, language, asked_at
    """  # noqa: S608 - our own text; every value is bound
    return [Asked(*row) for row in db.session.execute(text(query), {"most": most})]


def exhibit(asked: Asked) -> Exhibit | None:
    """What the filter is to be shown, dated now: an old date is a rule of its own. None where it
    cannot be made any longer, and then nobody waits for it."""
    campaign = campaigns.find(asked.campaign_id)
    said = said_in(campaign, asked.language)
    if said is None:
        row = _row(asked)
        if row is not None:
            db.session.delete(row)
        return None
    reader = samples.reader(Sample.USUAL)
    raw = drafts.preview_for(campaign, asked.language, reader, clock.now()).raw
    return Exhibit(asked, said, raw)


def keep(judged: Iterable[Judged]) -> None:
    """Note what was said. Whoever asked anew meanwhile, of other words perhaps, goes on waiting."""
    for one in judged:
        asked = one.exhibit.asked
        row = _row(asked)
        if row is not None:
            # Never before the question, whatever the clocks of two machines say.
            row.checked_at = asked.at if row.asked_at > asked.at else max(clock.now(), asked.at)
            row.said, row.trouble = one.exhibit.said, one.trouble
            row.kept = asdict(one.verdict) if one.verdict else None


def _row(asked: Asked) -> SpamCheck | None:
    key = (asked.campaign_id, asked.language)
    return db.session.get(SpamCheck, key, populate_existing=True, with_for_update=True)


def _is_fresh(campaign: Campaign, language: str) -> bool:
    said, row = said_in(campaign, language), known(campaign, language)
    if said is None:
        return True
    return row is not None and row.verdict is not None and row.counts_for(said, FRESH_FOR)
