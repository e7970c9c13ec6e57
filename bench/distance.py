"""A relay with round trips of 50 ms: how much more do four workers send than one?"""

import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench import ground, machine, rig, work
from bench.goals import figures
from bench.ground import Ground
from bench.measure import demand, ratio, spread, timed
from bench.processor import of_tree
from bench.sink import Sink, sink
from bench.sizes import Sizes
from bench.talk import say
from console.processes import die_with_parent
from mailing.base.settings import ROOT
from tests import road

_ONE, _MANY = "offers", "news"
# Above this share of one core what stands between would slow what is measured.
_BUSY = 0.5
_TRIPS = 10


def measure(sizes: Sizes) -> dict[str, Any]:
    """Rates of the middle of a campaign, many workers over one, in turns.

    A worker has one sending process with `few` connections. Each gets as many messages, so that
    both campaigns take as long. Raises DoesNotCount when a message is lost, when a round trip is
    not as long as it should be, or when what delays them is busy itself.
    """
    with sink() as into, ground.ground() as place, distance(into.port, sizes.delay) as between:
        trips = _round_trips(between[0], sizes.delay)
        _lay(sizes)
        written = work.body(sizes.message_size)
        far = Far(place, into, between, sizes.few)
        rounds = [
            {
                "one": far.send(1, road.campaign(_ONE, body=written), sizes.far),
                "many": far.send(
                    sizes.many, road.campaign(_MANY, body=written), sizes.far * sizes.many
                ),
            }
            for _ in range(sizes.rounds)
        ]
    found = ratio(*([one[kind]["steady_rate"] for one in rounds] for kind in ("many", "one")))
    say(f"{sizes.many} workers / 1 worker = {found}")
    return {
        "figures": figures(many_workers_to_one=found),
        "round_trip": trips,
        "workers": sizes.many,
        "connections_each": sizes.few,
        "messages_each": sizes.far,
        "database": place.database,
        "rounds": rounds,
    }


class Far:
    """A sink at a distance; `between` is the port that leads to it, and the process that delays."""

    def __init__(
        self, place: Ground, into: Sink, between: tuple[int, int], connections: int
    ) -> None:
        self._place, self._into = place, into
        self._port, self._delayer = between
        self._connections = connections

    def send(self, workers: int, campaign_id: int, people: int) -> dict[str, Any]:
        """One campaign by so many workers, and how busy what stands between was."""
        ground.settle()
        settings = {
            "KELISIM_SMTP_URL": f"smtp://127.0.0.1:{self._port}",
            "KELISIM_SMTP_CONNECTIONS": str(self._connections),
        }
        load = machine.load()
        with rig.rig(self._place, self._into, *[1] * workers, **settings) as over:
            began, spent = time.monotonic(), of_tree(self._delayer)
            found = rig.send(over, campaign_id, people)
            share = (of_tree(self._delayer) - spent) / (time.monotonic() - began)
        say(f"{workers} workers: {found['steady_rate']:,.0f} messages/s, delayer {share:.0%} busy")
        demand(share < _BUSY, f"what delays the messages was busy for {share:.0%} of the time")
        return {"load": load, "delayer_busy": round(share, 3), **found}


@contextmanager
def distance(port: int, milliseconds: int) -> Iterator[tuple[int, int]]:
    """A relay as far away for as long as the block lasts: its port, and the process between."""
    command = [sys.executable, "-m", "bench.delay", str(port), str(milliseconds)]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, preexec_fn=die_with_parent()
    )
    assert process.stdout is not None
    try:
        told = process.stdout.readline()
        demand(told.strip().isdigit(), "there is no distance")
        yield int(told), process.pid
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _lay(sizes: Sizes) -> None:
    policy = road.lay()
    work.people(policy, sizes.far * sizes.many, _MANY)
    work.people(policy, sizes.far, _ONE, sizes.far * sizes.many)


def _round_trips(port: int, milliseconds: int) -> dict[str, float | int]:
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as far:
        trips = timed(far.noop, _TRIPS)
    longest = milliseconds * 1.3 + 5
    demand(
        milliseconds <= min(trips) and sorted(trips)[_TRIPS // 2] <= longest,
        f"round trips took {trips} ms",
    )
    return spread(trips)
