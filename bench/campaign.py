"""A campaign through a real worker into smtp-sink, in turns with smtp-source into another one."""

import time
from collections import Counter
from typing import Any

from bench import ground, machine, work
from bench.ground import Ground
from bench.measure import demand, ratio
from bench.memory import Watch
from bench.sink import Sink, recipients, sink, source
from bench.sizes import Sizes
from bench.talk import say
from mailing.base.database import db
from tests import road
from tests.road import Worker

_CHECKED = 1_000


def measure(sizes: Sizes) -> dict[str, Any]:
    """Messages a second, ours over smtp-source's, with the same size in the same run.

    Raises DoesNotCount unless the sink counted exactly what the database calls accepted.
    """
    with sink() as reference, sink() as ours:
        relay = work.settings(ours, sizes.connections, sizes.batch)
        with ground.ground(**relay) as place:
            written = _lay(sizes)
            _check_recipients(place, sizes, written)
            with work.worker(place, sizes.concurrency) as worker:
                rounds = [
                    _round(one, (reference, ours), worker, sizes, written)
                    for one in range(1, sizes.rounds + 1)
                ]
            return _told(sizes, place, rounds)


def _lay(sizes: Sizes) -> str:
    policy = road.lay()
    work.people(policy, sizes.messages)
    work.people(policy, _CHECKED, "offers", sizes.messages)
    ground.settle()
    return work.body(sizes.message_size)


def _check_recipients(place: Ground, sizes: Sizes, written: str) -> None:
    """Who got it, by name: a counter alone would not see one person written to twice."""
    dump = place.directory / "dump"
    dump.mkdir(mode=0o777)
    dump.chmod(0o777)
    with sink(dump / "all") as checked:
        relay = work.settings(checked, sizes.connections, sizes.batch)
        other = Ground(place.app, place.environment | relay, place.directory, place.database)
        number = road.campaign("offers", body=written)
        with work.worker(other, sizes.concurrency):
            road.start(number)
            work.until_done(number, checked)
    people = range(sizes.messages, sizes.messages + _CHECKED)
    expected = Counter(road.address(one) for one in people)
    demand(recipients(dump / "all") == expected, "somebody got the check message twice, or not")
    say(f"checked by name: each of {_CHECKED} people got exactly one message")


def _round(
    number: int, sinks: tuple[Sink, Sink], worker: Worker, sizes: Sizes, written: str
) -> dict[str, Any]:
    reference, ours = sinks
    # The hard case on purpose: the planner's statistics know only deliveries that are finished,
    # as they do whenever a campaign starts some minutes after another one.
    ground.settle()
    load = machine.load()
    campaign_id = road.campaign(subject=f"Қараша жаңалықтары {number}", body=written)
    octets = work.size_of(campaign_id)
    theirs = source(reference, sizes.messages, octets)
    say(f"round {number}: smtp-source {sizes.messages / theirs:,.0f} messages/s of {octets} octets")
    sent = _send(campaign_id, ours, worker, sizes.messages)
    say(f"round {number}: kelisim {sizes.messages / sent['seconds']:,.0f} messages/s")
    return {
        "load": load,
        "octets": octets,
        "smtp_source": {"seconds": round(theirs, 3), "rate": round(sizes.messages / theirs, 1)},
        "kelisim": {**sent, "rate": round(sizes.messages / sent["seconds"], 1)},
    }


def _send(campaign_id: int, ours: Sink, worker: Worker, messages: int) -> dict[str, Any]:
    """One campaign from the order to the last result that was written down."""
    before = ours.messages
    with Watch(worker.process.pid) as watch:
        began = time.time()
        road.start(campaign_id)
        started = time.time()
        work.until_done(campaign_id, ours)
    seconds = work.last_result(campaign_id) - began
    arrived = ours.settled_at(before + messages) - before
    outcomes = road.outcomes(campaign_id)
    db.session.rollback()
    demand(
        arrived == outcomes["accepted"] == messages,
        f"of {messages} messages the sink counted {arrived}, the database {outcomes}",
    )
    return {
        "seconds": round(seconds, 3),
        "of_which_start": round(started - began, 3),
        "sink_counted": arrived,
        "accepted": outcomes["accepted"],
        "memory": watch.told(),
    }


def _told(sizes: Sizes, place: Ground, rounds: list[dict[str, Any]]) -> dict[str, Any]:
    ours = [one["kelisim"]["rate"] for one in rounds]
    theirs = [one["smtp_source"]["rate"] for one in rounds]
    found = ratio(ours, theirs)
    say(f"kelisim / smtp-source = {found}")
    return {
        "ratio_to_smtp_source": found,
        "messages": sizes.messages,
        "processes": sizes.concurrency,
        "connections_each": sizes.connections,
        "batch": sizes.batch,
        "database": place.database,
        "rounds": rounds,
    }
