"""Rules of retention: for each kind of data what goes once its term is over.

What is personal goes; that it was there, and what was done about it, stays. Nobody under a legal
hold is touched, and nothing that a request still needs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update

from mailing.base.database import db
from mailing.deliveries.answers import Answer
from mailing.deliveries.deliveries import Delivery
from mailing.deliveries.trials import Trial
from mailing.inbound.messages import InboundMessage
from mailing.inbound.messages import State as Stands
from mailing.leaving.reasons import LeaveReason
from mailing.requests import holds
from mailing.requests.kinds import State
from mailing.requests.requests import Request
from mailing.requests.rights import Right

AT_ONCE = 20_000


@dataclass(frozen=True)
class Rule:
    """One kind of data. `over` says what is past a moment; `values` what is written instead of the
    personal columns (none: the row goes)."""

    kind: str
    table: Any
    over: Callable[[datetime], ColumnElement[bool]]
    values: dict[str, Any] | None

    def count(self, past: datetime) -> int:
        """How many rows would go."""
        query = select(func.count()).select_from(self.table).where(self.over(past))
        return db.session.scalars(query).one()

    def run(self, past: datetime) -> int:
        """Let them go, so many at a time; how many went."""
        key = next(iter(self.table.__table__.primary_key.columns))
        some = select(key).where(self.over(past)).order_by(key).limit(AT_ONCE)
        change: Any = delete(self.table) if self.values is None else update(self.table)
        change = change.where(key.in_(some))
        if self.values is not None:
            change = change.values(self.values)
        gone: Any = db.session.execute(change, execution_options={"synchronize_session": False})
        return int(gone.rowcount)


def _free(person: Any, digest: Any = None) -> ColumnElement[bool]:
    """About nobody who is under a hold, by their id or their address."""
    by_id = or_(person.is_(None), person.not_in(holds.held_people()))
    if digest is None:
        return by_id
    return and_(by_id, or_(digest.is_(None), digest.not_in(holds.held_digests())))


def _kept(*kinds: str) -> Callable[[datetime], ColumnElement[bool]]:
    """What came in, of these kinds, and asked for nothing."""

    def over(past: datetime) -> ColumnElement[bool]:
        return and_(
            InboundMessage.kind.in_(kinds),
            InboundMessage.state == Stands.ACTED.value,
            InboundMessage.request_id.is_(None),
            InboundMessage.received_at < past,
            InboundMessage.sealed.is_not(None),
            _free(InboundMessage.subscriber_id, InboundMessage.sender_digest),
        )

    return over


def _letters(past: datetime) -> ColumnElement[bool]:
    """What people wrote, once every request that it is behind was closed so long ago."""
    waits = exists().where(
        or_(Request.inbound_id == InboundMessage.id, Request.id == InboundMessage.request_id),
        or_(Request.state != State.CLOSED.value, Request.closed_at >= past),
    )
    return and_(
        InboundMessage.kind.not_in([*_BOUNCES, "junk", "auto-reply"]),
        InboundMessage.state.in_([Stands.ACTED.value, Stands.WAITING.value]),
        InboundMessage.received_at < past,
        InboundMessage.sealed.is_not(None),
        ~waits,
        _free(InboundMessage.subscriber_id, InboundMessage.sender_digest),
    )


def _requests(past: datetime) -> ColumnElement[bool]:
    """Who wrote a request, what was told, and why it was closed."""
    return and_(
        Request.state == State.CLOSED.value,
        Request.closed_at < past,
        or_(*(one.is_not(None) for one in (Request.sender, Request.reason, Request.told))),
        _free(Request.subscriber_id, Request.sender_digest),
    )


def _rulings(past: datetime) -> ColumnElement[bool]:
    """What the person read about a decision."""
    over = exists().where(
        Request.id == Right.request_id,
        Request.state == State.CLOSED.value,
        Request.closed_at < past,
        _free(Request.subscriber_id, Request.sender_digest),
    )
    return and_(Right.words.is_not(None), over)


def _answers(past: datetime) -> ColumnElement[bool]:
    """What we wrote about a request that is closed, and to which address anything went."""
    waits = exists().where(
        Request.id == Answer.request_id,
        or_(Request.state != State.CLOSED.value, Request.closed_at >= past),
    )
    return and_(
        or_(Answer.content.is_not(None), Answer.recipient.is_not(None)),
        Answer.created_at < past,
        Answer.expires_at < past,
        ~waits,
        _free(Answer.subscriber_id, Answer.digest),
    )


def _replies(past: datetime) -> ColumnElement[bool]:
    """What a relay said of an address."""
    is_over = and_(Delivery.finished_at < past, Delivery.reply_text.is_not(None))
    return and_(is_over, _free(Delivery.subscriber_id))


def _trials(past: datetime) -> ColumnElement[bool]:
    """Test mails, by the address that each went to."""
    return and_(Trial.sent_at < past, Trial.digest.not_in(holds.held_digests()))


_BOUNCES = ("bounce-hard", "bounce-soft", "bounce-other", "complaint")
_NO_MESSAGE = {"sealed": None, "recipients": None, "reason": "", "sender_digest": b""}
_NO_REQUEST = {"sender": None, "reason": None, "told": None, "sender_digest": None}
_NO_WORDS = {"words": None, "reason": func.coalesce(LeaveReason.reason, "other")}

RULES = (
    Rule("junk", InboundMessage, _kept("junk"), _NO_MESSAGE),
    Rule("auto-replies", InboundMessage, _kept("auto-reply"), _NO_MESSAGE),
    Rule("bounces", InboundMessage, _kept(*_BOUNCES), _NO_MESSAGE),
    Rule("letters", InboundMessage, _letters, _NO_MESSAGE),
    Rule("letters", Request, _requests, _NO_REQUEST),
    Rule("letters", Right, _rulings, {"words": None}),
    Rule("answers", Answer, _answers, {"content": None, "recipient": None, "digest": None}),
    Rule("relay-replies", Delivery, _replies, {"reply_text": None}),
    Rule(
        "remarks",
        LeaveReason,
        lambda past: and_(LeaveReason.words.is_not(None), LeaveReason.day < func.date(past)),
        _NO_WORDS,
    ),
    Rule("tests", Trial, _trials, None),
)
