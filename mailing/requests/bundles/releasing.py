"""Releasing a bundle: a link to the address on file that opens it once, within seven days."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid
from mailing.base.settings import current
from mailing.base.tokens import BundleToken, link_keys
from mailing.deliveries import answers
from mailing.deliveries.answers import AnswerKind, NewAnswer
from mailing.people import address_changes
from mailing.people.subscribers import Subscriber
from mailing.requests import timeline, whose
from mailing.requests.bundles import rows, state
from mailing.requests.bundles.rows import LeftOut
from mailing.requests.bundles.state import LASTS, Bundle, State
from mailing.requests.kinds import Happened
from mailing.staff import audit
from mailing.staff.audit import Actor

LONGEST_REASON = 1000


# And by which column of theirs it is told when.
_MAY_HOLD_OTHERS = {
    "inbound_messages": "received_at",
    "requests": "received_at",
    "answers": "created_at",
}


@dataclass(frozen=True)
class Part:
    """A row that an officer may leave out: its name (`table/key`), its table, and of when it is."""

    part: str
    table: str
    at: datetime


@dataclass(frozen=True)
class BundleView:
    """What the page behind the link has to know."""

    bundle: Bundle
    language: str
    is_open: bool


def release(bundle_id: UUID, actor: Actor) -> Bundle:
    """Mail the link: the officer has looked at what goes. Raises Conflict where it is not ready."""
    bundle = state.lock(bundle_id)
    if bundle.state != State.READY:
        raise Conflict("This bundle is not ready, or has been released already.")
    send(bundle)
    _note(bundle, actor, "bundle_released", "bundle released")
    return bundle


def leave_out(bundle_id: UUID, parts: list[str], reason: str, actor: Actor) -> Bundle:
    """Make it once more without these parts (`table/key`), which are somebody else's. Raises
    Invalid without a reason: the person reads it where the part would stand."""
    bundle = state.lock(bundle_id)
    said = " ".join(reason.split())[: LONGEST_REASON + 1]
    if parts and not 0 < len(said) <= LONGEST_REASON:
        raise Invalid("Say why these parts are left out; the person reads it.", "reason")
    state.again(bundle, {"parts": sorted(parts), "reason": said})
    _note(bundle, actor, "bundle_cut", "bundle cut", parts=len(parts))
    return bundle


def preview(bundle_id: UUID, actor: Actor) -> bytes:
    """The file as it would go; that it was looked at is logged. Raises Conflict before it is."""
    bundle = state.lock(bundle_id)
    if bundle.state != State.READY:
        raise Conflict("This bundle is not ready, or has been released already.")
    _note(bundle, actor, "bundle_seen", "bundle looked at")
    return state.file_of(bundle.id)


def parts_of(bundle: Bundle) -> list[Part]:
    """The letters, requests and answers of a bundle: others may speak there. Newest first."""
    who, left_out = whose.person(bundle.subscriber_id), LeftOut()
    found = [
        Part(one.part, table, one.values[at])
        for table, at in _MAY_HOLD_OTHERS.items()
        for one in rows.of(table, who, left_out)
        if one.left_out is None
    ]
    return sorted(found, key=lambda one: one.at, reverse=True)


def send(bundle: Bundle) -> None:
    """Write the mail with the link; it opens the file until its time is over."""
    bundle.delivery_id = answers.write(NewAnswer(bundle.subscriber_id, AnswerKind.BUNDLE, LASTS))
    bundle.state, bundle.released_at = State.RELEASED.value, clock.now()
    bundle.expires_at = bundle.released_at + LASTS


def look(token: str) -> BundleView | None:
    """What a link leads to; None for one that is not ours, or whose bundle is of nobody now."""
    found = _of(token)
    subscriber = db.session.get(Subscriber, found.subscriber_id) if found else None
    if found is None or subscriber is None:
        return None
    return BundleView(found, subscriber.language, _is_open(found, subscriber))


def take(token: str) -> tuple[Bundle, bytes] | None:
    """The file, once: it is destroyed with the commit. None for a link that is not ours.

    Raises Conflict where it was taken before, or is too old.
    """
    found = _of(token)
    if found is None:
        return None
    bundle = state.lock(found.id)
    subscriber = db.session.get_one(Subscriber, bundle.subscriber_id)
    if not _is_open(bundle, subscriber):
        raise Conflict("This file was taken before, or its time is over.")
    octets = state.file_of(bundle.id)
    state.destroy_file(bundle.id)
    bundle.state, bundle.taken_at = State.TAKEN.value, clock.now()
    told = {"bundle": str(bundle.id), "sha256": bundle.sha256}
    audit.record_of_subscriber("bundle downloaded", bundle.subscriber_id, **told)
    if bundle.request_id is not None:
        timeline.note(bundle.request_id, Happened.ACTED, "subscriber", did="bundle_taken")
    return bundle, octets


def link_of(bundle: Bundle) -> str | None:
    """The token of the link that was mailed; None before."""
    if bundle.delivery_id is None:
        return None
    return BundleToken(bundle.delivery_id).text(link_keys(current().secret_keys))


def _of(token: str) -> Bundle | None:
    read = BundleToken.read(link_keys(current().secret_keys), token)
    return state.of_delivery(read.delivery) if read else None


def _is_open(bundle: Bundle, subscriber: Subscriber) -> bool:
    """Whether the link still opens it: whoever reads the mailbox that somebody moved from is
    somebody else."""
    if bundle.state != State.RELEASED or subscriber.personal is None:
        return False
    released, ends = bundle.released_at, bundle.expires_at
    moved_at = address_changes.moved_at(subscriber.id)
    is_theirs = moved_at is None or (released is not None and released > moved_at)
    return is_theirs and ends is not None and ends > clock.now()


def _note(bundle: Bundle, actor: Actor, did: str, action: str, **details: int) -> None:
    if bundle.request_id is not None:
        timeline.note(bundle.request_id, Happened.ACTED, actor.name, did=did)
    audit.record(
        actor, action, f"subscriber {bundle.subscriber_id}", bundle=str(bundle.id), **details
    )
