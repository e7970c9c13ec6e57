"""Requests: what a person asks of the officer, with a due date that is stored when it comes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    select,
)
from sqlalchemy import text as sql_text
from sqlalchemy.dialects.postgresql import TIMESTAMP, insert
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import DEPERSONALISED, OPERATIONAL, PERSONAL, Table, db
from mailing.base.errors import Missing
from mailing.base.languages import LANGUAGES
from mailing.base.settings import current
from mailing.inbound.messages import InboundMessage
from mailing.people.subscribers import Sealer, Subscriber, digest_of
from mailing.people.subscribers import lock as lock_person
from mailing.requests import rights, timeline
from mailing.requests.correspondent import Correspondent
from mailing.requests.kinds import (
    UNFINISHED,
    Channel,
    Happened,
    Identity,
    Kind,
    Resolution,
    State,
)
from mailing.staff.staff import Staff

At = TIMESTAMP(timezone=True)


class Request(Table):
    """One request. `correspondent_id` is the subscriber's id, or a random one for a stranger;
    what is sealed here is sealed to it."""

    __tablename__ = "requests"
    __table_args__ = (
        CheckConstraint(
            f"kind IN {rights.KNOWN}",
            name="request_kind_is_known",
        ),
        CheckConstraint(
            "channel IN ('mail', 'form', 'letter', 'staff')", name="request_channel_is_known"
        ),
        CheckConstraint(
            "state IN ('open', 'waiting', 'answered', 'closed')", name="request_state_is_known"
        ),
        CheckConstraint(
            "resolution IN ('done', 'refused', 'duplicate', 'not_ours', 'no_reply', 'junk')",
            name="request_resolution_is_known",
        ),
        CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL) "
            "AND (state = 'closed') = (resolution IS NOT NULL)",
            name="closed_request_says_how",
        ),
        CheckConstraint("due_at <= outer_due_at", name="request_is_due_within_the_outer_limit"),
        CheckConstraint(
            "identity IN ('unknown', 'asked', 'sender', 'link', 'staff', 'denied')",
            name="request_identity_is_known",
        ),
        CheckConstraint(
            "(paused_at IS NULL) = (pause_reason IS NULL) "
            "AND (paused_at IS NULL OR state = 'waiting')",
            name="paused_request_waits_for_a_reason",
        ),
        CheckConstraint(
            "merged_into IS NULL OR (resolution IS NOT DISTINCT FROM 'duplicate' "
            "AND merged_into <> id)",
            name="merged_request_is_a_duplicate",
        ),
        Index("request_number_is_unique", "number", unique=True),
        Index(
            "one_request_a_message_and_kind",
            "inbound_id",
            "kind",
            unique=True,
            postgresql_where=sql_text("inbound_id IS NOT NULL"),
        ),
        Index("requests_of_subscriber", "subscriber_id"),
        Index("requests_of_correspondent", "correspondent_id"),
        Index(
            "requests_of_sender",
            "sender_digest",
            postgresql_where=sql_text("sender_digest IS NOT NULL"),
        ),
        Index("requests_due", "due_at", postgresql_where=sql_text("state <> 'closed'")),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, info=OPERATIONAL)
    number: Mapped[str] = mapped_column(Text, info=DEPERSONALISED)
    kind: Mapped[str] = mapped_column(Text, info=DEPERSONALISED)
    channel: Mapped[str] = mapped_column(Text, info=DEPERSONALISED)
    correspondent_id: Mapped[UUID] = mapped_column(info=DEPERSONALISED)
    subscriber_id: Mapped[UUID | None] = mapped_column(
        ForeignKey(Subscriber.id), info=DEPERSONALISED
    )
    inbound_id: Mapped[int | None] = mapped_column(ForeignKey(InboundMessage.id), info=OPERATIONAL)
    language: Mapped[str | None] = mapped_column(Text, info=DEPERSONALISED)
    # Who wrote, and what an answer refers to; destroyed with the person's other data.
    sender: Mapped[bytes | None] = mapped_column(LargeBinary, info=PERSONAL)
    sender_digest: Mapped[bytes | None] = mapped_column(LargeBinary, info=DEPERSONALISED)
    received_at: Mapped[datetime] = mapped_column(At, info=DEPERSONALISED)
    due_at: Mapped[datetime] = mapped_column(At, info=DEPERSONALISED)
    outer_due_at: Mapped[datetime] = mapped_column(At, info=DEPERSONALISED)
    state: Mapped[str] = mapped_column(Text, info=DEPERSONALISED)
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey(Staff.id), info=OPERATIONAL)
    resolution: Mapped[str | None] = mapped_column(Text, info=DEPERSONALISED)
    reason: Mapped[bytes | None] = mapped_column(LargeBinary, info=PERSONAL)
    closed_at: Mapped[datetime | None] = mapped_column(At, info=DEPERSONALISED)
    identity: Mapped[str] = mapped_column(
        Text,
        default=Identity.UNKNOWN.value,
        server_default=sql_text("'unknown'"),
        info=DEPERSONALISED,
    )
    paused_at: Mapped[datetime | None] = mapped_column(At, info=DEPERSONALISED)
    pause_reason: Mapped[str | None] = mapped_column(Text, info=DEPERSONALISED)
    extended_at: Mapped[datetime | None] = mapped_column(At, info=DEPERSONALISED)
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("requests.id"), info=OPERATIONAL)
    # What was said on paper, by telephone or in the form; a message lies in the intake.
    told: Mapped[bytes | None] = mapped_column(LargeBinary, info=PERSONAL)

    @property
    def what(self) -> Kind:
        return Kind(self.kind)

    @property
    def is_unconfirmed(self) -> bool:
        """Whether it was typed into the form, and nobody has pressed the button that was mailed."""
        is_asked = self.state == State.WAITING and self.identity == Identity.ASKED
        return is_asked and self.channel == Channel.FORM

    @property
    def by(self) -> Channel:
        """The way by which it came."""
        return Channel(self.channel)

    @property
    def tongue(self) -> str:
        """The language to answer in: the message's own, else the person's, else Kazakh."""
        return self.language or _language_of(self.subscriber_id) or LANGUAGES[0]

    @property
    def correspondent(self) -> Correspondent | None:
        """Who wrote; None where nobody is known, or no longer."""
        return Correspondent.opened(self.sender, self.correspondent_id)

    @property
    def why(self) -> str:
        """The reason that it was closed with."""
        if self.reason is None:
            return ""
        return str(Sealer().open(self.reason, self.correspondent_id.bytes)["reason"])

    @property
    def words(self) -> str:
        """What was asked, where no message holds it."""
        if self.told is None:
            return ""
        return str(Sealer().open(self.told, self.correspondent_id.bytes)["told"])

    @property
    def ended(self) -> Resolution | None:
        return Resolution(self.resolution) if self.resolution else None


class RequestYear(Table):
    """The last number that was given in a year, so that no request has to be looked at for it."""

    __tablename__ = "request_years"

    year: Mapped[int] = mapped_column(Integer, primary_key=True, info=OPERATIONAL)
    last: Mapped[int] = mapped_column(Integer, info=OPERATIONAL)


@dataclass(frozen=True)
class NewRequest:
    """A request about to be opened. `correspondent` is who wrote it, where a message is behind it;
    `received_at` is now where nothing else is said; `more` are the rights beside `kind`; `told` is
    what was asked where no message holds it."""

    kind: Kind
    channel: Channel = Channel.MAIL
    subscriber_id: UUID | None = None
    inbound_id: int | None = None
    language: str | None = None
    received_at: datetime | None = None
    correspondent: Correspondent | None = None
    actor: str = timeline.OURSELVES
    more: tuple[Kind, ...] = ()
    identity: Identity | None = None
    told: str = ""


def open_request(new: NewRequest) -> Request:
    """Open a request with its number and due dates; the one that the same message opened before,
    where it did, and of a destruction the one that the same person waits for. Never commits. The
    receipt is a verb of its own: `acknowledging.acknowledge`."""
    if new.subscriber_id is not None:
        # Whoever holds a person may be waiting for the lock of the desk: the person comes first.
        lock_person(new.subscriber_id)
    _one_at_a_time()
    found = _opened_before(new)
    if found is not None:
        return found
    asked = tuple(dict.fromkeys((new.kind, *new.more)))
    laid = rights.laid(asked, new.received_at or clock.now())
    request = Request(**_columns(new, laid))
    db.session.add(request)
    db.session.flush()
    rights.keep(request.id, laid)
    timeline.note(request.id, Happened.OPENED, new.actor, kind=new.kind, channel=new.channel)
    for kind in asked[1:]:
        timeline.note(request.id, Happened.RIGHT_ADDED, new.actor, kind=kind)
    return request


def find(request_id: int) -> Request:
    """Raises Missing."""
    return _there(db.session.get(Request, request_id), request_id)


def named(text: str) -> Request:
    """By its number, as people name it, or by its id; raises Missing."""
    found = db.session.scalar(select(Request).where(Request.number == text.strip()))
    if found is None and text.isdecimal() and len(text) < 10:
        return find(int(text))
    return _there(found, text)


def lock(request_id: int) -> Request:
    """The request, held against every other act until the commit; raises Missing."""
    query = select(Request).where(Request.id == request_id).with_for_update()
    found = db.session.execute(query.execution_options(populate_existing=True))
    return _there(found.scalar_one_or_none(), request_id)


def hold(request_id: int) -> Request:
    """The same, and the person before it, as whoever answers by a link, or destroys, locks them;
    raises Missing."""
    whose = find(request_id).subscriber_id
    if whose is not None:
        lock_person(whose)
    return lock(request_id)


def of_subscriber(subscriber_id: UUID) -> list[Request]:
    """Everything that somebody asked for, the oldest first."""
    query = select(Request).where(Request.subscriber_id == subscriber_id)
    return list(db.session.scalars(query.order_by(Request.id)))


def of_form(sender_digest: bytes) -> list[Request]:
    """What was asked for by the form in the name of an address, and is not finished."""
    query = select(Request).where(
        Request.sender_digest == sender_digest,
        Request.channel == Channel.FORM.value,
        Request.state.in_([one.value for one in UNFINISHED]),
    )
    return list(db.session.scalars(query.order_by(Request.id)))


def of_message(inbound_id: int) -> list[Request]:
    """The requests that a message has opened."""
    query = select(Request).where(Request.inbound_id == inbound_id)
    return list(db.session.scalars(query.order_by(Request.id)))


def _there(found: Request | None, name: object) -> Request:
    if found is None:
        raise Missing(f"There is no request {name}.")
    return found


def _one_at_a_time() -> None:
    """Numbers have no gaps, and the same message opens one request, under any number of copies."""
    db.session.execute(sql_text("SELECT pg_advisory_xact_lock(hashtext('kelisim requests'))"))


def _opened_before(new: NewRequest) -> Request | None:
    by_message = of_message(new.inbound_id) if new.inbound_id is not None else []
    same = [one for one in by_message if one.kind == new.kind]
    return next(iter([*same, *_waiting_destruction(new)]), None)


def _waiting_destruction(new: NewRequest) -> list[Request]:
    """A person is destroyed once: two copies of one letter may differ in what a relay wrote on
    top, and are two messages. What somebody typed into the form is a request of its own: it
    waits apart, ends where nobody confirms it, and its number tells nobody who is known here; and
    what was told in words is kept with them."""
    is_typed = new.channel is Channel.FORM and new.correspondent is not None
    is_apart = bool(new.told) or (is_typed and new.identity is None)
    if new.kind is not Kind.DESTRUCTION or new.subscriber_id is None or is_apart:
        return []
    found = of_subscriber(new.subscriber_id)
    return [
        one
        for one in found
        if one.kind == new.kind and State(one.state) in UNFINISHED and not one.is_unconfirmed
    ]


def _columns(new: NewRequest, laid: list[rights.Right]) -> dict[str, Any]:
    who, sender = new.subscriber_id or uuid4(), new.correspondent
    told = Sealer().seal({"told": new.told}, who.bytes) if new.told else None
    return {
        "number": _next_number(),
        "kind": new.kind.value,
        "channel": new.channel.value,
        "correspondent_id": who,
        "subscriber_id": new.subscriber_id,
        "inbound_id": new.inbound_id,
        "language": new.language if new.language in LANGUAGES else None,
        "sender": sender.sealed(who) if sender else None,
        "sender_digest": digest_of(sender.mailbox) if sender else None,
        "received_at": new.received_at or clock.now(),
        "due_at": min(one.due_at for one in laid),
        "outer_due_at": min(one.outer_due_at for one in laid),
        "state": State.OPEN.value,
        "identity": (new.identity or _identity(new)).value,
        "told": told,
    }


def _identity(new: NewRequest) -> Identity:
    """Sure by itself where the receiving server has authenticated the address on file."""
    sender, whose = new.correspondent, new.subscriber_id
    subscriber = db.session.get(Subscriber, whose) if whose else None
    if sender is None or subscriber is None or not sender.is_authenticated:
        return Identity.UNKNOWN
    is_theirs = digest_of(sender.mailbox) == subscriber.digest
    return Identity.SENDER if is_theirs else Identity.UNKNOWN


def _next_number() -> str:
    """The next of its year, as "2026-0042"; the year is that of the operator's clock."""
    year = clock.now().astimezone(ZoneInfo(current().time_zone)).year
    counted = insert(RequestYear).values(year=year, last=1)
    counted = counted.on_conflict_do_update(
        index_elements=[RequestYear.year], set_={"last": RequestYear.last + 1}
    )
    last = db.session.execute(counted.returning(RequestYear.last)).scalar_one()
    return f"{year}-{last:04}"


def _language_of(subscriber_id: UUID | None) -> str | None:
    subscriber = db.session.get(Subscriber, subscriber_id) if subscriber_id else None
    return subscriber.language if subscriber else None
