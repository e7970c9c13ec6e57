"""The second campaign. Somebody leaves after it was started: the gate has to notice.

The worker is away at that time, as on any restart. The audience was frozen at the start and
says that this person will receive it; nobody has looked again since. When the worker comes
back it finds the frozen audience, and only the gate stands between it and the person.
"""

from console.demo.octets import demand_exactly_one_each, demand_whole
from console.demo.operator import SPRING as BEFORE
from console.demo.operator import SUMMER
from console.demo.people import CONFIRMED, KEEPS_READINGS, Person
from console.demo.scene import Scene
from console.demo.steps.first import SENDING_SECONDS, about, draft, leave_by_one_click
from console.demo.verdicts import demand


def a_second_campaign_respects_them(scene: Scene) -> str:
    """It reaches neither who left before nor who left after the start, and says why."""
    remaining = [one for one in CONFIRMED if one != scene.first_to_leave]
    campaign = _start_without_worker(scene, len(remaining))
    _leave_meanwhile(scene, KEEPS_READINGS)
    scene.stage.call_worker_back()
    told = scene.await_done(SUMMER.subject, SENDING_SECONDS)
    letters = scene.postbox.letters(about(SUMMER))
    demand_exactly_one_each(letters, [one for one in remaining if one != KEEPS_READINGS])
    demand_whole(letters, scene.web)
    _demand_balance(told, len(letters))
    why = scene.terminal.run("people", "why", KEEPS_READINGS.email, "--campaign", str(campaign))
    demand(why["reason"] == "unsubscribed", f"the reason given is {why['reason']}")
    return f"{len(letters)} got it; {KEEPS_READINGS.email}: {why['sentence']}"


def _start_without_worker(scene: Scene, expected: int) -> int:
    scene.stage.send_worker_away()
    campaign = draft(scene, SUMMER)
    scene.terminal.run("campaign", "start", str(campaign), "--now", "--expect", str(expected))
    return campaign


def _leave_meanwhile(scene: Scene, person: Person) -> None:
    """Leave by the link in the first campaign's mail; the second has been started already."""
    theirs = [one for one in scene.postbox.to(person.email) if about(BEFORE)(one)]
    demand(theirs, f"{person.email} has no mail of the first campaign")
    leave_by_one_click(scene, theirs[0])


def _demand_balance(told: dict[str, object], accepted: int) -> None:
    outcomes = told["outcomes"]
    assert isinstance(outcomes, dict)  # noqa: S101 - contract.md says so
    held = outcomes["held"]
    counted = [number for name, number in outcomes.items() if name != "held"] + [*held.values()]
    demand(sum(counted) == told["audience"], "the outcomes do not add up to the audience")
    said = f"{outcomes['accepted']} counted as accepted, {accepted} came to the catcher"
    demand(outcomes["accepted"] == accepted, said)
    demand(held == {"unsubscribed": 1}, f"held says {held}, not one who unsubscribed")
