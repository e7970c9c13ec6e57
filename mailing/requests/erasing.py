"""Erasing: what goes of one person, table by table, and how it can be seen that nothing is left.

Rows that are facts (a delivery, a request) stay and are emptied; rows that are nothing but personal
data go. Which rows are theirs says `whose`. Each step may run again: it finds what came since.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, delete, func, or_, true, update

from mailing.base.database import Table, db
from mailing.deliveries.answers import Answer
from mailing.deliveries.deliveries import Delivery
from mailing.deliveries.trials import Trial
from mailing.inbound.messages import InboundMessage
from mailing.leaving.reasons import LeaveReason
from mailing.people.address_changes import AddressChange
from mailing.people.evidence import EvidencePrivate
from mailing.people.imports import uploads
from mailing.people.imports.state import Import
from mailing.people.optins import OptIn
from mailing.people.subscribers import Subscriber
from mailing.requests import whose
from mailing.requests.bundles.state import HELD, Bundle, BundlePiece
from mailing.requests.disclosures.state import Disclosure
from mailing.requests.inquiries import Inquiry
from mailing.requests.requests import Request
from mailing.requests.rights import Right
from mailing.requests.whose import Person

EMPTIED, DELETED = "emptied", "deleted"


@dataclass(frozen=True)
class Step:
    """One table: what is still there of it, and how it goes."""

    table: type[Table]
    is_left: ColumnElement[bool]
    values: dict[str, Any] | None
    files: Callable[[], object] | None = None

    @property
    def name(self) -> str:
        """The table's."""
        return str(self.table.__tablename__)

    @property
    def method(self) -> str:
        return DELETED if self.values is None else EMPTIED

    def left(self, who: Person) -> int:
        """How many of the person's rows still hold personal data."""
        return whose.counted({self.name: (self.table, self.rows(who))})[self.name]

    def erase(self, who: Person) -> int:
        """Take them away; how many rows."""
        if self.files is not None:
            self.files()
        change: Any = delete(self.table) if self.values is None else update(self.table)
        change = change.where(self.rows(who))
        if self.values is not None:
            change = change.values(self.values)
        return _do(change)

    def rows(self, who: Person) -> ColumnElement[bool]:
        """Those of them."""
        return and_(whose.of(self.name, who), self.is_left)


def _is(*columns: Any) -> ColumnElement[bool]:
    return or_(*(column.is_not(None) for column in columns))


_OPEN_CHANGE = AddressChange.state == "open"
_HELD_BUNDLE = Bundle.state.in_([one.value for one in HELD])

# The row of the person first: from then on nothing can be written to them.
STEPS = (
    Step(
        Subscriber,
        or_(Subscriber.personal.is_not(None), Subscriber.provider != ""),
        {"personal": None, "provider": "", "paused_until": None},
    ),
    Step(
        OptIn,
        _is(OptIn.personal),
        {
            "personal": None,
            "state": case((OptIn.state == "open", "cancelled"), else_=OptIn.state),
        },
    ),
    Step(
        AddressChange,
        or_(_is(AddressChange.personal), _OPEN_CHANGE),
        {
            "personal": None,
            "state": case((_OPEN_CHANGE, "stopped"), else_=AddressChange.state),
            "closed_at": func.coalesce(AddressChange.closed_at, func.now()),
        },
    ),
    Step(EvidencePrivate, true(), None),
    Step(Delivery, _is(Delivery.reply_text), {"reply_text": None}),
    Step(Answer, _is(Answer.recipient, Answer.content), {"recipient": None, "content": None}),
    Step(
        InboundMessage,
        or_(_is(InboundMessage.sealed, InboundMessage.recipients), InboundMessage.reason != ""),
        {"sealed": None, "recipients": None, "reason": ""},
    ),
    Step(
        Request,
        _is(Request.sender, Request.reason, Request.told),
        {"sender": None, "reason": None, "told": None},
    ),
    Step(Right, _is(Right.words), {"words": None}),
    Step(Inquiry, _is(Inquiry.proposed), {"proposed": None}),
    Step(BundlePiece, true(), None),
    Step(
        Bundle,
        or_(_is(Bundle.left_out), _HELD_BUNDLE),
        {"left_out": None, "state": case((_HELD_BUNDLE, "expired"), else_=Bundle.state)},
    ),
    # Why an authority asked, in words that may name them; the law and the authority stay.
    Step(Disclosure, _is(Disclosure.reason), {"reason": None}),
    Step(
        LeaveReason,
        _is(LeaveReason.words),
        {"words": None, "reason": func.coalesce(LeaveReason.reason, "other")},
    ),
    Step(Trial, true(), None),
    Step(Import, true(), {"faults": None}, uploads.forget),
)
BY_NAME = {step.name: step for step in STEPS}


def counts(who: Person) -> dict[str, int]:
    """By table, how many of the person's rows hold personal data; asked in one statement."""
    return whose.counted({step.name: (step.table, step.rows(who)) for step in STEPS})


def cut_links(who: Person, kept: frozenset[str]) -> None:
    """Let no digest of an address lead to the person's rows any more, and no link to what they said
    when they left. What a hold keeps is tied to the person's id, to be found when it ends."""
    theirs = {name: whose.of(name, who) for name in ("requests", "inbound_messages", "answers")}
    if kept:
        _adopt(InboundMessage, theirs["inbound_messages"], who)
        _adopt(Request, theirs["requests"], who)
    salt = secrets.token_bytes(32)
    for change in (
        update(Answer).where(theirs["answers"]).values(digest=None),
        update(InboundMessage).where(theirs["inbound_messages"]).values(sender_digest=b""),
        update(Request).where(theirs["requests"]).values(sender_digest=None),
        update(LeaveReason)
        .where(whose.of("leave_reasons", who))
        .values(once=func.sha256(LeaveReason.once.op("||")(salt))),
        update(AddressChange).where(whose.of("address_changes", who)).values(digest=None),
        update(AddressChange)
        .where(AddressChange.subscriber_id == who.id, AddressChange.former.is_not(None))
        .values(former=func.sha256(AddressChange.former.op("||")(salt))),
        update(Subscriber).where(Subscriber.id == who.id).values(digest=secrets.token_bytes(32)),
    ):
        _do(change)


def _adopt(table: Any, theirs: ColumnElement[bool], who: Person) -> None:
    _do(update(table).where(theirs, table.subscriber_id.is_(None)).values(subscriber_id=who.id))


def _do(change: Any) -> int:
    found: Any = db.session.execute(change, execution_options={"synchronize_session": False})
    return int(found.rowcount)
