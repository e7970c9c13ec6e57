"""Death, what it leaves under way, and the sweep.

A request that is lost is a death before the step, a reply that is lost a death after it: a
worker whose database does not answer ends. What was asked and is done later, when its asker is
dead, is a request under way; so is one that was asked twice.
"""

from collections.abc import Iterator

from tests.model import sending
from tests.model.rows import claimed, is_due, moved, recorded
from tests.model.world import (
    DEAD,
    GHOST,
    Case,
    Line,
    Request,
    Worker,
    World,
    is_barred,
    is_held,
    put_worker,
)

Step = tuple[str, World]

_ASKS = {"idle": "claim", "holds a claim": "gate", "at the gate": "gate", "writes the body": "seal"}
_STATES = ("claimed", "open", "aborting", "sealed")


def deaths(world: World, case: Case) -> Iterator[Step]:
    """A worker is killed, alone or with its machine; it is started again at once."""
    for index, worker in enumerate(world.workers):
        dead = _dead(world, index)
        yield f"worker {index} is killed", dead
        if dead.ghost != "?" and dead.row[1] == GHOST:
            yield f"the machine of worker {index} fails", dead._replace(ghost="?")
        if world.request is None:
            for verb, fence in sorted({_asked(line) for line in worker.lines} - {("", 0)}):
                late = Request(verb, dead.row[1] if dead.row[1] == GHOST else DEAD, fence)
                if world.row[1] != index:
                    late = late._replace(owner=DEAD)
                after = dead._replace(request=late)
                yield f"worker {index} is killed, its {verb} under way", after


def _dead(world: World, index: int) -> World:
    worker = world.workers[index]
    flies = any(line.phase == "listens" for line in worker.lines)
    fresh = Worker("", (Line(),) * len(worker.lines))
    after = put_worker(world, index, fresh)._replace(flying=world.flying or int(flies))
    owns = world.row[1] == index
    if owns:
        after = after._replace(row=(world.row[0], GHOST), ghost=worker.journal)
    if world.request is not None and world.request.owner == index:
        heir = GHOST if owns else DEAD
        after = after._replace(request=world.request._replace(owner=heir))
    return after


def _asked(line: Line) -> tuple[str, int]:
    """What the line would ask of the database next."""
    if line.phase == "has a result":
        return line.ending, line.fence
    return _ASKS.get(line.phase, ""), line.fence


def late(world: World, case: Case) -> Iterator[Step]:
    """What is under way arrives, or never does."""
    if world.flying:
        landed = world._replace(flying=0)
        yield "a dead worker's dot arrives", landed._replace(taken=world.taken + 1)
        yield "a dead worker's dot is lost", landed
    if world.request is not None:
        gone = world._replace(request=None)
        yield "a request under way is lost", gone
        if not is_held(world):
            for name, after in _done(gone, case, world.request):
                yield f"late, {name}", after


def _done(world: World, case: Case, request: Request) -> Iterator[Step]:
    verb, claim = request.verb, (request.owner, request.fence)
    if verb == "claim" and is_due(world, "claim"):
        yield "the claim of a dead worker", claimed(world, request.owner)
    elif verb == "gate" and not is_barred(world, case):
        for name, after in sending.decided(world, case, claim, (None, world.person.said)):
            yield f"a dead worker {name}", after
    elif verb == "seal":
        yield "a seal", sending.sealed(world, case, claim)
    elif verb.startswith("record"):
        yield "a result", sending.result_of(world, case, claim, verb)


def sweeps(world: World, case: Case) -> Iterator[Step]:
    """The sweep settles what the dead own, writes late rows and moves on what waits for a time."""
    if is_held(world):
        return
    state, owner = world.row
    if state in _STATES and _is_swept(world, case):
        journal = world.ghost if owner == GHOST else world.workers[owner].journal
        if not case.has("an operator declares only the dead dead"):
            journal = "?"
        yield (
            f"the sweep settles by {journal or 'an empty journal'}",
            _settled(world, case, journal),
        )
    if state == "unwritten":
        yield "the message is written down", world._replace(row=("pending", owner))
    if is_due(world, "pause") and not case.is_confirmation:
        # By a campaign that is paused and goes on; a claim may be taken back at any time.
        yield "the claim is taken back", moved(world, "pause")
    if world.campaign.state == "stopped" and is_due(world, "close stopped"):
        yield "the stopped campaign is closed", moved(world, "close stopped")


def _is_swept(world: World, case: Case) -> bool:
    wrongly = ("the sweep has proof of death", "an operator declares only the dead dead")
    return world.row[1] == GHOST or not all(case.has(piece) for piece in wrongly)


def _settled(world: World, case: Case, journal: str) -> World:
    if journal == "?" and case.has("a journal of an earlier boot is doubted"):
        journal = "D"
    if journal == "?" or not case.has("the sweep reads the journal"):
        journal = ""
    verb = f"settle: {journal or 'nothing'}"
    return recorded(world, verb, case)
