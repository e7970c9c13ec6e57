"""The world of the model: one message to one person, and everybody who has a hand in it.

A world is a tuple of small tuples, so that a set of worlds is cheap. A fence is `STALE` or
`CURRENT`: a claim makes every older one stale, and nothing else about it ever matters.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

STALE, CURRENT = 1, 2
# Owners: workers are numbered from 0. A dead one that owns the row is the ghost; a dead one
# that owns nothing has only requests left under way.
NOBODY, GHOST, DEAD = -1, 90, 91
UNWRITTEN = ("unwritten", NOBODY)
# A transaction that has locked its person or campaign, and then has looked at the row.
UNDER_WAY = ("locked", "moved")


class Line(NamedTuple):
    """One connection of a worker, and how far it is with the message."""

    phase: str = "idle"
    fence: int = 0
    ending: str = ""


class Worker(NamedTuple):
    """One life of one sending process; its send journal, as far as it tells of this claim."""

    journal: str
    lines: tuple[Line, ...]


class Person(NamedTuple):
    """Somebody who may leave: `said` is yes, wished (in the journal), locked, moved or no.

    `waits`: a request waits for its answer. `touches`: the open transaction has changed the row
    and holds it. `told`: what the last answer said of this message: nothing yet, "not named" or
    "named". `turns`: how often they may still take their word back.
    """

    said: str = "yes"
    waits: bool = False
    touches: bool = False
    told: str = "nothing"
    turns: int = 0


class Campaign(NamedTuple):
    """The campaign: sending, paused, locked, moved or stopped; fields as those of a person."""

    state: str = "sending"
    touches: bool = False
    told: str = "nothing"


class Request(NamedTuple):
    """Something asked of the database that is still under way; its asker is dead or asked twice."""

    verb: str
    owner: int
    fence: int


class World(NamedTuple):
    """Everything at one moment. `flying`: dots of the dead that the relay may still get;
    `taken`: how often the relay took the message; `resends` that are left."""

    row: tuple[str, int]
    workers: tuple[Worker, ...]
    ghost: str = ""
    person: Person = Person()
    campaign: Campaign = Campaign()
    request: Request | None = None
    flying: int = 0
    taken: int = 0
    resends: int = 0


@dataclass(frozen=True)
class Case:
    """What is explored: how many workers of how many lines, what people do, and what is missing.

    `missing` names the pieces of the protocol that a mutant goes without.
    """

    lines: tuple[int, ...] = (1, 1)
    is_confirmation: bool = False
    leaves: bool = True
    turns: int = 0
    stops: bool = False
    missing: frozenset[str] = field(default_factory=frozenset)

    def has(self, piece: str) -> bool:
        """Whether this piece of the protocol is there."""
        return piece not in self.missing


def first(case: Case) -> World:
    """Nothing is written down yet and everybody is idle."""
    workers = tuple(Worker("", (Line(),) * count) for count in case.lines)
    person = Person(turns=case.turns)
    resends = 1 if case.is_confirmation else 0
    return World(UNWRITTEN, workers, person=person, resends=resends)


def put(world: World, who: tuple[int, int], line: Line) -> World:
    """The world with one line of one worker at another point."""
    index, number = who
    worker = world.workers[index]
    lines = (*worker.lines[:number], line, *worker.lines[number + 1 :])
    return put_worker(world, index, Worker(worker.journal, lines))


def put_worker(world: World, index: int, worker: Worker) -> World:
    """The world with another worker in this place."""
    workers = world.workers
    return world._replace(workers=(*workers[:index], worker, *workers[index + 1 :]))


def write(world: World, index: int, journal: str) -> World:
    """The world after a line in a worker's send journal."""
    return put_worker(world, index, Worker(journal, world.workers[index].lines))


def is_gated(world: World) -> bool:
    """Whether a gate holds the rows of campaign and person."""
    return any(line.phase == "at the gate" for worker in world.workers for line in worker.lines)


def is_held(world: World) -> bool:
    """Whether an open transaction of a leaving or a stop holds the row."""
    return world.person.touches or world.campaign.touches


def is_barred(world: World, case: Case) -> bool:
    """Whether a leaving or a stop holds what every gate asks for first."""
    leaves = world.person.said in UNDER_WAY and case.has("leaving locks the person first")
    return leaves or world.campaign.state in UNDER_WAY


def tidy(world: World) -> World:
    """The same world in its one spelling: workers are told apart only by what they do."""
    asker = world.request.owner if world.request else NOBODY
    keyed = sorted(
        (worker, world.row[1] == index, asker == index, index)
        for index, worker in enumerate(world.workers)
    )
    order = [key[3] for key in keyed]
    return world if order == sorted(order) else _renamed(world, order)


def _renamed(world: World, order: list[int]) -> World:
    names = {old: new for new, old in enumerate(order)}
    request = world.request
    if request is not None:
        request = request._replace(owner=names.get(request.owner, request.owner))
    state, owner = world.row
    return world._replace(
        row=(state, names.get(owner, owner)),
        workers=tuple(world.workers[old] for old in order),
        request=request,
    )
