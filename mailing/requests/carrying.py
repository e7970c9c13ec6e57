"""Carrying a destruction out: table after table, each with its own state and commit.

The first transaction writes the journal, keeps the address out for ever, stops the queue and
empties the person's row: from there on there is no way back, and whatever is killed in between is
gone on with by the sweep. Tables that hold nothing of the person are noted as done there and then.
The last one finds anew whose the rows are, asks every table again, takes what came meanwhile, cuts
what leads from an address to the rows, and certifies.
"""

from uuid import UUID

from sqlalchemy import select

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, NotAllowed, Unavailable
from mailing.base.languages import gettext as _
from mailing.deliveries.deliveries import Delivery
from mailing.leaving import destroyed, inflight
from mailing.leaving.journal import JournalError
from mailing.people import ledger, stopped, subscribers, topics
from mailing.people.ledger import NewEntry
from mailing.people.subscribers import Subscriber
from mailing.requests import (
    certificates,
    certifying,
    destructions,
    erasing,
    granting,
    holds,
    long_gone,
    progress,
    requests,
    rulings,
    whose,
)
from mailing.requests.certificates import Certificate
from mailing.requests.destructions import Destruction, State
from mailing.requests.kinds import Kind
from mailing.requests.progress import DestructionStep
from mailing.requests.whose import Person
from mailing.staff import audit
from mailing.staff.audit import Actor
from mailing.staff.permissions import Act, demand

_HANDED_OVER = ("open", "aborting", "sealed")


def carry_out(request_id: int, actor: Actor) -> Certificate:
    """Destroy what has been decided about a request; its certificate. Called again, it goes on
    where it was cut off, or gives the certificate that there is. Commits after each table.

    Raises NotAllowed without a decision or a second person's approval and while it cools off,
    Conflict under a legal hold and while a message to the person is being handed over, Unavailable
    without a journal.
    """
    demand(actor.role, Act.DESTROY_PEOPLE)
    found = destructions.of_request(requests.find(request_id).id)
    if found is None:
        raise NotAllowed(
            _("Nobody has decided yet that these data are destroyed; that is the first step.")
        )
    return carry(found.id, actor)


def carry(destruction_id: int, actor: Actor) -> Certificate:
    """The same for whatever a destruction rests on."""
    found = destructions.find(destruction_id)
    if found.state == State.DONE:
        return certificates.of_destruction(destruction_id)[-1]
    who, waiting = _begin(found, actor)
    db.session.commit()
    for name in waiting:
        _erase(destruction_id, name, who)
        db.session.commit()
    certificate = _finish(destruction_id, who, actor)
    db.session.commit()
    return certificate


def _begin(found: Destruction, actor: Actor) -> tuple[Person, list[str]]:
    """Whose rows go, and the tables that wait; where it had begun before, those that still do."""
    person = _lock_person(found.subscriber_id)
    destructions.lock(found.id)
    who = whose.person(person.id)
    if found.state in (State.DECIDED, State.CALLED_OFF):
        _set_out(found, person, who, actor)
    return who, [step.name for step in progress.of(found.id) if step.state == progress.WAITING]


def _set_out(found: Destruction, person: Subscriber, who: Person, actor: Actor) -> None:
    _demand_due(found, person)
    _demand_nothing_underway(who)
    found.number, found.state = certificates.next_number(), State.CARRYING.value
    found.begun_by, found.begun_at = actor.name, clock.now()
    _note_steps(found, who)
    found.entry_id = _say(found, actor)
    every = [topic.id for topic in topics.all_topics()]
    inflight.keep_back([person.id], "withdrawn", named=every, covered=every)
    _erase_table(found.id, Subscriber.__tablename__, who)
    _write_down(person, who, found.number)
    granting.note(found, "destruction_begun", actor)


def _lock_person(subscriber_id: UUID) -> Subscriber:
    """The person before everything else, as everybody locks."""
    found = subscribers.lock(subscriber_id)
    if found is None:
        raise Conflict(_("The person is not here any more."))
    return found


def _demand_due(found: Destruction, person: Subscriber) -> None:
    if found.state == State.CALLED_OFF:
        raise Conflict(_("The decision was called off."))
    if found.request_id is not None and found.ground == destructions.Ground.REQUEST:
        granting.demand_open(requests.find(found.request_id))
        _demand_no_yes_since(person)
    if found.ground == destructions.Ground.RETENTION and long_gone.is_back(person.id):
        raise Conflict(_("They have come back since; they stay."))
    granting.demand_approval(found)
    if found.ground != destructions.Ground.JOURNAL:
        # Else it has been done before: what the backup holds of holds was over by then.
        granting.demand_no_hold(person)
    if found.is_cooling:
        raise NotAllowed(
            _("The decision cools off until %(time)s.", time=found.cools_until.isoformat())
        )


