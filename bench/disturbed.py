"""Campaigns with a kill every few seconds, in turns with campaigns that nobody disturbs."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

from bench import ground, kills, machine, rate, rig, work
from bench.goals import figures
from bench.ground import Ground
from bench.measure import demand, ratio
from bench.rig import Rig
from bench.sink import sink
from bench.sizes import Sizes
from bench.talk import say
from tests import road


@dataclass
class Killer:
    """Kills the oldest sending process every so many seconds."""

    over: Rig
    every: float
    database: psycopg.Connection
    killed: int = 0
    _last: float = 0.0

    def strike(self) -> None:
        """Kill once, if it is time."""
        now = time.monotonic()
        self._last = self._last or now
        if now - self._last < self.every:
            return
        alive = kills.senders(self.over.workers[0], self.database)
        if alive:
            os.kill(alive[0].pid, signal.SIGKILL)
            self._last = now
            self.killed += 1


def measure(place: Ground, sizes: Sizes) -> dict[str, Any]:
    """Rates of whole campaigns, with kills over without, by the same worker in turns.

    Raises DoesNotCount when a campaign with kills is over before the first of them.
    """
    relay = {"KELISIM_SMTP_CONNECTIONS": str(sizes.connections)}
    written = work.body(sizes.message_size)
    with (
        sink() as into,
        rig.rig(place, into, sizes.processes, **relay) as over,
        ground.connection(place) as database,
    ):
        rounds = [_round(over, sizes, written, database) for _ in range(sizes.rounds)]
    found = ratio(*([one[name]["rate"] for one in rounds] for name in ("with_kills", "calm")))
    say(f"rate with a kill every {sizes.every} s / undisturbed = {found}")
    return {
        "figures": figures(with_kills_to_undisturbed=found),
        "every_seconds": sizes.every,
        "messages": sizes.crowd,
        "rounds": rounds,
    }


def demand_balance(campaign_id: int, arrived: int, people: int) -> dict[str, Any]:
    """Nothing is lost or too many: what arrived is accepted, or one of those left uncertain."""
    found = work.outcomes(campaign_id)
    accepted, uncertain = found["accepted"], found["uncertain"]
    demand(
        accepted <= arrived <= accepted + uncertain == people,
        f"of {people} messages {arrived} arrived; the database says {found}",
    )
    return {"sink_counted": arrived, "accepted": accepted, "uncertain": uncertain}


def _round(over: Rig, sizes: Sizes, written: str, database: psycopg.Connection) -> dict[str, Any]:
    killer = Killer(over, sizes.every, database)
    calm = _send(over, sizes.crowd, written, lambda: None)
    harried = _send(over, sizes.crowd, written, killer.strike)
    demand(killer.killed > 0, f"the campaign was over within {sizes.every} s, before any kill")
    say(f"{calm['rate']:,.0f} messages/s, {harried['rate']:,.0f} with {killer.killed} kills")
    return {"calm": calm, "with_kills": {**harried, "kills": killer.killed}}


def _send(over: Rig, people: int, written: str, each: Callable[[], None]) -> dict[str, Any]:
    ground.settle()
    load, before = machine.load(), over.into.mark()
    number = road.campaign(body=written)
    began = time.time()
    road.start(number)
    work.until_done(number, over.into, each)
    over.into.settled_at(before + people)
    balance = demand_balance(number, over.into.messages - before, people)
    return {"load": load, **rate.of(number, people, began), **balance}
