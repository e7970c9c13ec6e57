"""What people do: somebody leaves, or comes back; somebody pauses or stops the campaign."""

from collections.abc import Iterator

from tests.model.rows import moved
from tests.model.table import TABLE
from tests.model.world import UNDER_WAY, Campaign, Case, Person, World, is_gated, is_held

Step = tuple[str, World]


def steps(world: World, case: Case) -> Iterator[Step]:
    """Every next step of the person, and of whoever has the campaign in hand."""
    if case.leaves:
        yield from _PHASES[world.person.said](world, case, world.person)
    if case.stops:
        yield from _stop(world, case, world.campaign)


def faults(world: World, case: Case) -> Iterator[Step]:
    """A web process ends, or the database does: the wish is in the journal, nobody is answered."""
    person, campaign = world.person, world.campaign
    if person.said in UNDER_WAY:
        back = person._replace(said="wished", waits=False, touches=False)
        yield "the leaving's transaction is lost", world._replace(person=back)
    if person.waits:
        yield "nobody waits any more", world._replace(person=person._replace(waits=False))
    if campaign.state in UNDER_WAY:
        yield "the stop's transaction is lost", world._replace(campaign=Campaign())


def _yes(world: World, case: Case, person: Person) -> Iterator[Step]:
    wished = person._replace(said="wished", waits=True)
    yield "the person leaves: it is in the journal", world._replace(person=wished)


def _wished(world: World, case: Case, person: Person) -> Iterator[Step]:
    """Whoever finds it in the journal goes on with it: the request itself, or a replay."""
    if case.has("leaving locks the person first") and is_gated(world):
        return
    locked = person._replace(said="locked")
    yield "leaving: the person's row is changed", world._replace(person=locked)


def _locked(world: World, case: Case, person: Person) -> Iterator[Step]:
    if world.campaign.touches:
        return
    touches = world.row[0] in _leaving(case)
    after = person._replace(said="moved", touches=touches)
    yield "leaving: the message is looked for", world._replace(person=after)


def _moved(world: World, case: Case, person: Person) -> Iterator[Step]:
    after = world._replace(person=person._replace(said="no", touches=False))
    yield "leaving: committed", moved(after, "leave") if person.touches else after


def _leaving(case: Case) -> set[str]:
    flips = set(TABLE["leave"])
    return flips if case.has("leaving aborts what is open") else flips - {"open"}


def _no(world: World, case: Case, person: Person) -> Iterator[Step]:
    if person.waits:
        told = "not named"
        if world.row[0] in _named(case):
            told = "named"
        answered = person._replace(waits=False, told=told)
        yield f"the person is answered: {told}", world._replace(person=answered)
    elif person.turns and not is_gated(world):
        back = Person(turns=person.turns - 1)
        yield "the person takes it back", world._replace(person=back)


def _named(case: Case) -> set[str]:
    """What an answer names: what is past recall, and what a dead worker may have sent."""
    sealed = {"sealed"} if case.has("leaving waits for what is sealed") else set()
    uncertain = {"uncertain"} if case.has("leaving names what is uncertain") else set()
    return sealed | uncertain


_PHASES = {"yes": _yes, "wished": _wished, "locked": _locked, "moved": _moved, "no": _no}


def _stop(world: World, case: Case, campaign: Campaign) -> Iterator[Step]:
    if campaign.state in ("sending", "paused") and not is_gated(world):
        locked = campaign._replace(state="locked")
        yield "a stop: the campaign's row is changed", world._replace(campaign=locked)
        if not is_held(world):
            yield from _pause(world, campaign)
    elif campaign.state == "locked" and not world.person.touches:
        touches = world.row[0] in TABLE["stop"]
        yield "a stop: the message is looked for", _with(world, "moved", touches)
    elif campaign.state == "moved":
        told = "named" if world.row[0] in _named(case) else "not named"
        after = world._replace(campaign=Campaign("stopped", False, told))
        after = moved(after, "stop") if campaign.touches else after
        yield f"a stop: committed and answered: {told}", after


def _pause(world: World, campaign: Campaign) -> Iterator[Step]:
    if campaign.state == "sending":
        yield "a pause", moved(_with(world, "paused", False), "pause")
    else:
        yield "the campaign goes on", _with(world, "sending", False)


def _with(world: World, state: str, touches: bool) -> World:
    return world._replace(campaign=Campaign(state, touches))
