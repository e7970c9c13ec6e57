"""The verbs on the row: each a compare-and-set, as the table says."""

from tests.model.table import FENCE, OWNER, TABLE, compared
from tests.model.world import (
    CURRENT,
    DEAD,
    GHOST,
    NOBODY,
    STALE,
    Case,
    Line,
    Worker,
    World,
    is_held,
)

_IN_WORK = frozenset({"claimed", "open", "sealed", "aborting"})


def moved(world: World, verb: str) -> World:
    """The world after a verb whose conditions hold; where its state does not move, the same."""
    state, owner = world.row
    new = TABLE[verb].get(state)
    if new is None:
        return world
    return world._replace(row=(new, owner if new in _IN_WORK else NOBODY))


def is_due(world: World, verb: str) -> bool:
    """Whether a verb would find the row: it is there in such a state, and nobody holds it.

    What is deferred is due at any time: no clock decides anything but when to try again.
    """
    return world.row[0] in TABLE[verb] and not is_held(world)


def is_of(world: World, case: Case, verb: str, claim: tuple[int, int]) -> bool:
    """Whether the row belongs to this claim (owner, fence), as far as the verb compares it."""
    asked = compared(verb)
    owner, fence = claim
    if not case.has("the claim of a result is compared") and verb.startswith("record"):
        return True
    if OWNER in asked and world.row[1] != owner:
        return False
    return FENCE not in asked or fence == CURRENT or not case.has("the fence is compared")


def claimed(world: World, owner: int) -> World:
    """The world after a claim: what was told or asked for an older one is stale from now on."""
    workers = tuple(
        Worker("", tuple(_older(line) for line in worker.lines)) for worker in world.workers
    )
    request = world.request
    if request is not None:
        request = request._replace(fence=STALE)
    owner = GHOST if owner == DEAD else owner
    return world._replace(row=("claimed", owner), workers=workers, request=request, ghost="")


def _older(line: Line) -> Line:
    return line._replace(fence=STALE) if line.fence else line


def verdict(world: World, case: Case, said: str) -> str:
    """What the gate says, of which verb the table speaks; `said` is what it has seen of consent."""
    if world.campaign.state == "paused":
        return "gate: paused"
    if world.campaign.state == "stopped" and not case.is_confirmation:
        return "gate: stopped"
    is_no = said == "no" and case.has("the gate asks for consent")
    return "gate: no" if is_no else "gate: yes"


def recorded(world: World, ending: str, case: Case) -> World:
    """The world after a result. A confirmation without an answer is sent again, not for ever."""
    asked_for = case.is_confirmation and world.resends
    if ending in ("record: uncertain", "settle: D") and world.row[0] in ("open", "sealed"):
        if asked_for and world.row[0] == "sealed":
            return moved(world, f"{ending}, asked for")._replace(resends=world.resends - 1)
        if not case.has("what is uncertain is never sent again"):
            return world._replace(row=("deferred", NOBODY))
    return moved(world, ending)
