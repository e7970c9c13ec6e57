"""A campaign through a real worker into smtp-sink, in turns with smtp-source into another one."""

from collections import Counter
from typing import Any

from bench import ground, machine, processor, rig, work
from bench.goals import figures
from bench.ground import Ground
from bench.measure import demand, ratio
from bench.processor import Meter
from bench.rig import Rig
from bench.sink import Sink, kept_in_one, recipients, sink
from bench.sizes import Sizes
from bench.source import source
from bench.talk import say
from mailing.policies.versions import PolicyVersion
from tests import road

_CHECKED = 1_000


def measure(sizes: Sizes) -> dict[str, Any]:
    """Messages a second, ours over smtp-source's, with the same size in the same run.

    Raises DoesNotCount unless the sink counted exactly what the database calls accepted.
    """
    with sink() as reference, sink() as ours, ground.ground() as place:
        policy = lay(sizes)
        written = work.body(sizes.message_size)
        _check_recipients(place, sizes, policy, written)
        told = {}
        for connections in dict.fromkeys((sizes.connections, sizes.few)):
            relay = {"KELISIM_SMTP_CONNECTIONS": str(connections)}
            with rig.rig(place, ours, sizes.processes, **relay) as over:
                told[connections] = _rounds(over, reference, sizes, written)
    ratios = {c: _ratio(rounds) for c, rounds in told.items()}
    say(f"kelisim / smtp-source by connections of a process: {ratios}")
    return {
        "figures": figures(campaign_to_smtp_source=ratios[sizes.connections]),
        "ratio_to_smtp_source_by_connections": ratios,
        "messages": sizes.messages,
        "processes": sizes.processes,
        "database": place.database,
        "rounds_by_connections": told,
    }


def lay(sizes: Sizes) -> PolicyVersion:
    """The people of all rounds; the policy that they have said yes to."""
    policy = road.lay()
    work.people(policy, sizes.messages)
    return policy


def _check_recipients(place: Ground, sizes: Sizes, policy: PolicyVersion, written: str) -> None:
    """Who got it, by name: a counter alone would not see one person written to twice."""
    work.people(policy, _CHECKED, "offers", sizes.messages)
    ground.settle()
    options, dump = kept_in_one(place.directory)
    number = road.campaign("offers", body=written)
    relay = {"KELISIM_SMTP_CONNECTIONS": str(sizes.connections)}
    with sink(*options) as checked, rig.rig(place, checked, sizes.processes, **relay):
        road.start(number)
        work.until_done(number, checked)
        checked.settled_at(_CHECKED)
    people = range(sizes.messages, sizes.messages + _CHECKED)
    expected = Counter(road.address(one) for one in people)
    demand(recipients(dump) == expected, "somebody got the check message twice, or not")
    say(f"checked by name: each of {_CHECKED} people got exactly one message")


def _rounds(over: Rig, reference: Sink, sizes: Sizes, written: str) -> list[dict[str, Any]]:
    return [_round(f"{one}", over, reference, sizes, written) for one in range(1, sizes.rounds + 1)]


def _round(name: str, over: Rig, reference: Sink, sizes: Sizes, written: str) -> dict[str, Any]:
    # The hard case on purpose: the planner's statistics know only deliveries that are finished,
    # as they do whenever a campaign starts some minutes after another one.
    ground.settle()
    load = machine.load()
    campaign_id = road.campaign(subject=f"Қараша жаңалықтары {name}", body=written)
    octets = work.size_of(campaign_id)
    theirs = _reference(reference, sizes.messages, octets)
    say(f"round {name}: smtp-source {theirs['rate']:,.0f} messages/s of {octets} octets")
    ours = rig.send(over, campaign_id, sizes.messages)
    spent = ours["processor"]["together"]
    say(f"round {name}: kelisim {ours['rate']:,.0f} messages/s, {spent} us of processor each")
    return {"load": load, "octets": octets, "smtp_source": theirs, "kelisim": ours}


def _reference(into: Sink, messages: int, octets: int) -> dict[str, Any]:
    def look() -> dict[str, float]:
        return {"source": processor.of_children(), "sink": processor.of_tree(into.pid)}

    with Meter(look) as meter:
        seconds = source(into, messages, octets)
    return {
        "seconds": round(seconds, 3),
        "rate": round(messages / seconds, 1),
        "processor": meter.told(messages),
    }


def _ratio(rounds: list[dict[str, Any]]) -> float:
    ours = [one["kelisim"]["rate"] for one in rounds]
    return ratio(ours, [one["smtp_source"]["rate"] for one in rounds])
