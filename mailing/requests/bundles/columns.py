"""Which columns of a person's rows stand in their bundle, how a sealed one is opened, and what is
left out and why. A test compares this with the tables: a new personal column cannot be forgotten.
"""

from collections.abc import Callable, Mapping
from typing import Any

from mailing.base.database import DEPERSONALISED, PERSONAL, db
from mailing.base.sealing import keyring
from mailing.base.settings import current
from mailing.deliveries.deliveries import Delivery
from mailing.people.subscribers import Sealer
from mailing.requests.requests import Request
from mailing.requests.whose import Person

N_ = str  # Marks a text for the catalogues.
Row = Mapping[str, Any]
Opener = Callable[[bytes, Row, Person], Any]


def _by(name: str) -> Opener:
    """What is sealed to another column of its own row."""

    def opened(sealed: bytes, row: Row, _: Person) -> Any:
        about = row[name]
        return Sealer().open(sealed, about if isinstance(about, bytes) else about.bytes)

    return opened


def _to_the_person(sealed: bytes, _: Row, who: Person) -> Any:
    return Sealer().open(sealed, who.id.bytes)


def _octets(sealed: bytes, row: Row, _: Person) -> bytes:
    """A letter as it was written: it becomes a file of its own."""
    return keyring(current().data_key).decrypt(sealed, bytes.fromhex(row["sha256"]))


def _recipients(sealed: bytes, row: Row, who: Person) -> list[str]:
    return _octets(sealed, row, who).decode("utf-8", "replace").split("\n")


def _grounds(sealed: bytes, row: Row, _: Person) -> Any:
    """To whom, and on which ground."""
    return Sealer().open(sealed, row["id"].bytes)


def _of_right(sealed: bytes, row: Row, _: Person) -> Any:
    """What is said of a right is sealed to whom its request is about."""
    asked = db.session.get_one(Request, row["request_id"])
    return Sealer().open(sealed, asked.correspondent_id.bytes)


def _of_trial(sealed: bytes, row: Row, _: Person) -> Any:
    """A test mail is sealed to whoever its delivery is of, known or not."""
    sent = db.session.get_one(Delivery, row["delivery_id"])
    return Sealer().open(sealed, sent.subscriber_id.bytes)


OPENED: dict[str, Opener] = {
    "subscribers.personal": _by("id"),
    "evidence_private.sealed": _to_the_person,
    "optins.personal": _by("id"),
    "address_changes.personal": _by("subscriber_id"),
    "answers.recipient": _by("subscriber_id"),
    "answers.content": _by("delivery_id"),
    "requests.sender": _by("correspondent_id"),
    "requests.reason": _by("correspondent_id"),
    "requests.told": _by("correspondent_id"),
    "request_rights.words": _of_right,
    "inquiries.proposed": _by("id"),
    "leave_reasons.words": _by("once"),
    "inbound_messages.sealed": _octets,
    "inbound_messages.recipients": _recipients,
    "trials.recipient": _of_trial,
    "bundles.left_out": _by("id"),
    "disclosures.sealed": _grounds,
}

# Beside whatever is personal or leads to a person: what makes a row readable.
WRITTEN_TOO: dict[str, str] = {
    "subscribers": "created_at blocked_at paused_until",
    "ledger": "id seq hash",
    "optins": "id state created_at expires_at",
    "address_changes": "id state created_at closed_at",
    "suppressions": "since",
    "deliveries": (
        "id kind campaign_id state reply_code created_at dated_at sealed_at finished_at bounced_at"
    ),
    "returns": "campaign_id status at",
    "receipts": "id recorded_at in_flight",
    "leave_reasons": "campaign_id topic_id day",
    "inbound_messages": "id state received_at acted_at",
    "requests": "id",
    "request_events": "request_id",
    "request_rights": "request_id",
    "inquiries": "id request_id",
    "legal_holds": "id basis placed_at until lifted_at",
    "destructions": "id state decided_at",
    "answers": "delivery_id created_at expires_at",
    "trials": "campaign_id sent_at",
    "audit_log": "at role action",
    "bundles": "id state created_at made_at released_at expires_at taken_at",
    "disclosures": "id sealed created_at decided_at exported_at",
}

LEFT_OUT: dict[str, frozenset[str]] = {
    N_("the same id in every table; it is told once, as yours"): frozenset(
        f"{table}.subscriber_id"
        for table in (
            *("standings", "ledger", "optins", "choices", "corrections", "address_changes"),
            *("deliveries", "returns", "receipts", "inbound_messages", "requests", "answers"),
            *("bundles", "disclosed_people", "inquiries", "legal_holds", "destructions"),
            "replayed_destructions",
        )
    )
    | {"requests.correspondent_id"},
    N_("a keyed digest, of no use without our key"): frozenset(
        {
            *("subscribers.digest", "address_changes.digest", "address_changes.former"),
            *("suppressions.digest", "requests.sender_digest", "answers.digest"),
            *("trials.digest", "leave_reasons.once", "inbound_messages.sender_digest"),
        }
    ),
    N_("which of our staff took, read or moved a request, by their number"): frozenset(
        {"request_events.details"}
    ),
    N_("what a disclosure was asked for, in words that may name other people"): frozenset(
        {"disclosures.reason"}
    ),
    N_("a copy of this bundle, or of an earlier one"): frozenset({"bundle_pieces.sealed"}),
    N_("rows of a file that name other people, too; nobody became known by them"): frozenset(
        {"imports.faults"}
    ),
}

_LEFT_OUT = frozenset().union(*LEFT_OUT.values())


def is_written(table: str, name: str, data: str) -> bool:
    """Whether a column stands in the bundle."""
    if f"{table}.{name}" in _LEFT_OUT:
        return False
    about_people = (PERSONAL["data"], DEPERSONALISED["data"])
    return data in about_people or name in WRITTEN_TOO.get(table, "").split()


def opened(table: str, name: str, row: Row, who: Person) -> Any:
    """The value as the person may read it; octets of another kind as hexadecimal digits."""
    value = row[name]
    opener = OPENED.get(f"{table}.{name}")
    if value is None or opener is None:
        return value.hex() if isinstance(value, bytes) else value
    return opener(value, row, who)