def _demand_no_yes_since(person: Subscriber) -> None:
    """Whoever decides withdraws them first, so they have agreed anew since then: the yes is their
    later word, and only they can say what it means for their data."""
    halt = stopped.of(person.id)
    if halt is None or not halt.is_final:
        raise Conflict(
            _(
                "They have agreed anew since this was decided. Ask them; then call the decision "
                "off, and decide once more if they still want it."
            )
        )


def _demand_nothing_underway(who: Person) -> None:
    """What a relay answers about a message in its hands would be written after everything went."""
    query = select(Delivery.id).where(
        Delivery.subscriber_id.in_(who.ids), Delivery.state.in_(_HANDED_OVER)
    )
    if db.session.scalars(query.limit(1)).first() is not None:
        raise Conflict(
            _("A message to this person is being handed over at this moment. Try again soon.")
        )


def _note_steps(found: Destruction, who: Person) -> None:
    kept = holds.keeping(who.id)
    for place, (name, before) in enumerate(erasing.counts(who).items()):
        db.session.add(
            DestructionStep(
                destruction_id=found.id,
                name=name,
                place=place,
                state=_first_state(name in kept, before),
                before=before,
                erased=0,
                remaining=None if before else 0,
                done_at=None if before else clock.now(),
            )
        )
    db.session.flush()


def _first_state(is_held: bool, rows: int) -> str:
    if is_held:
        return progress.HELD
    return progress.WAITING if rows else progress.DONE


def _say(found: Destruction, actor: Actor) -> int:
    """The entry that says it, in a ledger that names nobody."""
    evidence = {"certificate": found.number, "ground": found.ground}
    door = "staff" if found.ground == destructions.Ground.REQUEST else found.ground
    kind = ledger.Kind.DESTROYED
    return ledger.append(
        NewEntry(found.subscriber_id, kind, None, None, door, actor.name, evidence)
    )


def _write_down(person: Subscriber, who: Person, number: str) -> None:
    try:
        destroyed.write_down(person.id, who.digests, number)
    except (JournalError, OSError) as error:
        db.session.rollback()
        raise Unavailable(
            _(
                "Nothing was destroyed: the withdrawal journal cannot be written (%(why)s).",
                why=error,
            )
        ) from None


def _erase(destruction_id: int, name: str, who: Person) -> None:
    _lock_person(who.id)
    destructions.lock(destruction_id)
    _erase_table(destruction_id, name, who)


def _erase_table(destruction_id: int, name: str, who: Person) -> None:
    """Take one table's rows away and look again; nothing where that was done."""
    step = db.session.get_one(DestructionStep, (destruction_id, name), populate_existing=True)
    if step.state == progress.WAITING:
        _take(step, who)


def _take(step: DestructionStep, who: Person) -> None:
    erased = erasing.BY_NAME[step.name].erase(who)
    step.remaining = erasing.BY_NAME[step.name].left(who)
    step.erased += erased
    step.state, step.done_at = progress.DONE, clock.now()
    db.session.flush()


def _finish(destruction_id: int, before: Person, actor: Actor) -> Certificate:
    """Ask again what is left, take what came meanwhile, cut the links, certify."""
    person = _lock_person(before.id)
    found = destructions.lock(destruction_id)
    if found.state == State.DONE:
        return certificates.of_destruction(destruction_id)[-1]
    steps = progress.of(destruction_id)
    who = _take_again([step for step in steps if step.state == progress.DONE], person.id)
    found.finished_at = clock.now()
    if found.repeats == found.number:
        # A backup of its midst was restored: under that number it may have been certified before.
        found.number = certificates.next_number()
    new = certifying.compose(found, steps, who, actor)
    erasing.cut_links(who, progress.held(found.id))
    certificate = certificates.issue(new)
    found.state, found.problem = State.DONE.value, None
    if found.request_id is not None:
        rulings.finish(found.request_id, Kind.DESTRUCTION, actor.name)
    certifying.close_requests(found, certificate, actor)
    told = {"certificate": certificate.number, "destruction": found.id}
    audit.record(actor, "person destroyed", f"subscriber {person.id}", **told)
    db.session.flush()
    return certificate


def _take_again(steps: list[DestructionStep], subscriber_id: UUID) -> Person:
    """Find anew whose the rows are, and ask every table again until what came since is gone, too;
    the answer is what is noted as left."""
    who = whose.person(subscriber_id)
    left = erasing.counts(who)
    late = [one for one in steps if left[one.name] or erasing.BY_NAME[one.name].files is not None]
    for step in late:
        _take(step, who)
    if late:
        left = erasing.counts(who)
    for step in steps:
        step.remaining = left[step.name]
    db.session.flush()
    return who
