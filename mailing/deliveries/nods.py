"""Nods: somebody who got a test mail says that it looks right.

A nod is bound to what the mail said: its words in one language, the topic that its footer
names, and its looks. Whatever changes one of these leaves it void. It is appended and never
changed.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Text, or_, select
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import OPERATIONAL, Table, db
from mailing.base.errors import Conflict, NotAllowed
from mailing.base.languages import gettext as _
from mailing.base.languages import time_text
from mailing.base.settings import current
from mailing.campaigns import brands, campaigns
from mailing.campaigns.campaigns import Campaign, State
from mailing.deliveries.checks import Check, Fix, Level
from mailing.deliveries.deliveries import Delivery
from mailing.deliveries.deliveries import State as Became
from mailing.deliveries.tongues import tongue
from mailing.deliveries.trials import Trial
from mailing.people.canonical import canonical
from mailing.people.subscribers import digest_of
from mailing.staff import staff
from mailing.staff.audit import Actor, record

_NOT_YET_LET_GO = (State.DRAFT, State.REVIEW, State.APPROVED)


class Nod(Table):
    """One nod; `said` is the hash of what the test mail said."""

    __tablename__ = "nods"
    __table_args__ = (Index("nods_of_campaign", "campaign_id", "language", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, info=OPERATIONAL)
    campaign_id: Mapped[int] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), info=OPERATIONAL
    )
    language: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    said: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    nodded_by: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), info=OPERATIONAL)


def said_in(campaign: Campaign, language: str) -> str:
    """A hash of all that a nod is about (SHA-256, hexadecimal)."""
    brand = brands.at(clock.now())
    looks = brand.id if brand else None
    said = [asdict(campaign.content_in(language)), campaign.topic_id, looks]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def standing(campaign: Campaign, language: str) -> Nod | None:
    """The last nod to what it says now in a language; None where there is none."""
    query = select(Nod).where(
        Nod.campaign_id == campaign.id,
        Nod.language == language,
        Nod.said == said_in(campaign, language),
    )
    return db.session.scalar(query.order_by(Nod.id.desc()).limit(1))


def may_nod(campaign: Campaign, language: str, actor: Actor) -> bool:
    """Whether somebody sent or got a test mail that said what it says now, and a relay took it."""
    own = [Trial.sent_by == actor.name]
    address = staff.addresses().get(actor.name)
    if address:
        own.append(Trial.digest == digest_of(canonical(address)))
    content, changed_at = campaign.content_in(language), brands.changed_at(clock.now())
    query = (
        select(Trial.delivery_id)
        .join(Delivery, Delivery.id == Trial.delivery_id)
        .where(
            Trial.campaign_id == campaign.id,
            Trial.language == content.language,
            Trial.content == asdict(content),
            Delivery.topic_id == campaign.topic_id,
            Delivery.state == Became.ACCEPTED,
            or_(*own),
        )
    )
    if changed_at is not None:
        query = query.where(Trial.sent_at >= changed_at)
    return db.session.scalar(query.limit(1)) is not None


def nod(campaign_id: int, language: str, seen: str, actor: Actor) -> Nod:
    """Say that the test mail looks right; `seen` is `said_in` of the page that was looked at.

    Raises Conflict where it says something else by now or has been let go, and NotAllowed for
    somebody who got no test mail that said this.
    """
    campaign = campaigns.lock(campaign_id)
    if campaign.state not in _NOT_YET_LET_GO:
        raise Conflict(_("This campaign has been let go already."))
    if seen != said_in(campaign, language):
        raise Conflict(
            _("Somebody changed the message after you opened this page. Look at it again.")
        )
    if not may_nod(campaign, language, actor):
        raise NotAllowed(_("Whoever says that it looks right has got a test mail of it first."))
    made = Nod(
        campaign_id=campaign.id,
        language=language,
        said=seen,
        nodded_by=actor.name,
        at=clock.now(),
    )
    db.session.add(made)
    db.session.flush()
    record(actor, "test mail found right", f"campaign {campaign.id}", language=language)
    return made


def of(campaign: Campaign) -> Iterator[Check]:
    """Of each language that is written, whether somebody looked at it in a mailbox."""
    for body in campaign.written:
        yield _of_language(campaign, body.language)


def _of_language(campaign: Campaign, language: str) -> Check:
    found, name, title = standing(campaign, language), f"nod-{language}", _("Test mail")
    spoken_of = tongue(language)
    if found is None:
        detail = _(
            "%(language)s: since the last change nobody has said of a test mail that it looks"
            " right.",
            language=spoken_of,
        )
        return Check(name, Level.WARN, title, detail, Fix.TEST)
    detail = _(
        "%(language)s: it looks right, said %(who)s, %(when)s.",
        language=spoken_of,
        who=staff.addresses().get(found.nodded_by, found.nodded_by),
        when=time_text(found.at, current().time_zone),
    )
    return Check(name, Level.FINE, title, detail)
