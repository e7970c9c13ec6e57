"""Breadth first through every world that can be reached, and back from the good endings."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.model import faults, people, sending
from tests.model.table import FINAL
from tests.model.world import Case, World, first, tidy


@dataclass(frozen=True)
class Explored:
    """How much there was to see; the shortest way to something forbidden, if there is one."""

    worlds: int
    steps: int
    states: frozenset[str]
    broken: str = ""
    trace: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The counter-example, a step a line."""
        return "\n".join([*self.trace, f"=> {self.broken}"])


def explore(case: Case, seek: str = "") -> Explored:
    """Explore a case until it ends or something is broken; `seek` looks for one thing only, and
    keeps equal workers apart, so that its trace calls each by one name throughout."""
    start = first(case)
    walk = _Walk([start], {start: 0}, [(-1, "")], [[]])
    for index, world in enumerate(walk.worlds):
        for name, after, is_fault in _steps(world, case):
            walk.count += 1
            after = after if seek else tidy(after)
            walk.note(index, name, after, is_fault)
            problem = wrong(world, name, after, case)
            if problem and problem == (seek or problem):
                return walk.found(problem, [*walk.way(index), _line(name, after)])
    stuck = walk.stuck(case)
    if stuck is not None:
        return walk.found("it can never end without another fault", walk.way(stuck))
    return walk.found("", [])


@dataclass
class _Walk:
    """The worlds in the order they were found, how each was, and from where each is left."""

    worlds: list[World]
    numbers: dict[World, int]
    came: list[tuple[int, str]]
    before: list[list[int]]
    count: int = 0

    def note(self, index: int, name: str, after: World, is_fault: bool) -> None:
        number = self.numbers.get(after)
        if number is None:
            number = self.numbers[after] = len(self.worlds)
            self.worlds.append(after)
            self.came.append((index, name))
            self.before.append([])
        if not is_fault and number != index:
            self.before[number].append(index)

    def way(self, index: int) -> list[str]:
        names = []
        while index > 0:
            names.append(_line(self.came[index][1], self.worlds[index]))
            index = self.came[index][0]
        return names[::-1]

    def found(self, problem: str, trace: list[str]) -> Explored:
        states = frozenset(world.row[0] for world in self.worlds)
        return Explored(len(self.worlds), self.count, states, problem, tuple(trace))

    def stuck(self, case: Case) -> int | None:
        """The first world from which no good ending can be reached without another fault."""
        good = [index for index, world in enumerate(self.worlds) if _is_over(world, case)]
        ends = bytearray(len(self.worlds))
        while good:
            index = good.pop()
            if not ends[index]:
                ends[index] = 1
                good.extend(self.before[index])
        return None if all(ends) else ends.index(0)


def _steps(world: World, case: Case) -> Iterator[tuple[str, World, bool]]:
    for source in (sending.steps, people.steps, faults.sweeps, faults.late):
        for name, after in source(world, case):
            yield name, after, False
    for source in (people.faults, faults.deaths):
        for name, after in source(world, case):
            yield name, after, True


def _is_over(world: World, case: Case) -> bool:
    """Nothing is left to do: the message has its outcome, or a stop kept it from being written."""
    is_written = world.row[0] in FINAL or (
        world.row[0] == "unwritten" and world.campaign.state == "stopped"
    )
    is_quiet = all(line.phase == "idle" for worker in world.workers for line in worker.lines)
    return is_written and is_quiet and world.person.said in ("yes", "no") and not world.person.waits


def wrong(before: World, name: str, after: World, case: Case) -> str:
    """What this step breaks; nothing, where the protocol keeps its promises."""
    if name.endswith("writes the dot") and "not named" in (
        before.person.told,
        before.campaign.told,
    ):
        return "a dot follows an answer that does not name it"
    if after.taken != before.taken:
        if after.taken > 1 and not case.is_confirmation:
            return "the message is sent twice"
        is_named = "not named" not in (before.person.told, before.campaign.told)
        if not (is_named or _may_fly(before, name, case)):
            return "a message completes after an answer that does not name it"
    return _untrue(before, after, case) if after.row != before.row else ""


def _may_fly(before: World, name: str, case: Case) -> bool:
    """The one thing that may still arrive: the dot of a confirmation that a worker wrote, before
    the answer and just before its death; the row waits to be sent again, and is held."""
    return case.is_confirmation and name.startswith("a dead worker's dot")


def _untrue(before: World, after: World, case: Case) -> str:
    """An outcome is final, and says what has happened."""
    state = after.row[0]
    if before.row[0] in FINAL:
        return f"an outcome is changed from {before.row[0]} to {state}"
    if case.is_confirmation:
        return ""
    if state == "accepted" and not after.taken:
        return "what nobody took is called accepted"
    if state in ("held", "refused") and after.taken:
        return f"what the relay has is called {state}"
    return ""


def _line(name: str, world: World) -> str:
    return f"{name:<50} -> {world.row[0]}"
