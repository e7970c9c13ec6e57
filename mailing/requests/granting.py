"""Granting destruction: the decision, a second person's yes, cutting the cooling-off short, calling
it off. Each is an act with a name; none of them destroys anything.
"""

from uuid import UUID

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, NotAllowed
from mailing.base.languages import gettext as _
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.scope import Scope
from mailing.people import ledger, stopped, subscribers
from mailing.people.subscribers import Subscriber
from mailing.requests import cooling, destructions, holds, remarks, requests, rights, timeline
from mailing.requests.destructions import Destruction, State
from mailing.requests.kinds import PROVED, Happened, Identity, Kind, RightState, Ruling
from mailing.requests.kinds import State as Stands
from mailing.requests.requests import Request
from mailing.staff import audit, staff
from mailing.staff.audit import Actor
from mailing.staff.permissions import Act, demand, may

LONGEST_REASON = 300
_PATIENCE = 2.0


def decide(request_id: int, actor: Actor) -> Destruction:
    """Grant the right to be destroyed; the same again is the same decision. Whoever is still mailed
    is withdrawn first, and that commits. Raises Conflict for a request of nobody known, for one
    that is closed, while nobody knows who asks, and for somebody under a legal hold."""
    demand(actor.role, Act.DESTROY_PEOPLE)
    person = _person_of(requests.find(request_id))
    _demand_theirs(requests.find(request_id), person)
    _withdraw(person, actor)
    subscribers.lock(person.id)
    found = destructions.of_request(request_id)
    if found is not None:
        return found
    request = requests.lock(request_id)
    demand_open(request)
    demand_no_hold(person)
    _demand_no_other(person)
    at = clock.now()
    decided = Destruction(
        request_id=request_id,
        subscriber_id=person.id,
        decided_by=actor.name,
        decided_at=at,
        cools_until=cooling.until(at, request.due_at),
    )
    db.session.add(decided)
    db.session.flush()
    note(decided, "destruction_decided", actor)
    return decided


def approve(request_id: int, actor: Actor) -> Destruction:
    """Say yes to the destruction of a request: the first who does decides it, a second approves it.
    Raises NotAllowed where whoever decided would approve their own decision, else as `decide`."""
    demand(actor.role, Act.DESTROY_PEOPLE)
    found = _locked(requests.find(request_id).id)
    if found is None:
        _demand_asked_for(requests.find(request_id))
        decided = decide(request_id, actor)
        _rule(request_id, actor)
        return decided
    if found.approved_by is not None or found.state != State.DECIDED:
        return found
    if found.decided_by == actor.name:
        demand_approval(found)
        return found
    found.approved_by, found.approved_at = actor.name, clock.now()
    db.session.flush()
    note(found, "destruction_approved", actor)
    return found


def expedite(request_id: int, reason: str, actor: Actor) -> Destruction:
    """Cut the cooling-off short, with a reason that stands in the certificate. Raises Invalid for
    none and for one that names the person."""
    demand(actor.role, Act.DESTROY_PEOPLE)
    found = _decided(request_id)
    person = _person_of(requests.find(request_id))
    said = remarks.clean(reason, person, "reason", LONGEST_REASON)
    if found.is_cooling:
        found.expedited_by, found.expedited_at = actor.name, clock.now()
        found.expedited_because = said
        db.session.flush()
        note(found, "destruction_expedited", actor)
    return found


def call_off(request_id: int, actor: Actor) -> Destruction:
    """Take the decision back while nothing has gone. Raises Conflict once it has begun."""
    demand(actor.role, Act.DESTROY_PEOPLE)
    found = _decided(request_id)
    found.state = State.CALLED_OFF.value
    found.called_off_by, found.called_off_at = actor.name, clock.now()
    for right in _granted(request_id):
        right.open_again()
    db.session.flush()
    note(found, "destruction_called_off", actor)
    return found


def demand_approval(found: Destruction) -> None:
    """Raises NotAllowed while a second person has to approve."""
    if is_short_of_approval(found):
        raise NotAllowed(
            _(
                "Two people here may decide about destruction, so a second one has to approve; "
                "whoever decided may not."
            )
        )


def is_short_of_approval(found: Destruction) -> bool:
    """Whether it takes a second person's yes that has not been said."""
    is_of_request = found.ground == destructions.Ground.REQUEST
    return is_of_request and found.approved_by is None and number_of_deciders() >= 2


def number_of_deciders() -> int:
    """How many of the staff can log in and may decide about destruction: whoever was invited and
    has not come yet could approve nothing."""
    here = [one for one in staff.everybody() if one.active and one.password_at is not None]
    return sum(may(one.role, Act.DESTROY_PEOPLE) for one in here)


