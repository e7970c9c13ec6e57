"""Rectification by the desk: old and new side by side, and the person has the last word.

Names and telephone are put right once they have pressed the button; another address goes the way
of every change of address, which both mailboxes have to agree to (T21, T22).
"""

from collections.abc import Mapping

from mailing.base.errors import Conflict, Invalid
from mailing.people import subscribers
from mailing.people.canonical import canonical
from mailing.people.subscribers import Subscriber
from mailing.requests import (
    answering,
    following,
    identifying,
    inquiries,
    moving,
    pausing,
    rectify,
    rights,
    timeline,
    wordings,
)
from mailing.requests.inquiries import Inquiry, What
from mailing.requests.kinds import Happened, Kind, PauseReason, State
from mailing.requests.requests import Request, find, lock
from mailing.staff import audit
from mailing.staff.audit import Actor

EMAIL = "email"


def open_fields(request_id: int, actor: Actor) -> dict[str, str]:
    """What is held of the person and may be put right, with the address; that somebody of the
    staff has looked at it is logged. Raises Conflict where nobody is known."""
    request = find(request_id)
    held = fields_of(request)
    audit.record(actor, "data opened", f"request {request.number}", fields=sorted(held))
    return held


def fields_of(request: Request) -> dict[str, str]:
    """The same, for whoever has looked."""
    subscriber = _person(request)
    personal = subscribers.personal_of(subscriber)
    return {EMAIL: personal.email if personal else "", **rectify.fields_of(subscriber)}


def propose(request_id: int, given: Mapping[str, str], actor: Actor) -> list[str]:
    """Ask the person whether it is to be put right so; the names of what would change.

    Raises Invalid with the field for what cannot be, and where nothing would change.
    """
    subscriber = _person(find(request_id))
    request = lock(request_id)
    _demand_open(request)
    changed = rectify.differing(subscriber, dict(given))
    address = _new_address(subscriber, given.get(EMAIL, ""))
    if not changed and address is None:
        raise Invalid("Nothing would change; write what is to stand there.", field=EMAIL)
    if address is not None:
        moving.ask_for(subscriber, address)
    if changed:
        _ask(request, subscriber, changed, actor)
    names = [*changed, *([EMAIL] if address else [])]
    timeline.note(request.id, Happened.CORRECTION_ASKED, actor.name, fields=names)
    audit.record(actor, "correction proposed", f"request {request.number}", fields=names)
    _wait(request, actor)
    return names


def apply(request: Request, inquiry: Inquiry, subscriber: Subscriber) -> None:
    """They said yes: it is put right, with an entry of its own. Both rows are locked."""
    changed = rectify.differing(subscriber, inquiry.changes)
    if changed:
        source = f"request {request.number}"
        rectify.apply(subscriber, changed, source, {"actor": "subscriber", "request": source})
    said = {"fields": sorted(changed)}
    timeline.note(request.id, Happened.CORRECTED, pausing.THE_PERSON, **said)
    audit.record_of_subscriber("correction confirmed", subscriber.id, request=request.number)
    identifying.confirm(request)
    if not following.waits_for_address(subscriber.id):
        following.put_right(request)


def decline(request: Request) -> None:
    """They said no, or nobody answered: nothing changes, and the officer goes on. The row is
    locked."""
    timeline.note(request.id, Happened.CORRECTION_DENIED, pausing.THE_PERSON)
    pausing.go_on(request, pausing.THE_PERSON)


def _ask(request: Request, subscriber: Subscriber, changed: dict[str, str], actor: Actor) -> None:
    inquiry = inquiries.begin(What.CORRECTION, request.id, subscriber.id, changed)
    wording = wordings.newest("confirm_change", request.tongue)
    said = answering.compose(request, wording, link=inquiry.link)
    used = answering.post(request, said, wording.slug)
    timeline.note(request.id, Happened.ANSWERED, actor.name, **used)


def _wait(request: Request, actor: Actor) -> None:
    if request.paused_at is None:
        pausing.hold(request, PauseReason.CLARIFICATION, actor.name)


def _new_address(subscriber: Subscriber, text: str) -> str | None:
    personal = subscribers.personal_of(subscriber)
    if not text.strip() or personal is None:
        return None
    return None if canonical(text) == canonical(personal.email) else text


def _person(request: Request) -> Subscriber:
    found = subscribers.lock(request.subscriber_id) if request.subscriber_id else None
    if found is None or found.personal is None:
        raise Conflict("Nobody is known by this address, so nothing can be put right.")
    return found


def _demand_open(request: Request) -> None:
    if State(request.state) not in (State.OPEN, State.WAITING):
        raise Conflict("Only while it is to be answered is anything put right by a request.")
    rights.named(request.id, Kind.RECTIFICATION)
