"""A million people beside ten thousand: rate, memory, the first message, the audience, the stop."""

import json
import time
from collections.abc import Callable
from typing import Any

from bench import crowd, ground, machine, rig, work
from bench.goals import figures
from bench.ground import Ground
from bench.measure import demand, ratio
from bench.rig import Rig
from bench.sink import Sink, sink
from bench.sizes import Sizes
from bench.stopping import stop
from bench.talk import say
from tests import road

# One in so many has left before: an audience that nobody is left out of would test no count.
_LEFT_EVERY = 25


def measure(sizes: Sizes) -> dict[str, Any]:
    """Large over small, each on a database of its own; the small one before and after the large.

    Rates are those between the first and the last tenth of the results: the start and the end of
    a campaign weigh more in a short one. Raises DoesNotCount unless the audience is counted
    exactly, and everybody in it got one message.
    """
    with sink() as into:
        before = _list(sizes, sizes.small, into)
        large = _list(sizes, sizes.large, into, _stops)
        after = _list(sizes, sizes.small, into)
    runs = [run for one in (before, after) for run in one["runs"]]
    rate = ratio(_rates(large["runs"]), _rates(runs))
    memory = ratio(_memories(large["runs"]), _memories(runs))
    say(f"large / small: rate {rate}, memory {memory}")
    return {
        "figures": figures(
            large_to_small_rate=rate,
            large_to_small_memory=memory,
            first_message_seconds=large["runs"][0]["first_message_seconds"],
            stop_seconds=large["stop"]["last_dot_seconds"],
        ),
        "processes": sizes.processes,
        "connections_each": sizes.connections,
        "small_before": before,
        "large": large,
        "small_after": after,
    }


def _list(
    sizes: Sizes, people: int, into: Sink, then: Callable[..., dict[str, Any]] | None = None
) -> dict[str, Any]:
    """Lay a list, send to it, and do what comes `then`."""
    with ground.ground() as place:
        began = time.monotonic()
        stay = crowd.lay(place, road.lay().id, people, _LEFT_EVERY)
        laid = time.monotonic() - began
        say(f"{people:,} people were laid in {laid:.0f} s")
        written = work.body(sizes.message_size)
        counted = _count(place, people, stay)
        relay = {"KELISIM_SMTP_CONNECTIONS": str(sizes.connections)}
        with rig.rig(place, into, sizes.processes, **relay) as over:
            # The large list is sent to once: it lasts long enough to be no accident.
            times = 1 if then else sizes.rounds
            runs = [_run(over, stay, written) for _ in range(times)]
            told = {"people": people, "laid_in_seconds": round(laid, 1), **counted, "runs": runs}
            return told | (then(over, stay, written) if then else {})


def _count(place: Ground, people: int, stay: int) -> dict[str, Any]:
    number = road.campaign()
    began = time.monotonic()
    audience = json.loads(place.command("campaign", "audience", str(number), "--json"))
    seconds = time.monotonic() - began
    exact = {"considered": people, "will_receive": stay, "held": {"unsubscribed": people - stay}}
    demand(audience == exact, f"the audience is {audience}, not {exact}")
    return {"audience": audience, "command_audience_seconds": round(seconds, 3)}


def _run(over: Rig, stay: int, written: str) -> dict[str, Any]:
    ground.settle()
    load = machine.load()
    found = rig.send(over, road.campaign(body=written), stay)
    say(f"{stay:,} people: {found['steady_rate']:,.0f} messages/s")
    say(f"the first message left {found['first_message_seconds']:.2f} s after the order")
    return {"load": load, **found}


def _stops(over: Rig, stay: int, written: str) -> dict[str, Any]:
    return {"stop": stop(over, road.campaign(body=written), stay)}


def _rates(runs: list[dict[str, Any]]) -> list[float]:
    return [one["steady_rate"] for one in runs]


def _memories(runs: list[dict[str, Any]]) -> list[float]:
    return [one["memory"]["highest_child_mb"] for one in runs]
