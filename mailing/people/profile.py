"""One person, as an officer sees them: their standing on each topic, and the evidence."""

from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import select

from mailing.base.database import db
from mailing.base.errors import Missing
from mailing.base.languages import gettext as _
from mailing.people import (
    address_changes,
    corrections,
    evidence,
    ledger,
    lost,
    overtaken,
    standings,
    subscribers,
    suppression,
    topics,
)
from mailing.people.address_changes import AddressChange
from mailing.people.canonical import canonical
from mailing.people.forms import Form
from mailing.people.ledger import Entry
from mailing.people.optins import ABOVE
from mailing.people.subscribers import Subscriber
from mailing.people.wording import text_of
from mailing.policies import versions


class Reason(StrEnum):
    """Why somebody's evidence is read. A closed list: free words could name somebody."""

    REQUEST = "request"
    INSPECTION = "inspection"
    COMPLAINT = "complaint"
    CHECK = "check"


def of_address(address: str) -> Subscriber:
    """The subscriber of an address; raises Missing."""
    subscriber = subscribers.find(canonical(address))
    if subscriber is None:
        raise Missing("Nobody with this address is known.")
    return subscriber


def sought(address: str) -> tuple[Subscriber, bool]:
    """Who is asked about by an address, and whether they are at another one now.

    An officer asks by the address that somebody writes about: whoever is there now, else whoever
    moved away from it. Raises Missing. It is for reading: nobody is unsubscribed by an address
    that is theirs no longer.
    """
    digest = subscribers.digest_of(canonical(address))
    moved = address_changes.moved_from(digest)
    subscriber = subscribers.find(canonical(address))
    if subscriber is None and moved:
        return db.session.get_one(Subscriber, moved[0]), True
    return (subscriber or of_address(address)), False


def of_number(subscriber_id: UUID) -> Subscriber:
    """Whoever has this number, or had it before a backup was restored; raises Missing."""
    found = db.session.get(Subscriber, lost.now_known_as(subscriber_id))
    if found is None:
        raise Missing(_("Nobody of this number is known."))
    return found


def of_digest(digest: bytes) -> tuple[Subscriber, bool]:
    """Whoever is at the address of this digest, or moved away from it, and which of the two; raises
    Missing."""
    found = db.session.scalar(select(Subscriber).where(Subscriber.digest == digest))
    if found is not None:
        return found, False
    moved = address_changes.moved_from(digest)
    if not moved:
        raise Missing(_("Nobody with this digest is known."))
    return of_number(moved[0]), True


def show(address: str) -> dict[str, Any]:
    """The person as `kelisim people show` prints them (contract.md)."""
    subscriber, is_former = sought(address)
    held = standings.of(subscriber.id)
    names = {topic.id: topic.slug for topic in topics.all_topics()}
    suppressed = suppression.reasons(subscriber.digest)
    return {
        "subscriber": str(subscriber.id),
        "now_at_another_address": is_former,
        "language": subscriber.language,
        "topics": {names[topic_id]: row.standing for topic_id, row in sorted(held.items())},
        "suppressed": bool(suppressed),
        "suppressed_for": sorted(suppressed),
        "blocked": subscriber.blocked_at is not None,
        "quarantined": any(row.quarantined for row in held.values()),
        "paused_until": subscriber.paused_until,
    }


def evidence_of(address: str, as_of: datetime | None = None) -> list[dict[str, Any]]:
    """The ledger of one person up to a time, each entry with its evidence and exact wording; what
    they put right and each change of address stand between, in the order of time, without a `seq`.
    """
    return entries_of(sought(address)[0].id, as_of)


def entries_of(subscriber_id: UUID, as_of: datetime | None = None) -> list[dict[str, Any]]:
    """The same of somebody who is known by their number."""
    names = {topic.id: topic.slug for topic in topics.all_topics()}
    entries = [_told(entry, names) for entry in ledger.history(subscriber_id, as_of)]
    beside = [one for one in _beside(subscriber_id) if as_of is None or one["at"] <= as_of]
    return sorted([*entries, *beside], key=lambda one: one["at"])


def told(entry: Entry) -> dict[str, Any]:
    """One entry with what proves it, in plain shapes."""
    return _told(entry, {topic.id: topic.slug for topic in topics.all_topics()})


def _beside(subscriber_id: UUID) -> list[dict[str, Any]]:
    """What is no consent, and so no entry of the ledger, in the shape of one."""
    put_right = [
        _beside_one("corrected", one.at, one.source, evidence.body_of(one.evidence_hash))
        | {"private": evidence.private_of(subscriber_id, evidence.body_of(one.evidence_hash))}
        for one in corrections.of(subscriber_id)
    ]
    moves = [
        _beside_one("moved", one.closed_at or one.created_at, "page", _agreed(one))
        for one in address_changes.done(subscriber_id)
    ]
    return [*put_right, *moves]


def _beside_one(kind: str, at: datetime, source: str, body: dict[str, Any]) -> dict[str, Any]:
    nothing = dict.fromkeys(
        ("seq", "topic", "policy", "overtaken", "wording", "form", "private", "hash")
    )
    told = {"at": at, "kind": kind, "source": source, "actor": "subscriber", "above": []}
    return nothing | told | {"evidence": body}


def _agreed(change: AddressChange) -> dict[str, Any]:
    """What proves a change of address: when each of the two mailboxes agreed."""
    ends = {"old_agreed_at": change.old_agreed_at, "new_agreed_at": change.new_agreed_at}
    return {"change": str(change.id)} | {
        name: at.isoformat() for name, at in ends.items() if at is not None
    }


def _told(entry: Entry, names: dict[int, str]) -> dict[str, Any]:
    body = evidence.body_of(entry.evidence_hash)
    late = overtaken.of_entry(entry, body)
    return {
        "seq": entry.seq,
        "at": entry.at,
        "kind": entry.kind,
        "topic": names[entry.topic_id] if entry.topic_id else "all",
        "source": entry.source,
        "actor": entry.actor,
        "policy": _policy(entry.policy_id),
        "overtaken": asdict(late) | {"sentence": late.sentence()} if late else None,
        "wording": text_of(body["wording"]).text if body.get("wording") else None,
        "above": [text_of(body[name]).text for name in ABOVE if body.get(name)],
        "form": _form(body),
        "evidence": body,
        "private": evidence.private_of(entry.subscriber_id, body),
        "hash": entry.hash.hex(),
    }


def _form(body: dict[str, Any]) -> dict[str, Any] | None:
    """The form and version that an entry came through, by its slug."""
    form = db.session.get(Form, body["form"]) if isinstance(body.get("form"), int) else None
    return {"slug": form.slug, "version": body.get("form_version")} if form else None


def _policy(policy_id: int | None) -> dict[str, Any] | None:
    if policy_id is None:
        return None
    policy = versions.find(policy_id)
    texts = {text.language: text.sha256 for text in versions.texts(policy)}
    return {"id": policy.id, "label": policy.label, "sha256": texts}
