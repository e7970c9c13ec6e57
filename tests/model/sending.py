"""What a worker does, line by line: claim, gate, body, seal, journal, dot, reply, result."""

from collections.abc import Iterator

from tests.model.rows import claimed, is_due, is_of, moved, recorded, verdict
from tests.model.world import (
    CURRENT,
    Case,
    Line,
    Request,
    World,
    is_barred,
    is_held,
    put,
    write,
)

Step = tuple[str, World]
Who = tuple[int, int]

_IDLE = Line()
# What the relay answers to a dot, and how the result of it is called.
_CODES = {"250": "record: accepted", "450": "record: deferred", "550": "record: refused"}


def steps(world: World, case: Case) -> Iterator[Step]:
    """Every next step of every line."""
    for index, worker in enumerate(world.workers):
        for number, line in enumerate(worker.lines):
            for name, after in _PHASES[line.phase](world, case, (index, number), line):
                yield f"worker {index}.{number} {name}", after


def _idle(world: World, case: Case, who: Who, _: Line) -> Iterator[Step]:
    # A claim looks at the campaign without a lock: it may come after a stop that it has not seen.
    if is_due(world, "claim") or world.row[0] == "unwritten":
        how = "writes and claims" if world.row[0] == "unwritten" else "claims"
        yield how, put(claimed(world, who[0]), who, Line("holds a claim", CURRENT))


def _holds(world: World, case: Case, who: Who, line: Line) -> Iterator[Step]:
    is_mine = is_of(world, case, "put back", (who[0], line.fence))
    if is_mine and is_due(world, "put back"):
        for verb in ("put back", "put back: not yet"):
            yield f"{verb}", put(moved(world, verb), who, _IDLE)
    if not case.has("the gate asks in two statements"):
        yield "asks, with the snapshot of now", put(world, who, _at_the_gate(world, line))
    elif not is_barred(world, case):
        yield "asks: the gate locks", put(world, who, _at_the_gate(world, line))


def _at_the_gate(world: World, line: Line) -> Line:
    # Only the mutant of one statement looks at this snapshot, which may be old by then.
    return Line("at the gate", line.fence, "no" if world.person.said == "no" else "yes")


def _gate(world: World, case: Case, who: Who, line: Line) -> Iterator[Step]:
    if is_held(world):
        return
    if not case.has("the gate asks in two statements"):
        if is_barred(world, case):
            return
        said = line.ending
    else:
        said = world.person.said
    yield from decided(world, case, (who[0], line.fence), (who, said))


def decided(
    world: World, case: Case, claim: tuple[int, int], asked: tuple[Who | None, str]
) -> Iterator[Step]:
    """The gate's answer; a yes whose asker is dead opens the row for nobody."""
    who, said = asked
    after, line = world, _IDLE
    if world.row[0] == "claimed" and is_of(world, case, "gate", claim):
        verb = verdict(world, case, said)
        after = moved(world, verb)
        if verb == "gate: yes":
            line = Line("writes the body", claim[1])
    yield f"hears the gate: {after.row[0]}", put(after, who, line) if who else after


def _body(world: World, case: Case, who: Who, line: Line) -> Iterator[Step]:
    yield "loses the connection", put(world, who, _told(line, "record: lost"))
    yield "cannot make the message", put(world, who, _told(line, "record: cannot_render"))
    if not case.has("there is a seal"):
        yield "is at its dot", put(world, who, Line("may go", line.fence))
    elif not is_held(world):
        yield from _seal(world, case, who, line)


def _seal(world: World, case: Case, who: Who, line: Line) -> Iterator[Step]:
    claim = who[0], line.fence
    go, after = Line("may go", line.fence), sealed(world, case, claim)
    if after is not world:
        yield "seals", put(after, who, go)
        if world.request is None:
            again = Request("seal", *claim)
            yield "seals, asking twice", put(after._replace(request=again), who, go)
    elif case.has("the seal's no is obeyed"):
        yield "is refused the seal", put(world, who, _told(line, "record: aborted"))
    else:
        yield "is refused the seal and goes on", put(world, who, go)


def sealed(world: World, case: Case, claim: tuple[int, int]) -> World:
    """The world after a seal, which changes nothing for whoever does not own what is open."""
    return moved(world, "seal") if is_of(world, case, "seal", claim) else world


def _may_go(world: World, case: Case, who: Who, line: Line) -> Iterator[Step]:
    after = put(world, who, Line("has journalled D", line.fence))
    if not case.has("the journal is written before the dot"):
        yield "goes on without its journal", after
    elif line.fence == CURRENT:
        yield "journals D", write(after, who[0], "D")
    else:
        # What the journal says of an older claim, nobody looks at.
        yield "journals D of an old claim", after


def _dot(world: World, case: Case, who: Who, line: Line) -> Iterator[Step]:
    yield "writes the dot", put(world, who, Line("listens", line.fence))


def _listens(world: World, case: Case, who: Who, line: Line) -> Iterator[Step]:
    taken = world._replace(taken=world.taken + 1)
    for code, result in _CODES.items():
        heard = Line("has a reply", line.fence, result)
        yield f"hears {code}", put(taken if code == "250" else world, who, heard)
    unknown = _told(line, "record: uncertain")
    yield "is cut off; the relay has the message", put(taken, who, unknown)
    yield "is cut off; the relay has not got it", put(world, who, unknown)


def _reply(world: World, case: Case, who: Who, line: Line) -> Iterator[Step]:
    after = put(world, who, Line("has a result", line.fence, line.ending))
    code = next(code for code, result in _CODES.items() if result == line.ending)
    is_said = line.fence == CURRENT and case.has("the journal is written before the dot")
    yield "journals K", write(after, who[0], f"K{code}") if is_said else after


def _result(world: World, case: Case, who: Who, line: Line) -> Iterator[Step]:
    if is_held(world):
        return
    claim = who[0], line.fence
    after = result_of(world, case, claim, line.ending)
    yield f"tells its result: {after.row[0]}", put(after, who, _IDLE)
    if world.request is None and after is not world:
        again = Request(line.ending, *claim)
        yield "tells its result, twice", put(after._replace(request=again), who, _IDLE)


def result_of(world: World, case: Case, claim: tuple[int, int], ending: str) -> World:
    """The world after a result that speaks for this claim."""
    if world.row[0] not in ("open", "sealed", "aborting") or not is_of(world, case, ending, claim):
        return world
    return recorded(world, ending, case)


def _told(line: Line, result: str) -> Line:
    return Line("has a result", line.fence, result)


_PHASES = {
    "idle": _idle,
    "holds a claim": _holds,
    "at the gate": _gate,
    "writes the body": _body,
    "may go": _may_go,
    "has journalled D": _dot,
    "listens": _listens,
    "has a reply": _reply,
    "has a result": _result,
}
