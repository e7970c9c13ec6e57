"""`python -m bench.tables FILE…`: the documents of runs as the tables of docs/benchmarks.md."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

Lines = Iterator[str]
Found = dict[str, Any]


def tables(document: Found) -> Lines:
    """Each benchmark of a document: its goals first, then every raw run."""
    yield from _table(
        ("figure", "measured", "must", "aim", ""),
        [
            (one["meaning"], one["figure"], one["must"], one["aim"], _verdict(one))
            for one in document["goals"]
        ],
    )
    for name, found in document["results"].items():
        if name in _RENDERED and "does_not_count" not in found:
            yield f"### {name}\n"
            yield from _RENDERED[name](found)


def _campaign(found: Found) -> Lines:
    for connections, rounds in found["rounds_by_connections"].items():
        yield f"{found['processes']} processes, {connections} connections each:\n"
        yield from _table(
            ("load", "octets", "smtp-source/s", "kelisim/s", "ratio", *_SPENT),
            [_campaign_row(one) for one in rounds],
        )


def _campaign_row(one: Found) -> tuple[Any, ...]:
    ours, theirs = one["kelisim"], one["smtp_source"]
    rates = (_whole(theirs["rate"]), _whole(ours["rate"]), _of(ours["rate"], theirs["rate"]))
    return (one["load"], one["octets"], *rates, *_spent(ours))


def _dkim(found: Found) -> Lines:
    rows = [
        (
            one["load"],
            _whole(one["signatures"]),
            _whole(one["kelisim"]["rate"]),
            _of(one["kelisim"]["rate"], one["signatures"]),
            *_spent(one["kelisim"]),
        )
        for one in found["rounds"]
    ]
    yield from _table(("load", "signatures/s", "signed messages/s", "ratio", *_SPENT), rows)


def _scale(found: Found) -> Lines:
    names = ("small_before", "large", "small_after")
    rows = [
        (
            f"{found[name]['people']:,}",
            found[name]["laid_in_seconds"],
            run["load"],
            _whole(run["rate"]),
            _whole(run["steady_rate"]),
            run["memory"]["highest_child_mb"],
            run["start_seconds"],
            run["first_message_seconds"],
        )
        for name in names
        for run in found[name]["runs"]
    ]
    heads = ("people", "laid in, s", "load", "rate/s", "in the middle/s", "largest child, MB")
    yield from _table((*heads, "start, s", "first message, s"), rows)
    stop = found["large"]["stop"]
    yield from _table(
        ("command, large", "seconds"),
        [
            (
                "campaign list, which reads next to nothing",
                stop["command_that_reads_nothing_seconds"],
            ),
            ("campaign audience, before", found["large"]["command_audience_seconds"]),
            ("campaign status, in the middle", stop["command_status_seconds"]),
            ("campaign stop, in the middle", stop["command_stop_seconds"]),
            ("last dot after the order to stop", stop["last_dot_seconds"]),
        ],
    )
    said = stop["answer"]
    yield f"The stop said {said['out']:,} out and {said['stopped']:,} stopped; "
    yield f"the sink counted {stop['sink_counted']:,}.\n"


def _distance(found: Found) -> Lines:
    rows = [
        (workers, run["load"], _whole(run["steady_rate"]), f"{run['delayer_busy']:.0%}")
        for one in found["rounds"]
        for workers, run in ((1, one["one"]), (found["workers"], one["many"]))
    ]
    yield f"Round trips: {_times(found['round_trip'])}.\n"
    yield from _table(("workers", "load", "messages/s", "delayer's share of a core"), rows)


def _leave(found: Found) -> Lines:
    rows = [
        (when, one["load"], *_click(one), one["ratio_to_healthz_and_a_commit"])
        for when, one in (("at rest", found["at_rest"]), ("at full rate", found["while_sending"]))
    ]
    heads = ("", "load", "people", "p50, ms", "p99, ms", "most, ms", "`healthz` p50", "commit p50")
    yield from _table((*heads, "ratio of the medians"), rows)
    yield from _table(
        ("campaign", "messages/s", "audience", "accepted = counted", "left", "held back"),
        [
            (n, _whole(o["rate"]), o["audience"], o["accepted"], o["left"], o["held_back"])
            for n, o in enumerate(found["while_sending"]["campaigns"], 1)
        ],
    )


def _click(one: Found) -> tuple[Any, ...]:
    click = one["one_click"]
    own = (click["times"], click["p50_ms"], click["p99_ms"], click["max_ms"])
    return (*own, one["healthz"]["p50_ms"], one["one_commit"]["p50_ms"])


def _crash(found: Found) -> Lines:
    rows = [
        (kind, len(o["kills"]), o["load"], *o["settled"].values(), *o["taken"].values())
        for kind, o in (
            ("a sending process", found["sending_process"]),
            ("a whole worker", found["whole_worker"]),
        )
    ]
    heads = ("killed", "times", "load", "settled, median s", "worst s", "taken, median s")
    yield from _table((*heads, "worst s"), rows)
    runs = [
        (
            _whole(one["calm"]["rate"]),
            _whole(one["with_kills"]["rate"]),
            one["with_kills"]["kills"],
            one["with_kills"]["uncertain"],
            _of(one["with_kills"]["rate"], one["calm"]["rate"]),
        )
        for one in found["throughput"]["rounds"]
    ]
    yield from _table(("undisturbed/s", "with kills/s", "kills", "uncertain", "ratio"), runs)


_RENDERED: dict[str, Callable[[Found], Lines]] = {
    "campaign": _campaign,
    "dkim": _dkim,
    "scale": _scale,
    "distance": _distance,
    "leave": _leave,
    "crash": _crash,
}
_SPENT = ("processor a message, µs", "sending", "database", "sink", "others")


def _spent(run: Found) -> tuple[float, ...]:
    told = run["processor"]
    parts = told["microseconds_a_message"]
    main = [parts.get(name, 0.0) for name in ("sending", "database", "sink")]
    return (told["together"], *main, round(told["together"] - sum(main), 1))


def _table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> Lines:
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(str(one) for one in row)} |"
    yield ""


def _verdict(one: Found) -> str:
    return "met" if one["is_met"] else "**not met**"


def _times(spread: Found) -> str:
    return f"{spread['p50_ms']} ms (median of {spread['times']}), {spread['max_ms']} ms at the most"


def _whole(number: float) -> str:
    return f"{number:,.0f}"


def _of(ours: float, theirs: float) -> float:
    return round(ours / theirs, 3)


def main() -> None:
    """Print the tables of each file."""
    for name in sys.argv[1:]:
        for line in tables(json.loads(Path(name).read_text())):
            sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
