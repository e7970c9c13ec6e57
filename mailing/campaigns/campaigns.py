"""Campaigns: one message to one topic, in up to three languages."""

from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Text, func, select, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mailing.base import clock
from mailing.base.database import DEPERSONALISED, OPERATIONAL, Table, db
from mailing.base.errors import Conflict, Invalid, Missing
from mailing.base.languages import LANGUAGE_IS_A_TAG, LANGUAGES
from mailing.campaigns import history, sentences
from mailing.campaigns.content import Content, Format
from mailing.campaigns.segments import Segment
from mailing.campaigns.sentences import Conditions
from mailing.people import topics
from mailing.staff.audit import Actor, record

At = TIMESTAMP(timezone=True)

# The fair queue before a campaign's row: an advisory lock of its number (0x6b63 is "kc").
QUEUE_FOR_SHARE = "SELECT pg_advisory_xact_lock_shared(27491, c) FROM unnest(%(ids)s::int[]) AS c"
_QUEUE = "SELECT pg_advisory_xact_lock(27491, :campaign)"
_TRY = "SELECT pg_try_advisory_xact_lock(27491, :campaign)"


class State(StrEnum):
    """The life of a campaign; the holding window is `scheduled` with a `release_at`."""

    DRAFT = "draft"
    REVIEW = "review"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    PAUSED = "paused"
    STOPPED = "stopped"
    DONE = "done"


class Kind(StrEnum):
    """A notice is a campaign in every respect; it announces a policy version."""

    CAMPAIGN = "campaign"
    NOTICE = "notice"


class CampaignBody(Table):
    """What a campaign says in one language."""

    __tablename__ = "campaign_bodies"
    __table_args__ = (
        CheckConstraint(LANGUAGE_IS_A_TAG, name="body_language_is_known"),
        CheckConstraint(
            "format IN ('markdown', 'html', 'mjml', 'blocks')", name="body_format_is_known"
        ),
    )

    campaign_id: Mapped[int] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True, info=OPERATIONAL
    )
    language: Mapped[str] = mapped_column(Text, primary_key=True, info=OPERATIONAL)
    subject: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    preheader: Mapped[str] = mapped_column(Text, server_default=text("''"), info=OPERATIONAL)
    format: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    body: Mapped[str] = mapped_column(Text, info=OPERATIONAL)

    @property
    def content(self) -> Content:
        """The same as a value."""
        return Content(self.language, self.subject, self.body, self.format, self.preheader)


class Campaign(Table):
    """One message to one topic."""

    __tablename__ = "campaigns"
    __table_args__ = (
        CheckConstraint("kind IN ('campaign', 'notice')", name="campaign_kind_is_known"),
        CheckConstraint(
            "state IN ('draft', 'review', 'approved', 'scheduled', 'sending', 'paused', "
            "'stopped', 'done')",
            name="campaign_state_is_known",
        ),
        CheckConstraint(
            "kind <> 'notice' OR policy_id IS NOT NULL", name="notice_announces_a_policy"
        ),
        CheckConstraint(
            "state NOT IN ('sending', 'paused', 'done') OR audience IS NOT NULL",
            name="sending_has_an_audience",
        ),
        CheckConstraint("kind <> 'notice' OR segment_id IS NULL", name="notice_has_no_segment"),
        CheckConstraint("kind <> 'notice' OR NOT counts_clicks", name="notice_counts_no_clicks"),
        Index(
            "one_notice_a_policy",
            "policy_id",
            unique=True,
            postgresql_where=text("kind = 'notice'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, info=OPERATIONAL)
    kind: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id"), info=OPERATIONAL)
    policy_id: Mapped[int | None] = mapped_column(
        ForeignKey("policy_versions.id"), info=OPERATIONAL
    )
    state: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    language: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    created_by: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    created_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    release_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    started_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    finished_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    audience: Mapped[int | None] = mapped_column(Integer, info=OPERATIONAL)
    considered: Mapped[int | None] = mapped_column(Integer, info=OPERATIONAL)
    held_at_start: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), info=DEPERSONALISED
    )
    # Why the brake paused it; and since when it counts, after a person let it go on.
    brake: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), info=OPERATIONAL
    )
    brake_since: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    segment_id: Mapped[int | None] = mapped_column(ForeignKey("segments.id"), info=OPERATIONAL)
    # The segment as it was when the campaign was let go: id, name, definition. Changing a saved
    # segment afterwards changes nothing here.
    frozen_segment: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), info=OPERATIONAL
    )
    # Whose approval held when it was let go: shown for ever, whatever changes around it.
    approved_by: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)
    # Whether its links are to be counted, where the installation counts any (`counting`).
    counts_clicks: Mapped[bool] = mapped_column(server_default=text("false"), info=OPERATIONAL)

    bodies: Mapped[list[CampaignBody]] = relationship(
        cascade="all, delete-orphan", order_by=CampaignBody.language
    )
    topic: Mapped[topics.Topic] = relationship()
    segment: Mapped[Segment | None] = relationship()

    @property
    def narrowed(self) -> dict[str, Any] | None:
        """Its segment (id, name, definition): as frozen, else as it is saved now; None: nobody of
        the topic is left aside."""
        if self.frozen_segment is not None or self.segment is None:
            return self.frozen_segment
        return self.segment.frozen

    @property
    def conditions(self) -> Conditions | None:
        """What its segment asks of people."""
        narrowed = self.narrowed
        return sentences.read(narrowed["definition"]) if narrowed else None

    @property
    def written(self) -> list[CampaignBody]:
        """Its bodies in the order in which languages are always named."""
        return sorted(self.bodies, key=lambda body: LANGUAGES.index(body.language))

    def content_in(self, language: str) -> Content:
        """What it says to a reader of `language`: that, else its own language, else any."""
        by_language = {body.language: body for body in self.bodies}
        found = by_language.get(language) or by_language.get(self.language) or self.bodies[0]
        return found.content


