"""Opt-in requests: what somebody asked for on a form, until they confirm it.

The names typed into a form wait here, sealed, and reach the subscriber only with the
confirmation: a stranger who fills in a form changes nobody's data.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Text,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import DEPERSONALISED, OPERATIONAL, PERSONAL, Table, db
from mailing.people.subscribers import Sealer, Subscriber
from mailing.people.wording import tongue

LIFETIME = timedelta(days=7)
# What a form may say above its boxes (people/forms.py).
ABOVE = ("heading", "introduction")

AN_HOUR = timedelta(hours=1)

At = TIMESTAMP(timezone=True)


class State(StrEnum):
    """Where a request stands; one that is open and past its time has expired."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


class OptIn(Table):
    """One request through one form."""

    __tablename__ = "optins"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'confirmed', 'cancelled')", name="optin_state_is_known"),
        ForeignKeyConstraint(
            ["form_id", "form_version"], ["form_versions.form_id", "form_versions.version"]
        ),
        CheckConstraint(
            "(form_id IS NULL) = (form_version IS NULL)",
            name="optin_has_a_form_and_version_or_neither",
        ),
        Index("optins_of_subscriber", "subscriber_id"),
        Index("optins_by_time", "created_at"),
        Index(
            "optins_to_forget",
            "expires_at",
            postgresql_where=text("state <> 'confirmed' AND forgotten_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(
        primary_key=True, server_default=text("gen_random_uuid()"), info=OPERATIONAL
    )
    subscriber_id: Mapped[UUID] = mapped_column(ForeignKey("subscribers.id"), info=DEPERSONALISED)
    topic_ids: Mapped[list[int]] = mapped_column(ARRAY(Integer), info=DEPERSONALISED)
    # None for both: it was asked for in the preference centre or by a letter, no registered form.
    form_id: Mapped[int | None] = mapped_column(info=DEPERSONALISED)
    form_version: Mapped[int | None] = mapped_column(info=DEPERSONALISED)
    policy_id: Mapped[int] = mapped_column(ForeignKey("policy_versions.id"), info=DEPERSONALISED)
    language: Mapped[str] = mapped_column(Text, info=DEPERSONALISED)
    # Empty where nothing tells it: neither the browser nor a stamp of the hosted form.
    page: Mapped[str] = mapped_column(Text, info=DEPERSONALISED)
    wordings: Mapped[dict[str, str]] = mapped_column(JSONB, info=DEPERSONALISED)
    personal: Mapped[bytes | None] = mapped_column(LargeBinary, info=PERSONAL)
    # The SHA-256 of the letter that asked for it, from their own address, authenticated.
    letter: Mapped[str | None] = mapped_column(Text, info=DEPERSONALISED)
    state: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    created_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    expires_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    # Its confirmation came back: no second one is sent.
    bounced_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    # It came to nothing and its time was over: whatever it alone was kept for has gone.
    forgotten_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)

    @property
    def source(self) -> str:
        """The door that it came through: `form`, `preferences` or `mail`."""
        if self.letter is not None:
            return "mail"
        return "preferences" if self.form_id is None else "form"

    @property
    def standing(self) -> str:
        """open, confirmed, cancelled or expired."""
        past = self.state == State.OPEN and self.expires_at <= clock.now()
        return "expired" if past else self.state

    def evidence(self, topic_id: int) -> dict[str, Any]:
        """What proves this request for one topic; no personal data in it. The language is that of
        the sentence, which need not be the one that they are written to in.

        Beside the sentence of the box it names what the form said above it, where it said more.
        """
        above = {name: self.wordings[name] for name in ABOVE if name in self.wordings}
        letter = {"letter": self.letter} if self.letter is not None else {}
        return (
            above
            | letter
            | {
                "form": self.form_id,
                "form_version": self.form_version,
                # None: nothing said on which page the form was filled in.
                "page": self.page or None,
                "wording": self.wordings[str(topic_id)],
                "language": tongue(self.language),
                "policy": self.policy_id,
                "optin": str(self.id),
            }
        )

    def typed(self) -> dict[str, Any]:
        """The fields that were typed into the form, and where it was sent from if declared."""
        return Sealer().open(self.personal, self.id.bytes) if self.personal else {}


