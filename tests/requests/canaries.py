"""Canaries: a word of its own in every personal column, all of them one person's.

`PLANTS` has a way to plant one for each column. A test compares it with the tables, so that a new
personal column needs a line here, and is then looked for in whatever shows people's data.
"""

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from mailing.base import clock
from mailing.base.database import PERSONAL, Table, db
from mailing.base.sealing import keyring
from mailing.base.settings import current
from mailing.base.tokens import LeaveToken, link_keys
from mailing.deliveries.answers import Answer
from mailing.deliveries.deliveries import Delivery
from mailing.deliveries.trials import Trial
from mailing.inbound.messages import InboundMessage
from mailing.leaving import reasons
from mailing.people import ledger, optins, subscribers, topics
from mailing.people.address_changes import AddressChange
from mailing.people.ledger import Kind, NewEntry
from mailing.people.subscribers import Personal, Sealer
from mailing.requests import inquiries, rights
from mailing.requests.bundles.state import Bundle
from mailing.requests.correspondent import Correspondent
from mailing.requests.inquiries import What
from mailing.requests.kinds import Kind as Asks
from mailing.requests.requests import NewRequest, Request, open_request
from tests import road
from tests.person import Person
from tests.test_wiring import load_models

# Columns in which no subscriber's own data can stand, and what does.
ELSEWHERE = {
    "staff.email": "staff",
    "staff.password": "staff",
    "staff.second_secret": "staff",
    "staff.recovery_codes": "staff",
    "staff_passkeys.credential_id": "staff",
    "staff_passkeys.public_key": "staff",
    "staff_passkeys.name": "staff",
    "account_mails.recipient": "staff",
    "imports.faults": "the refused rows of a file in one value: a thousand people's",
    "bundle_pieces.sealed": "the bundle itself",
    "disclosures.reason": "why an authority asked, of everybody whom it named",
}
LONG = timedelta(days=7)


def personal_columns() -> set[str]:
    """Every column that says of itself that it is personal."""
    load_models()
    return {
        f"{table.name}.{column.name}"
        for table in Table.metadata.sorted_tables
        for column in table.columns
        if column.info == PERSONAL
    }


def plant(person: Person) -> dict[str, str]:
    """One canary in each personal column; by column."""
    planted = {}
    for column, put in PLANTS.items():
        canary = f"canary{secrets.token_hex(6)}"
        put(person, canary)
        db.session.commit()
        planted[column] = canary
    return planted


def _named(person: Person, canary: str) -> None:
    subscribers.keep_personal(person.row, Personal(person.address, surname=canary))


def _provider(person: Person, canary: str) -> None:
    person.row.provider = canary


def _reply(person: Person, canary: str) -> None:
    _delivery(person, "campaign", campaign_id=900_001, state="refused", reply_text=canary)


def _reason_left(person: Person, canary: str) -> None:
    sent = _delivery(person, "campaign", campaign_id=road.campaign())
    token = LeaveToken(person.id, sent.topic_id, sent.id).text(link_keys(current().secret_keys))
    assert reasons.tell(token, "other", canary)


def _recipient(person: Person, canary: str) -> None:
    row: dict[str, Any] = {"kind": "new_address", "change_id": uuid4()}
    _answer(person, uuid4(), recipient=_address(person, canary), digest=_digest(), **row)


def _content(person: Person, canary: str) -> None:
    delivery, request = uuid4(), _request(person)
    said = {"request_id": request.id, "language": "en", "subject": "s", "text": canary}
    said |= {"in_reply_to": None, "references": []}
    content = Sealer().seal(said, delivery.bytes)
    _answer(person, delivery, kind="letter", request_id=request.id, language="en", content=content)


def _trial(person: Person, canary: str) -> None:
    sent = _delivery(person, "test")
    db.session.add(
        Trial(
            delivery_id=sent.id,
            campaign_id=road.campaign(),
            content={},
            sample="usual",
            language="kk",
            recipient=_address(person, canary),
            digest=person.row.digest,
            sent_by="staff 1",
            sent_at=clock.now(),
        )
    )


def _letter(person: Person, canary: str) -> None:
    _inbound(f"From: {person.address}\r\nSubject: x\r\n\r\n{canary}\r\n", person)