def create(topic_slug: str, content: Content, actor: Actor) -> Campaign:
    """A draft to a topic; raises Missing for an unknown topic and Invalid for its content."""
    topic = topics.find(topic_slug)
    if topic.slug == topics.NOTICES:
        raise Invalid("The topic notices is for policy changes: publish a policy version instead.")
    return draft(Kind.CAMPAIGN, topic, [content], actor)


def draft(
    kind: Kind,
    topic: topics.Topic,
    contents: list[Content],
    actor: Actor,
    policy_id: int | None = None,
) -> Campaign:
    """A draft of either kind, in the languages of its contents; the first is its own."""
    campaign = Campaign(
        kind=kind.value,
        topic_id=topic.id,
        policy_id=policy_id,
        state=State.DRAFT.value,
        language=contents[0].language,
        created_by=actor.name,
        created_at=clock.now(),
        held_at_start={},
        brake={},
        bodies=[_body(content) for content in contents],
    )
    db.session.add(campaign)
    db.session.flush()
    for content in contents:
        history.note(campaign.id, content, actor.name)
    record(actor, f"{kind.value} created", f"campaign {campaign.id}", topic=topic.slug)
    return campaign


def edit(campaign: Campaign, content: Content, actor: Actor) -> Campaign:
    """Write what it says in one language; only a draft can be written."""
    # Held until the commit: a start at the same moment sends the one text or the other, whole.
    campaign = lock(campaign.id)
    demand_draft(campaign)
    others = [body for body in campaign.bodies if body.language != content.language]
    campaign.bodies = others
    db.session.flush()
    campaign.bodies = [*others, _body(content)]
    history.note(campaign.id, content, actor.name)
    record(actor, "campaign edited", f"campaign {campaign.id}", language=content.language)
    return campaign


def leave_out(campaign: Campaign, language: str, actor: Actor) -> Campaign:
    """Write it in this language no longer; what it said stays in its versions.

    Raises Conflict for what is no draft, and for the last language.
    """
    campaign = lock(campaign.id)
    kept = [body for body in campaign.bodies if body.language != language]
    if campaign.state != State.DRAFT or not kept:
        raise Conflict(f"Campaign {campaign.id} cannot do without its text in {language}.")
    campaign.bodies = kept
    if campaign.language == language:
        campaign.language = campaign.written[0].language
    db.session.flush()
    record(actor, "campaign language left out", f"campaign {campaign.id}", language=language)
    return campaign


def address(campaign: Campaign, topic_slug: str, actor: Actor) -> Campaign:
    """Choose another topic for a draft; raises Missing, and Conflict for what is no draft."""
    topic, campaign = topics.find(topic_slug), lock(campaign.id)
    is_open = campaign.state == State.DRAFT and campaign.kind == Kind.CAMPAIGN
    if not is_open or topic.slug == topics.NOTICES:
        raise Conflict(f"Campaign {campaign.id} goes to the topic {campaign.topic.slug}.")
    campaign.topic_id, campaign.topic = topic.id, topic
    db.session.flush()
    record(actor, "campaign readdressed", f"campaign {campaign.id}", topic=topic.slug)
    return campaign