def demand_no_hold(person: Subscriber) -> None:
    """Raises Conflict for whoever is under a legal hold on everything."""
    hold = holds.whole(person.id)
    if hold is not None:
        raise Conflict(
            _(
                "A legal hold keeps these data until %(day)s (%(basis)s). They are destroyed after "
                "that, or once it is lifted.",
                day=hold.until.isoformat(),
                basis=hold.basis,
            )
        )


def is_theirs(request: Request, subscriber_id: UUID) -> bool:
    """Whether it is known to be the person's own word: their identity is proved, or they have
    withdrawn; and they have not said that it was not them."""
    halt = stopped.of(subscriber_id)
    has_withdrawn = halt is not None and halt.is_final
    return request.identity != Identity.DENIED and (has_withdrawn or request.identity in PROVED)


def _withdraw(person: Subscriber, actor: Actor) -> None:
    """Mailing ends before anything goes. Nothing is said twice."""
    halt = stopped.of(person.id)
    if halt is None or not halt.is_final:
        everything, withdrawn = Scope.everything(), ledger.Kind.WITHDRAWN
        leave(Leaving(person.id, everything, withdrawn, "staff", actor.name, patience=_PATIENCE))


def _person_of(request: Request) -> Subscriber:
    person = subscribers.lock(request.subscriber_id) if request.subscriber_id else None
    if person is None:
        raise Conflict(
            _("Nobody is known by this request, so there is nothing of theirs to destroy.")
        )
    return person


def _demand_theirs(request: Request, person: Subscriber) -> None:
    """Anybody can put their address over a letter, or type it into the form: what cannot be taken
    back takes their own word. To have withdrawn is one, by whichever door."""
    if not is_theirs(request, person.id):
        raise Conflict(
            _("Make sure first that it is the person who asks: send the link, or say how.")
        )


def _rule(request_id: int, actor: Actor) -> None:
    """A yes to the destruction is the decision on the right, wherever it was said."""
    for right in rights.of(request_id):
        if right.what is Kind.DESTRUCTION and right.is_open:
            right.state, right.ruling = RightState.DECIDED.value, Ruling.GRANT.value
            right.ruled_by, right.ruled_at = actor.name, clock.now()
    db.session.flush()


def _granted(request_id: int) -> list[rights.Right]:
    """The right to be destroyed, where it was granted and is not done."""
    asked = rights.of(request_id)
    return [
        one for one in asked if one.what is Kind.DESTRUCTION and one.state == RightState.DECIDED
    ]


def _demand_asked_for(request: Request) -> None:
    """A yes to a question or a correction must destroy nobody, nor one after a refusal."""
    asked = [one for one in rights.of(request.id) if one.what is Kind.DESTRUCTION]
    if any(one.ruling == Ruling.REFUSE for one in asked):
        raise Conflict(_("This right was refused; take the request up again first."))
    if not asked:
        raise Conflict(
            _("This request asks for something else; say first that it is about destruction.")
        )


def demand_open(request: Request) -> None:
    """Raises Conflict for a request that was closed, and where it was not them who asked."""
    if request.identity == Identity.DENIED:
        raise Conflict(
            _("They say that it was not them who asked; nothing of theirs is destroyed.")
        )
    if request.state == Stands.CLOSED:
        raise Conflict(_("This request is closed; take it up again first."))


def _demand_no_other(person: Subscriber) -> None:
    known = destructions.of_subscriber(person.id)
    if any(one.state in (State.DECIDED, State.CARRYING) for one in known):
        raise Conflict(_("The destruction of these data has been decided by another request."))


def _locked(request_id: int) -> Destruction | None:
    """The person first, as everybody locks."""
    found = destructions.of_request(request_id)
    if found is None:
        return None
    subscribers.lock(found.subscriber_id)
    return destructions.lock(found.id)


def _decided(request_id: int) -> Destruction:
    found = _locked(requests.find(request_id).id)
    if found is None:
        raise Conflict(_("Nobody has decided yet that these data are destroyed."))
    if found.state != State.DECIDED:
        raise Conflict(_("The destruction has begun; it cannot be taken back."))
    return found


def note(found: Destruction, did: str, actor: Actor) -> None:
    """What was done, in the request's timeline and in the audit log."""
    subject = f"subscriber {found.subscriber_id}"
    if found.request_id is not None:
        timeline.note(found.request_id, Happened.ACTED, actor.name, did=did)
        subject = f"request {requests.find(found.request_id).number}"
    audit.record(actor, did.replace("_", " "), subject, destruction=found.id)
