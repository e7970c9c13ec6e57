"""Whose: for every table that holds something about people, which of its rows are one person's.

Destruction removes by this table and access reads by it, so a table that one knows the other knows,
too; a test fails when a table with a personal column is missing. To be theirs is not always to be
theirs alone: a letter is its author's and of whom it names, and a file names a thousand people
(`SHARED`). Whoever shows rows to a person looks first whom else they name.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, false, func, or_, select, union
from sqlalchemy.orm import aliased

from mailing.base.database import Table, db
from mailing.base.errors import Missing
from mailing.deliveries.answers import Answer
from mailing.deliveries.deliveries import Delivery
from mailing.deliveries.returns import Return
from mailing.deliveries.trials import Trial
from mailing.inbound.messages import InboundMessage
from mailing.leaving import reasons
from mailing.leaving.destroyed import ReplayedDestruction
from mailing.leaving.reasons import LeaveReason
from mailing.leaving.receipts import StoredReceipt
from mailing.people.address_changes import AddressChange, State
from mailing.people.choices import Choice
from mailing.people.corrections import Correction
from mailing.people.evidence import Evidence, EvidencePrivate
from mailing.people.imports.state import Import
from mailing.people.ledger import Entry
from mailing.people.optins import OptIn
from mailing.people.standings import Standing
from mailing.people.subscribers import Subscriber
from mailing.people.suppression import Suppression
from mailing.requests.bundles.state import Bundle, BundlePiece
from mailing.requests.destructions import Destruction
from mailing.requests.disclosures.state import DisclosedPerson, Disclosure
from mailing.requests.holds import LegalHold
from mailing.requests.inquiries import Inquiry
from mailing.requests.requests import Request
from mailing.requests.rights import Right
from mailing.requests.timeline import RequestEvent
from mailing.staff.audit import AuditEntry


@dataclass(frozen=True)
class Person:
    """Whose rows are looked for. `ids` are the subscriber's own and those under which their
    letters came before they were known; `digests` those of their address and of the ones that they
    moved from; `marks` those of what they may have said when they left. `requests` and `letters`
    are the numbers of what leads on to other rows: a condition that asked for them anew, beside
    another, would be answered by reading the whole table."""

    id: UUID
    ids: tuple[UUID, ...]
    digests: tuple[bytes, ...]
    marks: tuple[bytes, ...]
    requests: tuple[int, ...]
    letters: tuple[int, ...]


Rows = Callable[[Person], ColumnElement[bool]]


def person(subscriber_id: UUID) -> Person:
    """Everything by which the rows of one person are known. Raises Missing."""
    subscriber = db.session.get(Subscriber, subscriber_id, populate_existing=True)
    if subscriber is None:
        raise Missing(f"There is no subscriber {subscriber_id}.")
    digests = (subscriber.digest, *_former(subscriber))
    asked = _asked(subscriber.id, digests)
    strangers = [one.correspondent_id for one in asked if one.subscriber_id is None]
    ids = dict.fromkeys([subscriber.id, *strangers])
    asked += _asked_by(ids) if len(ids) > 1 else []
    came_in = (one.inbound_id for one in asked if one.inbound_id)
    return Person(
        subscriber.id,
        tuple(ids),
        digests,
        reasons.marks_of(subscriber.id),
        requests=tuple(dict.fromkeys(one.id for one in asked)),
        letters=tuple(dict.fromkeys([*came_in, *_came_back(*ids)])),
    )


def of(table: str, who: Person) -> ColumnElement[bool]:
    """The condition that is true of this person's rows of a table."""
    return WHOSE[table](who)


def number(table: str, who: Person) -> int:
    """How many rows of a table are theirs."""
    return numbers([table], who)[table]


def numbers(tables: Iterable[str], who: Person) -> dict[str, int]:
    """The same of several tables, asked at once."""
    return counted({table: (_model(table), of(table, who)) for table in tables})


def counted(asked: Mapping[str, tuple[type[Table], ColumnElement[bool]]]) -> dict[str, int]:
    """By name, how many rows of a table a condition is true of: one statement for all of them."""
    numbers = [
        select(func.count()).select_from(table).where(rows).scalar_subquery().label(name)
        for name, (table, rows) in asked.items()
    ]
    return dict(db.session.execute(select(*numbers)).one()._mapping)


def _model(table: str) -> type[Table]:
    return next(one.class_ for one in Table.registry.mappers if one.class_.__tablename__ == table)


def _former(subscriber: Subscriber) -> list[bytes]:
    """The addresses that were theirs and are nobody else's now."""
    another = aliased(Subscriber)
    query = select(AddressChange.former).where(
        AddressChange.subscriber_id == subscriber.id,
        AddressChange.state == State.DONE.value,
        AddressChange.former.is_not(None),
        AddressChange.former != subscriber.digest,
        ~select(another.id).where(another.digest == AddressChange.former).exists(),
    )
    return [bytes(one) for one in db.session.scalars(query.distinct()) if one]


def _asked(subscriber_id: UUID, digests: tuple[bytes, ...]) -> list[Row[Any]]:
    """What they asked for, and whoever wrote from an address of theirs before they were known."""
    theirs = or_(
        Request.subscriber_id == subscriber_id,
        Request.correspondent_id == subscriber_id,
        Request.sender_digest.in_(digests),
    )
    return list(db.session.execute(_LEADS.where(theirs)))