def duplicate(campaign: Campaign, actor: Actor) -> Campaign:
    """A new draft that says the same to the same topic."""
    if campaign.kind == Kind.NOTICE:
        raise Conflict("A policy version is announced once; its notice is not duplicated.")
    own_first = sorted(campaign.bodies, key=lambda body: body.language != campaign.language)
    copy = draft(Kind.CAMPAIGN, campaign.topic, [body.content for body in own_first], actor)
    copy.segment_id, copy.counts_clicks = campaign.segment_id, campaign.counts_clicks
    db.session.flush()
    return copy


def demand_draft(campaign: Campaign) -> None:
    """Raises Conflict for what is no draft (any more)."""
    if campaign.state != State.DRAFT:
        raise Conflict(f"Campaign {campaign.id} is {campaign.state}; only a draft can be changed.")


def narrow(campaign_id: int, segment: Segment | None, actor: Actor) -> Campaign:
    """Let a draft go to those of its topic who are in the segment; None: to the whole topic.

    Raises Conflict for what is no draft, and for a notice, which everybody has to be told.
    """
    campaign = lock(campaign_id)
    if campaign.kind == Kind.NOTICE:
        raise Conflict("A notice tells everybody; it has no segment.")
    demand_draft(campaign)
    campaign.segment_id = segment.id if segment else None
    db.session.flush()
    db.session.expire(campaign, ["segment"])
    record(actor, "campaign narrowed", f"campaign {campaign.id}", segment=campaign.segment_id)
    return campaign


def find(campaign_id: int) -> Campaign:
    """A campaign by its number; raises Missing."""
    campaign = db.session.get(Campaign, campaign_id)
    if campaign is None:
        raise Missing(f"There is no campaign {campaign_id}; `kelisim campaign list` shows them.")
    return campaign


def lock(campaign_id: int) -> Campaign:
    """A campaign held against every gate and every other act until the commit.

    First a place in a fair queue: gates that share the row one after another would otherwise
    keep a stop waiting for as long as they overlap.
    """
    db.session.execute(text(_QUEUE), {"campaign": campaign_id})
    query = select(Campaign).where(Campaign.id == campaign_id).with_for_update()
    fresh = query.execution_options(populate_existing=True)
    return db.session.execute(fresh).scalar_one_or_none() or find(campaign_id)


def try_lock(campaign_id: int) -> Campaign | None:
    """The same; None at once where somebody else holds it."""
    is_free = db.session.execute(text(_TRY), {"campaign": campaign_id}).scalar_one()
    return lock(campaign_id) if is_free else None


def demand(campaign: Campaign, *states: State) -> None:
    """Raises Conflict for a campaign in none of these states."""
    if campaign.state not in states:
        wanted = " or ".join(states)
        raise Conflict(f"Campaign {campaign.id} is {campaign.state}, not {wanted}.")


def by_state(*states: State) -> list[Campaign]:
    """The campaigns in any of these states (in all, where none is named), newest first."""
    query = select(Campaign).order_by(Campaign.id.desc())
    if states:
        query = query.where(Campaign.state.in_([state.value for state in states]))
    return list(db.session.scalars(query))


def count_by_state() -> dict[str, int]:
    """How many campaigns there are in each state."""
    query = select(Campaign.state, func.count()).group_by(Campaign.state)
    return {row[0]: row[1] for row in db.session.execute(query)}


def _body(content: Content) -> CampaignBody:
    if content.language not in LANGUAGES:
        raise Invalid(f"The language is one of {', '.join(LANGUAGES)}.", "language")
    if content.format not in set(Format):
        raise Invalid(f"The format is one of {', '.join(Format)}.", "format")
    # The brief of blocks is written in any order: what is missing stops the start, not the draft.
    if content.format == Format.BLOCKS:
        return CampaignBody(**asdict(content))
    if not content.subject.strip():
        raise Invalid("Write a subject: it is what people see first.", "subject")
    if not content.body.strip():
        raise Invalid("Write a message: the body is empty.", "body")
    return CampaignBody(**asdict(content))
