"""Identity: making sure that it is the person who asks, before anything of theirs is handed out.

A link to the address on file proves it; for a letter on paper or a call, somebody of the staff
says how they made sure. While the person is waited for, the clock stands still.
"""

from dataclasses import dataclass

from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid
from mailing.base.languages import LANGUAGES
from mailing.people.subscribers import Subscriber
from mailing.requests import (
    acting,
    answering,
    inquiries,
    pausing,
    remarks,
    timeline,
    wordings,
)
from mailing.requests.acting import Closing
from mailing.requests.inquiries import Inquiry, What
from mailing.requests.kinds import (
    PROVED,
    Channel,
    Happened,
    Identity,
    PauseReason,
    Resolution,
    State,
)
from mailing.requests.requests import Request, lock
from mailing.staff import audit
from mailing.staff.audit import Actor

LONGEST = 200


@dataclass(frozen=True)
class Vouching:
    """How somebody of the staff made sure; it names nobody, since the log keeps it."""

    how: str

    @property
    def tidy(self) -> str:
        """Raises Invalid."""
        how = " ".join(self.how.split())
        if not how:
            raise Invalid("Say how you made sure that it is the person.", field="how")
        if len(how) > LONGEST:
            raise Invalid(f"Say it in {LONGEST} characters at the most.", field="how")
        return how


def ask(request_id: int, actor: Actor, language: str | None = None) -> Inquiry:
    """Mail the link, and wait. Raises Conflict where nobody can be reached, where it is known
    already, and for what is finished."""
    request = lock(request_id)
    _demand_open(request)
    inquiry = inquiries.begin(What.IDENTITY, request.id, request.subscriber_id)
    tongue = language if language in LANGUAGES else request.tongue
    wording = wordings.newest("identity_link", tongue)
    said = answering.compose(request, wording, link=inquiry.link)
    used = answering.post(request, said, wording.slug)
    request.identity = Identity.ASKED.value
    timeline.note(request.id, Happened.IDENTITY_ASKED, actor.name, **used)
    if request.paused_at is None:
        pausing.hold(request, PauseReason.IDENTITY, actor.name)
    audit.record(actor, "identity asked", f"request {request.number}")
    return inquiry


def vouch(request_id: int, vouching: Vouching, actor: Actor) -> Request:
    """Somebody of the staff has made sure, and says how. Raises Conflict where the person has said
    by the link that it was not them: no passport weighs more than that."""
    request, how = lock(request_id), vouching.tidy
    _demand_unnamed(request, how)
    if request.state == State.CLOSED:
        raise Conflict("This request is closed; take it up again first.")
    if request.identity == Identity.DENIED:
        raise Conflict(
            "They say that it was not them: only their answer to a new link changes that."
        )
    _prove(request, Identity.STAFF, actor.name, how=how)
    audit.record(actor, "identity vouched for", f"request {request.number}", how=how)
    return request


def confirm(request: Request) -> None:
    """They pressed the button. The row is locked."""
    if request.identity not in PROVED:
        _prove(request, Identity.LINK, pausing.THE_PERSON)
        _log(request, "identity confirmed")


def deny(request: Request) -> None:
    """It was not them. What came by the form is over by that; the rest a person of the staff
    looks at. The row is locked."""
    request.identity = Identity.DENIED.value
    timeline.note(request.id, Happened.IDENTITY_DENIED, pausing.THE_PERSON)
    _log(request, "identity denied")
    if request.channel == Channel.FORM and request.state != State.CLOSED:
        said = Closing(Resolution.REFUSED, "By the link that was mailed: it was not them.")
        acting.end_by_person(request, said)
    else:
        pausing.go_on(request, pausing.THE_PERSON)


def give_up(request: Request) -> None:
    """Nobody pressed in time. What came by the form is over; the rest is open again. The row is
    locked."""
    timeline.note(request.id, Happened.UNANSWERED)
    # Who has been made sure of meanwhile, by whichever way, may wait for something else.
    is_unconfirmed = request.is_unconfirmed
    if request.identity == Identity.ASKED:
        request.identity = Identity.UNKNOWN.value
    if is_unconfirmed:
        acting.end_by_itself(request, Closing(Resolution.NO_REPLY, "Nobody confirmed it in time."))
        # Nobody knows whose words these were, and whose address.
        request.told, request.sender = None, None
    elif request.pause_reason == PauseReason.IDENTITY:
        pausing.go_on(request, timeline.OURSELVES)


def _prove(request: Request, identity: Identity, by: str, **more: str) -> None:
    request.identity = identity.value
    timeline.note(request.id, Happened.IDENTIFIED, by, identity=identity.value, **more)
    if request.pause_reason == PauseReason.IDENTITY:
        pausing.go_on(request, by)
    db.session.flush()


def _log(request: Request, act: str) -> None:
    if request.subscriber_id is not None:
        audit.record_of_subscriber(act, request.subscriber_id, request=request.number)


def _demand_unnamed(request: Request, how: str) -> None:
    """The timeline and the audit log stay when the person's data have gone."""
    person = db.session.get(Subscriber, request.subscriber_id) if request.subscriber_id else None
    if person is not None:
        remarks.clean(how, person, "how", LONGEST)


def _demand_open(request: Request) -> None:
    if State(request.state) not in (State.OPEN, State.WAITING):
        raise Conflict("Only for what is still to be answered is anybody asked.")
    if request.identity in PROVED:
        raise Conflict("It is known already that it is the person who asks.")
