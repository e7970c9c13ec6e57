"""Approval: a second person's yes to exactly what will be sent, to whom, and in whose name.

It is bound to a hash of the words, the topic, the segment's definition and the sender; whatever
changes one of these leaves it void. What happened is appended and never changed, so that the two
names can be shown for ever. Whether an approval is needed at all is a setting.
"""

import hashlib
import json
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Integer, Text, select
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import OPERATIONAL, Table, db
from mailing.base.errors import Conflict, NotAllowed
from mailing.base.languages import gettext as _
from mailing.base.plain import clean_text
from mailing.base.settings import current
from mailing.campaigns import audience, brands, campaigns, counting
from mailing.campaigns.campaigns import Campaign, State
from mailing.staff.audit import Actor, AuditEntry, record

LONGEST_NOTE = 1000
# Looking, deciding, steering. Whoever did anything else in a campaign, by an act that is added
# later too, had a hand in it.
_NEUTRAL = (
    *("people seen", "person explained", "people listed", "ledger exported", "links looked up"),
    *("campaign approved", "campaign sent back", "campaign taken back", "campaign started"),
    "test mail found right",
    *("campaign called back", "campaign paused", "campaign resumed", "campaign stopped"),
)


class Step(StrEnum):
    """One fact of an approval's story."""

    ASKED = "asked"
    APPROVED = "approved"
    SENT_BACK = "sent_back"
    TAKEN_BACK = "taken_back"


class Approval(Table):
    """One step; the database refuses to change or delete it."""

    __tablename__ = "approvals"
    __table_args__ = (
        CheckConstraint(
            "step IN ('asked', 'approved', 'sent_back', 'taken_back')",
            name="approval_step_is_known",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, info=OPERATIONAL)
    campaign_id: Mapped[int] = mapped_column(
        ForeignKey("campaigns.id"), index=True, info=OPERATIONAL
    )
    step: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    actor: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), info=OPERATIONAL)
    bound_to: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    note: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    considered: Mapped[int] = mapped_column(Integer, info=OPERATIONAL)
    will_receive: Mapped[int] = mapped_column(Integer, info=OPERATIONAL)


def bound_to(campaign: Campaign) -> str:
    """A hash of all that an approval is about (SHA-256, hexadecimal)."""
    narrowed = campaign.narrowed
    said: dict[str, Any] = {
        "bodies": sorted(
            (asdict(body.content) for body in campaign.bodies), key=lambda body: body["language"]
        ),
        "language": campaign.language,
        "topic": campaign.topic_id,
        "segment": narrowed["definition"] if narrowed else None,
        "sender": current().from_,
    }
    if counting.is_wanted(campaign):
        said["clicks"] = "counted"
    brand = brands.at(campaign.started_at or clock.now())
    if brand is not None:
        said["brand"] = brand.id
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def story(campaign_id: int) -> list[Approval]:
    """Every step, oldest first."""
    query = select(Approval).where(Approval.campaign_id == campaign_id).order_by(Approval.id)
    return list(db.session.scalars(query))


def standing(campaign: Campaign) -> Approval | None:
    """The approval that holds for what the campaign says now; None where there is none."""
    last = db.session.scalar(
        select(Approval)
        .where(Approval.campaign_id == campaign.id)
        .order_by(Approval.id.desc())
        .limit(1)
    )
    holds = last and last.step == Step.APPROVED and last.bound_to == bound_to(campaign)
    return last if holds else None


def approver(campaign: Campaign) -> str | None:
    """Who approved it: of what has been let go, whoever had then; else whose approval holds."""
    found = standing(campaign) if campaign.started_at is None else None
    return found.actor if found else campaign.approved_by


def demand(campaign: Campaign) -> None:
    """Raises NotAllowed where an approval is needed and none holds."""
    if current().approval and standing(campaign) is None:
        raise NotAllowed(
            _(
                "A second person has to approve this first, or something has changed since they"
                " did: ask for an approval. Nothing was sent."
            )
        )


def ask(campaign_id: int, actor: Actor, note: str = "") -> Approval:
    """Ask a second person; from then on nothing in it changes."""
    campaign = _in(campaign_id, State.DRAFT)
    campaign.state = State.REVIEW.value
    return _step(campaign, Step.ASKED, actor, note)


def approve(campaign_id: int, actor: Actor, seen: str) -> Approval:
    """Say yes to what was seen, `bound_to` of then.

    Raises NotAllowed for whoever asked or had a hand in it, Conflict where it has changed.
    """
    campaign = _in(campaign_id, State.REVIEW)
    if is_own(campaign, actor):
        raise NotAllowed(_("Nobody approves their own campaign: ask a colleague."))
    if seen != bound_to(campaign) or story(campaign.id)[-1].bound_to != seen:
        raise Conflict(
            _("It has changed since the approval was asked for. Send it back, then look again.")
        )
    campaign.state = State.APPROVED.value
    return _step(campaign, Step.APPROVED, actor, "")


def send_back(campaign_id: int, actor: Actor, note: str) -> Approval:
    """Say no, with what is to be done; it is a draft again."""
    campaign = _in(campaign_id, State.REVIEW)
    campaign.state = State.DRAFT.value
    return _step(campaign, Step.SENT_BACK, actor, note)


def take_back(campaign_id: int, actor: Actor) -> Approval:
    """Make it a draft again, to change it; an approval that it had is void."""
    campaign = _in(campaign_id, State.REVIEW, State.APPROVED)
    campaign.state = State.DRAFT.value
    return _step(campaign, Step.TAKEN_BACK, actor, "")


def is_own(campaign: Campaign, actor: Actor) -> bool:
    """Whether somebody wrote it, changed it, chose its people, or asked for the approval."""
    asked = (one.actor for one in story(campaign.id) if one.step == Step.ASKED)
    hands = select(AuditEntry.actor).where(
        AuditEntry.subject == f"campaign {campaign.id}", AuditEntry.action.not_in(_NEUTRAL)
    )
    return actor.name in {campaign.created_by, *asked, *db.session.scalars(hands)}


def _in(campaign_id: int, *states: State) -> Campaign:
    campaign = campaigns.lock(campaign_id)
    if campaign.state not in states:
        wanted = " or ".join(states)
        raise Conflict(f"Campaign {campaign.id} is {campaign.state}, not {wanted}.")
    return campaign


def _step(campaign: Campaign, step: Step, actor: Actor, note: str) -> Approval:
    counted = audience.count(campaign)
    made = Approval(
        campaign_id=campaign.id,
        step=step.value,
        actor=actor.name,
        at=clock.now(),
        bound_to=bound_to(campaign),
        note=clean_text("note", note, LONGEST_NOTE),
        considered=counted.considered,
        will_receive=counted.will_receive,
    )
    db.session.add(made)
    db.session.flush()
    words = {Step.ASKED: "approval asked for", Step.APPROVED: "campaign approved"}
    said = words.get(step, f"campaign {step.value.replace('_', ' ')}")
    record(actor, said, f"campaign {campaign.id}", bound_to=made.bound_to[:16])
    return made
