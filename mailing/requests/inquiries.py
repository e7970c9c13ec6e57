"""Inquiries: what the desk asks a person by a link to their address: was it you, is this right?

The link goes to the address on file, so whoever presses reads that mailbox now. GET shows the
question, a button answers it. Nothing is disclosed by the first, nothing is changed without the
second.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Text, select, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import DEPERSONALISED, OPERATIONAL, PERSONAL, Table, db
from mailing.base.settings import current
from mailing.base.tokens import InquiryToken, link_keys
from mailing.people import address_changes
from mailing.people.subscribers import Sealer, Subscriber

At = TIMESTAMP(timezone=True)
LASTS = timedelta(days=7)


class What(StrEnum):
    """What is asked."""

    IDENTITY = "identity"
    CORRECTION = "correction"


class State(StrEnum):
    """What was answered; `over` where nobody did in time, or it is not theirs any more."""

    OPEN = "open"
    YES = "yes"
    NO = "no"
    OVER = "over"


class Inquiry(Table):
    """One question about a request, open until it is answered or its time is over."""

    __tablename__ = "inquiries"
    __table_args__ = (
        CheckConstraint("what IN ('identity', 'correction')", name="inquiry_is_known"),
        CheckConstraint("state IN ('open', 'yes', 'no', 'over')", name="inquiry_state_is_known"),
        CheckConstraint(
            "proposed IS NULL OR (what = 'correction' AND state = 'open')",
            name="only_an_open_correction_says_what",
        ),
        CheckConstraint(
            "what = 'identity' OR subscriber_id IS NOT NULL", name="correction_is_of_somebody"
        ),
        CheckConstraint(
            "(state IN ('yes', 'no')) = (answered_at IS NOT NULL)",
            name="answered_inquiry_says_when",
        ),
        Index(
            "one_open_inquiry_a_request",
            "request_id",
            "what",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
        Index("inquiries_of_request", "request_id"),
        Index("inquiries_of_subscriber", "subscriber_id"),
    )

    id: Mapped[UUID] = mapped_column(
        primary_key=True, server_default=text("gen_random_uuid()"), info=OPERATIONAL
    )
    request_id: Mapped[int] = mapped_column(ForeignKey("requests.id"), info=OPERATIONAL)
    subscriber_id: Mapped[UUID | None] = mapped_column(
        ForeignKey(Subscriber.id), info=DEPERSONALISED
    )
    what: Mapped[str] = mapped_column(Text, info=DEPERSONALISED)
    state: Mapped[str] = mapped_column(Text, info=DEPERSONALISED)
    # What the officer proposes to put right, sealed to the question; gone once it is answered.
    proposed: Mapped[bytes | None] = mapped_column(LargeBinary, info=PERSONAL)
    asked_at: Mapped[datetime] = mapped_column(At, info=DEPERSONALISED)
    expires_at: Mapped[datetime] = mapped_column(At, info=DEPERSONALISED)
    answered_at: Mapped[datetime | None] = mapped_column(At, info=DEPERSONALISED)

    @property
    def changes(self) -> dict[str, str]:
        """What is proposed, by the name of its field."""
        if self.proposed is None:
            return {}
        return dict(Sealer().open(self.proposed, self.id.bytes))

    @property
    def standing(self) -> State:
        """As it is now: one whose time is over, or whose mailbox is another's, is over."""
        if self.state == State.OPEN and (self.expires_at <= clock.now() or self._has_moved):
            return State.OVER
        return State(self.state)

    @property
    def link(self) -> str:
        """The address that stands in the mail."""
        settings = current()
        token = InquiryToken(self.id).text(link_keys(settings.secret_keys))
        return f"{settings.public_url}/inquiry/{token}"

    @property
    def _has_moved(self) -> bool:
        moved_at = address_changes.moved_at(self.subscriber_id) if self.subscriber_id else None
        return moved_at is not None and moved_at > self.asked_at

    def end(self, state: State) -> None:
        """It is answered, or over."""
        self.state, self.proposed = state.value, None
        self.answered_at = clock.now() if state in (State.YES, State.NO) else None


def begin(
    what: What, request_id: int, subscriber_id: UUID | None, changes: dict[str, Any] | None = None
) -> Inquiry:
    """A new question; the one that was open before it is over."""
    open_before = _open(what, request_id)
    if open_before is not None:
        open_before.end(State.OVER)
        db.session.flush()
    own, at = uuid4(), clock.now()
    inquiry = Inquiry(
        id=own,
        request_id=request_id,
        subscriber_id=subscriber_id,
        what=what.value,
        state=State.OPEN.value,
        proposed=Sealer().seal(changes, own.bytes) if changes else None,
        asked_at=at,
        expires_at=at + LASTS,
    )
    db.session.add(inquiry)
    db.session.flush()
    return inquiry


def read(token: str) -> Inquiry | None:
    """The question of a link; None for a link that is not ours."""
    found = InquiryToken.read(link_keys(current().secret_keys), token)
    return db.session.get(Inquiry, found.inquiry, populate_existing=True) if found else None


def of(request_id: int) -> list[Inquiry]:
    """What was asked about a request, the oldest first."""
    query = select(Inquiry).where(Inquiry.request_id == request_id).order_by(Inquiry.asked_at)
    return list(db.session.scalars(query))


def unanswered(most: int) -> list[Inquiry]:
    """Those whose time is over, and that nobody has closed yet."""
    query = select(Inquiry).where(
        Inquiry.state == State.OPEN.value, Inquiry.expires_at <= clock.now()
    )
    return list(db.session.scalars(query.order_by(Inquiry.expires_at).limit(most)))


def _open(what: What, request_id: int) -> Inquiry | None:
    return db.session.scalar(
        select(Inquiry).where(
            Inquiry.request_id == request_id,
            Inquiry.what == what.value,
            Inquiry.state == State.OPEN.value,
        )
    )