def _addressed(person: Person, canary: str) -> None:
    _inbound(f"From: {person.address}\r\nSubject: {uuid4()}\r\n\r\n\r\n", person, to=canary)


def _wrote(person: Person, canary: str) -> None:
    _request(person, Correspondent(person.address, f"{canary}@example.org"))


def _why_closed(person: Person, canary: str) -> None:
    request = _request(person)
    request.reason = Sealer().seal({"reason": canary}, request.correspondent_id.bytes)


def _told(person: Person, canary: str) -> None:
    request = _request(person)
    request.told = Sealer().seal({"told": canary}, request.correspondent_id.bytes)


def _ruled(person: Person, canary: str) -> None:
    request = _request(person)
    (right,) = rights.of(request.id)
    right.words = Sealer().seal({"words": canary}, request.correspondent_id.bytes)


def _proposed(person: Person, canary: str) -> None:
    inquiries.begin(What.CORRECTION, _request(person).id, person.id, {"surname": canary})


def _change(person: Person, canary: str) -> None:
    db.session.add(
        AddressChange(
            subscriber_id=person.id,
            state="open",
            personal=_address(person, canary),
            digest=_digest(),
            created_at=clock.now(),
            expires_at=clock.now() + LONG,
        )
    )


def _beside_evidence(person: Person, canary: str) -> None:
    news, policy = topics.find("news").id, person.policy_id
    private = {"note": canary}
    ledger.append(NewEntry(person.id, Kind.GIVEN, news, policy, "staff", "staff 1", {}, private))


def _typed(person: Person, canary: str) -> None:
    known = optins.Asked(person.id, 1, 1, person.policy_id, "kk", "", {}, {"surname": canary})
    optins.open_request(known)


def _cut(person: Person, canary: str) -> None:
    bundle = Bundle(
        id=uuid4(),
        subscriber_id=person.id,
        state="expired",
        is_by_person=False,
        created_at=clock.now(),
    )
    bundle.left_out = Sealer().seal({"parts": [], "reason": canary}, bundle.id.bytes)
    db.session.add(bundle)


PLANTS: dict[str, Callable[[Person, str], None]] = {
    "subscribers.personal": _named,
    "subscribers.provider": _provider,
    "deliveries.reply_text": _reply,
    "leave_reasons.words": _reason_left,
    "answers.recipient": _recipient,
    "answers.content": _content,
    "trials.recipient": _trial,
    "inbound_messages.sealed": _letter,
    "inbound_messages.recipients": _addressed,
    "requests.sender": _wrote,
    "requests.reason": _why_closed,
    "requests.told": _told,
    "request_rights.words": _ruled,
    "inquiries.proposed": _proposed,
    "address_changes.personal": _change,
    "evidence_private.sealed": _beside_evidence,
    "optins.personal": _typed,
    "bundles.left_out": _cut,
}


def _delivery(person: Person, kind: str, **values: Any) -> Delivery:
    sent = Delivery(
        id=uuid4(),
        kind=kind,
        batch_id=0,
        subscriber_id=person.id,
        topic_id=topics.find("news").id,
        finished_at=clock.now(),
        **{"state": "accepted", **values},
    )
    db.session.add(sent)
    db.session.flush()
    return sent


def _answer(person: Person, delivery: UUID, **values: Any) -> None:
    made = {"created_at": clock.now(), "expires_at": clock.now() + LONG}
    db.session.add(Answer(delivery_id=delivery, subscriber_id=person.id, **made, **values))


def _inbound(raw: str, person: Person, to: str = "helpdesk@glazik.example") -> None:
    digest = hashlib.sha256(raw.encode()).digest()
    ring = keyring(current().data_key)
    db.session.add(
        InboundMessage(
            sha256=digest.hex(),
            sealed=ring.encrypt(raw.encode(), digest),
            recipients=ring.encrypt(to.encode(), digest),
            kind="question",
            subscriber_id=person.id,
            received_at=clock.now(),
        )
    )


def _request(person: Person, wrote: Correspondent | None = None) -> Request:
    asked = open_request(NewRequest(Asks.QUESTION, subscriber_id=person.id, correspondent=wrote))
    db.session.flush()
    return asked


def _address(person: Person, name: str) -> bytes:
    return Sealer().seal(Personal(f"{name}@example.org").as_dict(), person.id.bytes)


def _digest() -> bytes:
    return secrets.token_bytes(32)
