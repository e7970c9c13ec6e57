"""Rulings: what the officer decides on each right, grant, part or refuse, and what follows.

Nothing is mailed by a ruling: the officer reads the answer that it leads to, and sends it. What
leaving has to do comes first, since it commits for itself and may fail; only then does the ruling
say that it was done.
"""

from dataclasses import dataclass

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid
from mailing.people.subscribers import Sealer
from mailing.requests import deeds, holds, law, rights, running, timeline
from mailing.requests.kinds import (
    OF_THE_PERSON,
    PROVED,
    RIGHTS,
    Happened,
    Kind,
    Resolution,
    RightState,
    Ruling,
    State,
)
from mailing.requests.requests import Request, find, hold, lock
from mailing.requests.rights import Right
from mailing.staff import audit
from mailing.staff.audit import Actor

LONGEST = 2000
# What is said where one right alone was decided, and granted.
_OF_ONE = {
    Kind.ACCESS: "data_ready",
    Kind.RECTIFICATION: "corrected",
    Kind.BLOCKING: "blocked",
    Kind.WITHDRAWAL: "withdrawn",
}


@dataclass(frozen=True)
class Ruled:
    """A decision: what, on which ground (a slug of the law's data), and what the person reads."""

    ruling: Ruling
    ground: str = ""
    words: str = ""


def rule(right_id: int, ruled: Ruled, actor: Actor) -> Right:
    """Decide on a right, and do what was granted. Commits where somebody leaves by it.

    Raises Invalid without a ground where one is due, Conflict for what is decided, for a request
    that is closed, and while nobody knows who asks.
    """
    right = rights.find(right_id)
    _demand(find(right.request_id), right, ruled)
    if ruled.ruling is not Ruling.REFUSE:
        deeds.begin(find(right.request_id), right.what, actor)
    request, right = hold(right.request_id), rights.find(right_id)
    _demand(request, right, ruled)
    _keep(request, right, ruled, actor)
    if ruled.ruling is not Ruling.REFUSE and deeds.carry_out(request, right.what, actor):
        right.end(Resolution.DONE, clock.now())
    db.session.flush()
    running.reckon(request)
    return right


def finish(request_id: int, kind: Kind, actor_name: str) -> None:
    """What was granted has been done: the right is over. Again changes nothing."""
    request = lock(request_id)
    right = next((one for one in rights.of(request.id) if one.what is kind), None)
    if right is not None and right.state == RightState.DECIDED:
        right.end(Resolution.DONE, clock.now())
        db.session.flush()
        running.reckon(request)
        timeline.note(request.id, Happened.FINISHED, actor_name, kind=kind)


def words_of(request: Request, right: Right) -> str:
    """What was written for the person about a decision."""
    if right.words is None:
        return ""
    return str(Sealer().open(right.words, request.correspondent_id.bytes)["words"])


def told(request: Request, language: str) -> str:
    """The decisions as an answer says them: each right, what was decided, why, by which article."""
    decided = [one for one in rights.of(request.id) if one.ruling is not None]
    return "\n\n".join(_told(request, one, language) for one in decided)


def template_of(request: Request) -> str | None:
    """The template that fits what was decided; None while nothing is."""
    decided = [one for one in rights.of(request.id) if one.ruling]
    rulings = {Ruling(one.ruling or "") for one in decided}
    if not decided:
        return None
    if rulings == {Ruling.GRANT}:
        return _OF_ONE.get(decided[0].what, "answered") if len(decided) == 1 else "answered"
    return "refused" if rulings == {Ruling.REFUSE} else "partly_refused"


def _demand(request: Request, right: Right, ruled: Ruled) -> None:
    if request.state == State.CLOSED:
        raise Conflict("This request is closed; take it up again before you decide.")
    if not right.is_open:
        raise Conflict("On this it has been decided already.")
    if right.what not in RIGHTS:
        raise Conflict("Say first what this message asks for; on that alone it is decided.")
    if ruled.ruling is not Ruling.GRANT:
        law.ground(ruled.ground, right.what)
    if len(ruled.words) > LONGEST:
        raise Invalid(f"A decision has {LONGEST} characters at the most.", field="words")
    _demand_kept(request, right, ruled)
    is_granted = ruled.ruling is not Ruling.REFUSE and right.what in OF_THE_PERSON
    if is_granted and request.identity not in PROVED:
        raise Conflict("Make sure first that it is the person who asks: send the link, or say how.")


def _demand_kept(request: Request, right: Right, ruled: Ruled) -> None:
    """Destruction takes all but what a hold keeps: a part is refused by one, not by words."""
    is_part = ruled.ruling is Ruling.PART and right.what is Kind.DESTRUCTION
    kept = holds.keeping(request.subscriber_id) if request.subscriber_id else {}
    if is_part and not kept:
        raise Conflict("Place a legal hold on what is to be kept first; all the rest goes.")


def _keep(request: Request, right: Right, ruled: Ruled, actor: Actor) -> None:
    ground = ruled.ground if ruled.ruling is not Ruling.GRANT else None
    right.words = _sealed(request, ruled.words.strip())
    right.ruling, right.ground = ruled.ruling.value, ground
    right.ruled_by, right.ruled_at = actor.name, clock.now()
    if ruled.ruling is Ruling.REFUSE:
        right.end(Resolution.REFUSED, clock.now())
    else:
        right.state = RightState.DECIDED.value
    said = {"kind": right.kind, "ruling": ruled.ruling.value, "ground": ground}
    timeline.note(request.id, Happened.RULED, actor.name, **said)
    audit.record(actor, "right decided", f"request {request.number}", **said)


def _sealed(request: Request, words: str) -> bytes | None:
    return Sealer().seal({"words": words}, request.correspondent_id.bytes) if words else None


def _told(request: Request, right: Right, language: str) -> str:
    ruling, ground = Ruling(right.ruling or ""), law.known(right.ground)
    lines = [f"{law.right_in(right.what, language)}: {law.ruling_in(ruling, language)}."]
    if ground is not None:
        sentence = ground.sentence(language)
        lines.append(f"{sentence[:1].upper()}{sentence[1:]} ({ground.citation(language)}).")
    words = words_of(request, right)
    return "\n".join([*lines, words] if words else lines)