def _asked_by(ids: Collection[UUID]) -> list[Row[Any]]:
    return list(db.session.execute(_LEADS.where(Request.correspondent_id.in_(ids))))


_LEADS = select(
    Request.id, Request.inbound_id, Request.correspondent_id, Request.subscriber_id
).order_by(Request.id)


def _came_back(subscriber_id: UUID, *before: UUID) -> list[int]:
    """The letters that told of a message to them that came back, also of one from before they were
    known."""
    found = [Return.subscriber_id == subscriber_id]
    if before:
        sent = select(Delivery.id).where(Delivery.subscriber_id.in_(before))
        found.append(Return.delivery_id.in_(sent))
    query = union(*(select(Return.inbound_id).where(one) for one in found))
    return [one for one in db.session.scalars(query) if one]


def _entries(who: Person) -> Select[bytes]:
    """The evidence behind their entries and corrections."""
    said = select(Entry.evidence_hash).where(Entry.subscriber_id == who.id)
    return said.union(  # type: ignore[return-value]
        select(Correction.evidence_hash).where(Correction.subscriber_id == who.id)
    )


def _evidence(who: Person) -> ColumnElement[bool]:
    return Evidence.hash.in_(_entries(who))


def _private(who: Person) -> ColumnElement[bool]:
    behind = select(func.decode(Evidence.body["private"].astext, "hex")).where(
        _evidence(who), Evidence.body.has_key("private")
    )
    return EvidencePrivate.hash.in_(behind)


def _requests(who: Person) -> ColumnElement[bool]:
    return or_(
        Request.subscriber_id == who.id,
        Request.correspondent_id.in_(who.ids),
        Request.sender_digest.in_(who.digests),
    )


def _messages(who: Person) -> ColumnElement[bool]:
    return or_(
        InboundMessage.subscriber_id == who.id,
        InboundMessage.sender_digest.in_(who.digests),
        InboundMessage.id.in_(who.letters),
    )


def _inquiries(who: Person) -> ColumnElement[bool]:
    return or_(Inquiry.subscriber_id == who.id, Inquiry.request_id.in_(who.requests))


def _answers(who: Person) -> ColumnElement[bool]:
    return or_(
        Answer.subscriber_id.in_(who.ids),
        Answer.digest.in_(who.digests),
        Answer.request_id.in_(who.requests),
    )


def _changes(who: Person) -> ColumnElement[bool]:
    return or_(AddressChange.subscriber_id == who.id, AddressChange.digest.in_(who.digests))


def _reasons(who: Person) -> ColumnElement[bool]:
    return LeaveReason.once.in_(who.marks) if who.marks else false()


def _acts(who: Person) -> ColumnElement[bool]:
    return AuditEntry.subject == f"subscriber {who.id}"


WHOSE: dict[str, Rows] = {
    "subscribers": lambda who: Subscriber.id == who.id,
    "standings": lambda who: Standing.subscriber_id == who.id,
    "ledger": lambda who: Entry.subscriber_id == who.id,
    "evidence": _evidence,
    "evidence_private": _private,
    "optins": lambda who: OptIn.subscriber_id == who.id,
    "choices": lambda who: Choice.subscriber_id == who.id,
    "corrections": lambda who: Correction.subscriber_id == who.id,
    "address_changes": _changes,
    "suppressions": lambda who: Suppression.digest.in_(who.digests),
    "deliveries": lambda who: Delivery.subscriber_id.in_(who.ids),
    "returns": lambda who: Return.subscriber_id == who.id,
    "receipts": lambda who: StoredReceipt.subscriber_id == who.id,
    "leave_reasons": _reasons,
    "inbound_messages": _messages,
    "requests": _requests,
    "request_events": lambda who: RequestEvent.request_id.in_(who.requests),
    "request_rights": lambda who: Right.request_id.in_(who.requests),
    "inquiries": _inquiries,
    "answers": _answers,
    "trials": lambda who: Trial.digest.in_(who.digests),
    "audit_log": _acts,
    "legal_holds": lambda who: LegalHold.subscriber_id == who.id,
    "destructions": lambda who: Destruction.subscriber_id == who.id,
    "replayed_destructions": lambda who: ReplayedDestruction.subscriber_id == who.id,
    "bundles": lambda who: Bundle.subscriber_id == who.id,
    "bundle_pieces": lambda who: BundlePiece.bundle_id.in_(
        select(Bundle.id).where(Bundle.subscriber_id == who.id)
    ),
    "disclosures": lambda who: Disclosure.id.in_(
        select(DisclosedPerson.disclosure_id).where(DisclosedPerson.subscriber_id == who.id)
    ),
    "disclosed_people": lambda who: DisclosedPerson.subscriber_id == who.id,
    # Rows of a file that were refused: an address that cannot be read is somebody's all the same,
    # so those of every file are theirs.
    "imports": lambda _: Import.faults.is_not(None),
}
# Their rows hold others' data beside theirs, and are never shown to one person as their own.
SHARED = frozenset({"imports"})
# Tables with personal columns in which no subscriber stands, and who does.
OF_STAFF = frozenset({"staff", "account_mails", "staff_passkeys"})