@dataclass(frozen=True)
class Submission:
    """A form as it was posted: `topics` are slugs.

    `is_trapped` says that a field was filled in which no person sees: nothing is to come of it.
    """

    form_slug: str
    address: str
    topics: tuple[str, ...]
    language: str
    policy_id: int
    page: str
    fields: dict[str, str] = field(default_factory=dict)
    network_address: str | None = None
    user_agent: str | None = None
    is_trapped: bool = False


@dataclass(frozen=True)
class Asked:
    """What a request is made of once the form has been understood.

    `wordings` are the hashes of the sentences by topic, `above` of what stood above them.
    `letter` names the authenticated letter that asked.
    """

    subscriber_id: UUID
    form_id: int | None
    form_version: int | None
    policy_id: int
    language: str
    page: str
    wordings: dict[int, str]
    typed: dict[str, Any]
    above: dict[str, str] = field(default_factory=dict)
    letter: str | None = None

    @classmethod
    def once_more(cls, optin: "OptIn") -> "Asked":
        """The same question again, with the words that were shown the first time."""
        return cls(
            subscriber_id=optin.subscriber_id,
            form_id=optin.form_id,
            form_version=optin.form_version,
            policy_id=optin.policy_id,
            language=optin.language,
            page=optin.page,
            wordings={topic_id: optin.wordings[str(topic_id)] for topic_id in optin.topic_ids},
            typed=optin.typed(),
            above={name: optin.wordings[name] for name in ABOVE if name in optin.wordings},
        )


def open_request(asked: Asked) -> OptIn:
    """Keep a request, open for seven days."""
    at, optin_id = clock.now(), uuid4()
    optin = OptIn(
        id=optin_id,
        subscriber_id=asked.subscriber_id,
        topic_ids=sorted(asked.wordings),
        form_id=asked.form_id,
        form_version=asked.form_version,
        policy_id=asked.policy_id,
        language=asked.language,
        page=asked.page,
        wordings={str(topic_id): key for topic_id, key in asked.wordings.items()} | asked.above,
        # With the row itself: whoever typed a name causes no statement more than anybody else.
        personal=Sealer().seal(asked.typed, optin_id.bytes) if asked.typed else None,
        letter=asked.letter,
        state=State.OPEN.value,
        created_at=at,
        expires_at=at + LIFETIME,
    )
    db.session.add(optin)
    db.session.flush()
    return optin


def newest_open(subscriber_id: UUID, form_id: int) -> OptIn | None:
    """What somebody asked for last through a form, where it is still open and its mail has not
    come back."""
    query = (
        select(OptIn)
        .where(OptIn.subscriber_id == subscriber_id, OptIn.form_id == form_id)
        .where(OptIn.state == State.OPEN.value, OptIn.expires_at > clock.now())
        .where(OptIn.bounced_at.is_(None))
        .order_by(OptIn.created_at.desc())
        .limit(1)
    )
    return db.session.scalars(query).one_or_none()


def number_lately(provider: str, at_most: int) -> int:
    """How many requests of the last hour are for addresses of one provider, counted this far."""
    recent = (
        select(OptIn.id)
        .join(Subscriber, Subscriber.id == OptIn.subscriber_id)
        .where(OptIn.created_at > clock.now() - AN_HOUR, Subscriber.provider == provider)
        .limit(at_most)
    )
    return db.session.scalar(select(func.count()).select_from(recent.subquery())) or 0


def find(optin_id: UUID) -> OptIn | None:
    """A request by its id, as it is now."""
    return db.session.get(OptIn, optin_id, populate_existing=True)


def close(optin: OptIn, state: State) -> None:
    """End a request; what was typed for it is kept no longer."""
    optin.state, optin.personal = state.value, None
