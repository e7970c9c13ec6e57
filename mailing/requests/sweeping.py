"""Sweeping: destructions that nobody presses, are carried out by time; what was cut off goes on.

Each is tried in a transaction of its own, and again after a minute where it could not be done: what
stands in its way is kept, for the page to say.
"""

from collections.abc import Callable
from datetime import timedelta
from itertools import islice

import structlog
from sqlalchemy import ColumnElement, and_, or_, select

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import KelisimError
from mailing.base.languages import SOURCE, speaking
from mailing.inbound import messages
from mailing.inbound.messages import InboundMessage
from mailing.leaving import destroyed
from mailing.leaving.destroyed import ReplayedDestruction
from mailing.people import subscribers
from mailing.people.suppression import Suppression, Why
from mailing.requests import (
    answering,
    carrying,
    certificates,
    cooling,
    destructions,
    granting,
    holds,
    long_gone,
    progress,
    requests,
    rights,
    whose,
)
from mailing.requests.destructions import Destruction, Ground, State
from mailing.requests.kinds import UNFINISHED, Identity, Kind, RightState
from mailing.requests.kinds import State as Stands
from mailing.requests.progress import DestructionStep
from mailing.requests.requests import Request
from mailing.requests.timeline import OURSELVES
from mailing.staff.audit import Actor
from mailing.staff.staff import Role

BY_ITSELF = Actor(OURSELVES, Role.ADMIN)
_AGAIN_AFTER = timedelta(minutes=1)
_A_SWEEP = 20
_REPORTS = ("bounce-hard", "bounce-soft", "bounce-other", "complaint")
_ENDED_BY_IT = (Kind.DESTRUCTION, Kind.WITHDRAWAL)

_log = structlog.get_logger()


def run() -> int:
    """Carry out what is due, and what a backup brought back; how many. Commits for each."""
    _settle_replayed()
    _let_be_who_came_back()
    # Whoever waits for a second person, or for an answer, keeps nobody else waiting.
    due = (one for one in _due() if _may_go_by_itself(destructions.find(one)))
    return sum(_try(one) for one in islice(due, _A_SWEEP))


def tidy() -> None:
    """What comes late, when nobody waits for it: letters without a name, mail about somebody who is
    gone, what a legal hold kept. Commits."""
    messages.name_senders(_A_SWEEP)
    _empty_late_mail()
    _take_up_what_was_held()
    db.session.commit()


def _due() -> list[int]:
    now = clock.now()
    query = select(Destruction.id).where(
        or_(
            Destruction.state == State.CARRYING.value,
            and_(Destruction.state == State.DECIDED.value, _is_ripe()),
        ),
        or_(Destruction.tried_at.is_(None), Destruction.tried_at < now - _AGAIN_AFTER),
    )
    begun_first = (Destruction.state != State.CARRYING.value, Destruction.id)
    return list(db.session.scalars(query.order_by(*begun_first)))


def _is_ripe() -> ColumnElement[bool]:
    return or_(Destruction.cools_until <= clock.now(), Destruction.expedited_at.is_not(None))


def _may_go_by_itself(found: Destruction) -> bool:
    """Not while a second person is asked, nor the person themselves (the clock stands still), nor
    while something else that they asked for waits for an answer, which nobody could give them
    afterwards; but in time all the same."""
    if found.state == State.CARRYING or found.request_id is None:
        return True
    asked = requests.find(found.request_id)
    is_over = asked.state == Stands.CLOSED or asked.identity == Identity.DENIED
    if found.ground == Ground.REQUEST and is_over:
        return False
    if granting.is_short_of_approval(found) or asked.paused_at is not None:
        return False
    is_pressing = asked.due_at - cooling.MARGIN <= clock.now()
    return is_pressing or not waiting_beside(found)


def waiting_beside(found: Destruction) -> list[str]:
    """The numbers of the person's requests that wait for another answer than this; also what they
    wrote before they were known, or for somebody else: their address goes with them."""
    theirs = whose.of("requests", whose.person(found.subscriber_id))
    query = select(Request).where(theirs, Request.state.in_([one.value for one in UNFINISHED]))
    asked = db.session.scalars(query.order_by(Request.id))
    return [one.number for one in asked if _waits_for_more(one)]


def _waits_for_more(request: Request) -> bool:
    """Whether one asks, maybe in the same letter, for what could not be answered afterwards: it is
    not done, or refused and nobody was told."""
    more = [one for one in rights.of(request.id) if one.what not in _ENDED_BY_IT]
    is_undone = any(one.state != RightState.DONE for one in more)
    return is_undone or (bool(more) and not answering.sent_letters(request.id))


