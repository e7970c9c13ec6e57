"""A rig: workers that send into a sink, and one campaign sent over them and measured."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask

from bench import processor, rate, work
from bench.ground import Ground
from bench.measure import demand
from bench.memory import Watch
from bench.processor import Meter
from bench.sink import Sink
from bench.talk import say
from console.daemons import wait_until
from mailing.base.jobs import queue_of
from tests import road
from tests.road import Worker

_PATIENCE = 60.0


@dataclass(frozen=True)
class Rig:
    """What a campaign goes over: real workers on this ground, into this sink."""

    place: Ground
    into: Sink
    workers: list[Worker]

    @property
    def pids(self) -> list[int]:
        """The workers' processes."""
        return [one.process.pid for one in self.workers]

    def parts(self) -> processor.Parts:
        """Where its processor time goes."""
        return processor.parts(self.place, self.pids, self.into.pid)


@contextmanager
def rig(place: Ground, into: Sink, *processes: int, **settings: str) -> Iterator[Rig]:
    """Workers with so many sending processes each, with these settings besides the ground's.

    Raises DoesNotCount when one does not answer within a minute.
    """
    relay = {"KELISIM_SMTP_URL": into.url}
    other = replace(place, environment=place.environment | relay | settings)
    with ExitStack() as stack:
        workers = [
            stack.enter_context(working(other, number, concurrency))
            for number, concurrency in enumerate(processes, 1)
        ]
        ready = wait_until(partial(_answer_or_fail, place.app, workers), _PATIENCE)
        demand(ready and not _has_ended(workers), _silent(other))
        yield Rig(other, into, workers)


@contextmanager
def working(place: Ground, number: int, concurrency: int) -> Iterator[Worker]:
    """A worker for as long as the block lasts."""
    log = place.directory / f"worker-{number}.log"
    with road.working(place.environment, log, concurrency) as worker:
        try:
            yield worker
        except BaseException:
            # A worker that stands still would not end by itself, and hide why the run failed.
            worker.kill()
            say(f"worker {number} said last: {_last_words(log)}")
            raise


def send(
    over: Rig, campaign_id: int, people: int, each: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """One campaign from the order to the last result that was written down.

    Raises DoesNotCount unless the sink counted exactly what the database calls accepted, and
    that is everybody.
    """
    before = over.into.mark()
    with Watch(over.pids) as watch, Meter(over.parts().look) as meter:
        began, at = time.time(), time.monotonic()
        road.start(campaign_id)
        started = time.monotonic()
        work.until_done(campaign_id, over.into, each)
    arrived = over.into.settled_at(before + people) - before
    outcomes = work.outcomes(campaign_id)
    demand(
        arrived == outcomes["accepted"] == people,
        f"of {people} messages the sink counted {arrived}, the database {outcomes}",
    )
    return {
        **rate.of(campaign_id, people, began),
        "start_seconds": round(started - at, 3),
        "first_message_seconds": round((over.into.first_at or at) - at, 3),
        "sink_counted": arrived,
        "accepted": outcomes["accepted"],
        "memory": watch.told(),
        "processor": meter.told(people),
    }


def _answer_or_fail(app: Flask, workers: list[Worker]) -> bool:
    queue, wanted = queue_of(app), len(workers)
    return _has_ended(workers) or len(queue.control.ping(timeout=1.0, limit=wanted)) >= wanted


def _has_ended(workers: list[Worker]) -> bool:
    return any(one.process.poll() is not None for one in workers)


def _silent(place: Ground) -> str:
    logs = sorted(place.directory.glob("worker-*.log"))
    return f"a worker does not answer: {' '.join(_last_words(one) for one in logs)}"


def _last_words(log: Path) -> str:
    return log.read_text(errors="replace")[-1000:] or "nothing"
