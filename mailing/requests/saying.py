"""What the page of an inquiry shows, and what its two buttons do."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from mailing.base.database import db
from mailing.people import subscribers
from mailing.people.subscribers import Subscriber
from mailing.requests import identifying, inquiries, proposing, rectify, twins
from mailing.requests.inquiries import Inquiry, State, What
from mailing.requests.kinds import UNFINISHED, Kind
from mailing.requests.kinds import State as Stands
from mailing.requests.requests import Request, find, lock
from mailing.requests.rights import of as rights_of

A_BATCH = 200


@dataclass(frozen=True)
class InquiryView:
    """A question as its reader sees it; `changes` holds what stands there and what would."""

    what: What
    state: State
    number: str
    received_at: datetime
    asked: list[Kind]
    language: str
    until: datetime
    changes: dict[str, tuple[str, str]] = field(default_factory=dict)


def look(token: str) -> InquiryView | None:
    """What a link asks; None for a link that is not ours."""
    inquiry = inquiries.read(token)
    return _view(inquiry) if inquiry else None


def say(token: str, is_yes: bool) -> InquiryView | None:
    """Answer, once; afterwards the page says what was answered. None as for `look`."""
    inquiry = inquiries.read(token)
    if inquiry is None:
        return None
    # The person before the request, and the question as it is once both are ours.
    subscriber = subscribers.lock(inquiry.subscriber_id) if inquiry.subscriber_id else None
    request = lock(inquiry.request_id)
    db.session.refresh(inquiry)
    if _standing(inquiry, request) is State.OPEN:
        _ACTS[What(inquiry.what), is_yes](request, inquiry, subscriber)
        inquiry.end(State.YES if is_yes else State.NO)
        db.session.flush()
    return _view(inquiry)


def forget_unanswered() -> int:
    """Close what nobody answered in time; how many. Twice is safe."""
    due = inquiries.unanswered(A_BATCH)
    for inquiry in due:
        if inquiry.subscriber_id is not None:
            subscribers.lock(inquiry.subscriber_id)
        request = lock(inquiry.request_id)
        db.session.refresh(inquiry)
        if inquiry.state == State.OPEN:
            inquiry.end(State.OVER)
            _GIVEN_UP[What(inquiry.what)](request)
    return len(due)


def _confirm(request: Request, _inquiry: Inquiry, _subscriber: Subscriber | None) -> None:
    """Whoever filled in the form twice got one mail: its button is for both."""
    identifying.confirm(request)
    for one in twins.twins_of(request):
        identifying.confirm(lock(one.id))


def _deny(request: Request, _inquiry: Inquiry, _subscriber: Subscriber | None) -> None:
    identifying.deny(request)


def _correct(request: Request, inquiry: Inquiry, subscriber: Subscriber | None) -> None:
    if subscriber is not None and subscriber.personal is not None:
        proposing.apply(request, inquiry, subscriber)


def _keep(request: Request, _inquiry: Inquiry, _subscriber: Subscriber | None) -> None:
    proposing.decline(request)


Answering = Callable[[Request, Inquiry, Subscriber | None], None]
_ACTS: dict[tuple[What, bool], Answering] = {
    (What.IDENTITY, True): _confirm,
    (What.IDENTITY, False): _deny,
    (What.CORRECTION, True): _correct,
    (What.CORRECTION, False): _keep,
}
_GIVEN_UP: dict[What, Callable[[Request], None]] = {
    What.IDENTITY: identifying.give_up,
    What.CORRECTION: proposing.decline,
}


def _view(inquiry: Inquiry) -> InquiryView:
    request = find(inquiry.request_id)
    return InquiryView(
        what=What(inquiry.what),
        state=_standing(inquiry, request),
        number=request.number,
        received_at=request.received_at,
        asked=[one.what for one in rights_of(request.id)],
        language=request.tongue,
        until=inquiry.expires_at,
        changes=_changes(inquiry),
    )


def _standing(inquiry: Inquiry, request: Request) -> State:
    """What is finished meanwhile, or lost what it proposed, is asked of nobody any more."""
    is_asked = Stands(request.state) in UNFINISHED and not _is_empty(inquiry)
    return State.OVER if inquiry.standing is State.OPEN and not is_asked else inquiry.standing


def _is_empty(inquiry: Inquiry) -> bool:
    return inquiry.what == What.CORRECTION and inquiry.proposed is None


def _changes(inquiry: Inquiry) -> dict[str, tuple[str, str]]:
    if inquiry.standing is not State.OPEN or inquiry.subscriber_id is None:
        return {}
    subscriber = db.session.get(Subscriber, inquiry.subscriber_id)
    if subscriber is None or subscriber.personal is None:
        return {}
    before = rectify.fields_of(subscriber)
    return {name: (before.get(name, ""), new) for name, new in inquiry.changes.items()}