def _let_be_who_came_back() -> None:
    """Whoever has said yes since a rule of retention found them gone stays (a hold may lie
    between)."""
    for found in _by_retention():
        subscribers.lock(found.subscriber_id)
        if long_gone.is_back(found.subscriber_id):
            decided = destructions.lock(found.id)
            decided.state = State.CALLED_OFF.value
            decided.called_off_by, decided.called_off_at = OURSELVES, clock.now()
        db.session.commit()


def _by_retention() -> list[Destruction]:
    query = select(Destruction).where(
        Destruction.ground == Ground.RETENTION.value,
        Destruction.state == State.DECIDED.value,
        _is_ripe(),
    )
    return list(db.session.scalars(query.order_by(Destruction.id).limit(_A_SWEEP)))


def _try(destruction_id: int) -> bool:
    found = destructions.find(destruction_id)
    found.tried_at = clock.now()
    db.session.commit()
    try:
        # What stood in the way is kept, and said to each who looks in their own language.
        with speaking(SOURCE):
            carrying.carry(destruction_id, BY_ITSELF)
    except (KelisimError, OSError) as error:
        db.session.rollback()
        destructions.find(destruction_id).problem = str(error)
        db.session.commit()
        _log.warning("a destruction waits", destruction=destruction_id, error=type(error).__name__)
        return False
    return True


def _settle_replayed() -> None:
    """Whoever was destroyed and came back with a backup is destroyed again, without asking."""
    for line in destroyed.to_settle():
        _settle(line)
        db.session.commit()


def _settle(line: ReplayedDestruction) -> None:
    person = subscribers.lock(line.subscriber_id)
    certificates.note_given(line.source)
    line.settled_at = clock.now()
    if person is not None and person.personal is not None:
        _decide_again(line)


def _decide_again(line: ReplayedDestruction) -> None:
    """What was under way goes on by the journal's word; else it is decided anew."""
    known = destructions.of_subscriber(line.subscriber_id)
    going = [one for one in known if one.state in (State.DECIDED, State.CARRYING)]
    at = clock.now()
    again = going[0] if going else Destruction(subscriber_id=line.subscriber_id)
    again.ground, again.repeats = Ground.JOURNAL.value, line.source
    if not going:
        again.decided_by, again.decided_at, again.cools_until = OURSELVES, at, at
        db.session.add(again)
    again.cools_until = min(again.cools_until, at)
    db.session.flush()


def _empty_late_mail() -> None:
    """A bounce or a letter that came when its person was gone, and that no request needs."""
    gone = select(Destruction.subscriber_id).where(Destruction.state == State.DONE.value)
    kept_out = select(Suppression.digest).where(Suppression.reason == Why.DESTROYED.value)
    theirs = and_(
        InboundMessage.subscriber_id.in_(gone),
        InboundMessage.subscriber_id.not_in(holds.held_people()),
    )
    reported = and_(
        InboundMessage.kind.in_(_REPORTS),
        InboundMessage.subscriber_id.is_(None),
        InboundMessage.sender_digest.in_(kept_out),
    )
    late = select(InboundMessage).where(
        InboundMessage.sealed.is_not(None),
        or_(theirs, reported),
        InboundMessage.state == messages.State.ACTED.value,
        InboundMessage.request_id.is_(None),
    )
    for message in db.session.scalars(late.limit(_A_SWEEP)):
        message.sealed = message.recipients = None
        message.reason, message.sender_digest = "", b""


def _take_up_what_was_held() -> None:
    """When a hold is over, what it kept goes, and a second certificate says so."""
    query = select(DestructionStep).join(
        Destruction, Destruction.id == DestructionStep.destruction_id
    )
    held = query.where(
        DestructionStep.state == progress.HELD, Destruction.state == State.DONE.value
    )
    over = (step for step in db.session.scalars(held).all() if not _is_kept(step))
    for step in islice(over, _A_SWEEP):
        _take_up(step)
        db.session.commit()


def _take_up(step: DestructionStep) -> None:
    """Whoever places a hold at this moment holds the person: one of the two is first."""
    subscribers.lock(destructions.find(step.destruction_id).subscriber_id)
    found = destructions.lock(step.destruction_id)
    if not _is_kept(step):
        step.state, found.state = progress.WAITING, State.CARRYING.value


def _is_kept(step: DestructionStep) -> bool:
    """Whether a hold, on its table or on everything, keeps it today."""
    whom = destructions.find(step.destruction_id).subscriber_id
    return step.name in holds.keeping(whom) or holds.whole(whom) is not None


STEPS: tuple[Callable[[], object], ...] = (run, tidy)
