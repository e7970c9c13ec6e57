"""`python -m bench.tables FILE…`: the documents of runs as the tables of docs/benchmarks.md."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.markdown import Found, Lines, over, table, times, verdict, whole


def tables(document: Found) -> Lines:
    """Each benchmark of a document: its goals first, then every raw run."""
    yield from table(
        ("figure", "measured", "must", "aim", ""),
        [
            (one["meaning"], one["figure"], one["must"], one["aim"], verdict(one))
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
        yield from table(
            ("load", "octets", "smtp-source/s", "kelisim/s", "ratio", *_SPENT),
            [_campaign_row(one) for one in rounds],
        )


def _campaign_row(one: Found) -> tuple[Any, ...]:
    ours, theirs = one["kelisim"], one["smtp_source"]
    rates = (whole(theirs["rate"]), whole(ours["rate"]), over(ours["rate"], theirs["rate"]))
    return (one["load"], one["octets"], *rates, *_spent(ours))


def _dkim(found: Found) -> Lines:
    rows = [
        (
            one["load"],
            whole(one["signatures"]),
            whole(one["kelisim"]["rate"]),
            over(one["kelisim"]["rate"], one["signatures"]),
            *_spent(one["kelisim"]),
        )
        for one in found["rounds"]
    ]
    yield from table(("load", "signatures/s", "signed messages/s", "ratio", *_SPENT), rows)


def _scale(found: Found) -> Lines:
    lists = [found[name] for name in ("small_before", "large", "small_after")]
    rows = [
        (f"{one['people']:,}", one["laid_in_seconds"], *_scale_run(run))
        for one in lists
        for run in one["runs"]
    ]
    heads = ("people", "laid in, s", "load", "rate/s", "in the middle/s", "largest child, MB")
    yield from table((*heads, "start, s", "first message, s"), rows)
    yield from _stop(found)


def _scale_run(run: Found) -> tuple[Any, ...]:
    rates = (whole(run["rate"]), whole(run["steady_rate"]))
    first = (run["start_seconds"], run["first_message_seconds"])
    return (run["load"], *rates, run["memory"]["highest_child_mb"], *first)


def _stop(found: Found) -> Lines:
    stop = found["large"]["stop"]
    yield from table(
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
    out, kept, counted = stop["answer"]["out"], stop["answer"]["stopped"], stop["sink_counted"]
    yield f"The stop said {out:,} out and {kept:,} stopped; the sink counted {counted:,}.\n"


def _distance(found: Found) -> Lines:
    rows = [
        (workers, run["load"], whole(run["steady_rate"]), f"{run['delayer_busy']:.0%}")
        for one in found["rounds"]
        for workers, run in ((1, one["one"]), (found["workers"], one["many"]))
    ]
    yield f"Round trips: {times(found['round_trip'])}.\n"
    yield from table(("workers", "load", "messages/s", "delayer's share of a core"), rows)


def _leave(found: Found) -> Lines:
    rows = [
        (when, one["load"], *_click(one), one["ratio_to_healthz_and_a_commit"])
        for when, one in (("at rest", found["at_rest"]), ("at full rate", found["while_sending"]))
    ]
    heads = ("", "load", "people", "p50, ms", "p99, ms", "most, ms", "`healthz` p50", "commit p50")
    yield from table((*heads, "ratio of the medians"), rows)
    yield from table(
        ("campaign", "messages/s", "audience", "accepted = counted", "left", "held back"),
        [
            (n, whole(o["rate"]), o["audience"], o["accepted"], o["left"], o["held_back"])
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
    yield from table((*heads, "worst s"), rows)
    runs = [
        (
            whole(one["calm"]["rate"]),
            whole(one["with_kills"]["rate"]),
            one["with_kills"]["kills"],
            one["with_kills"]["uncertain"],
            over(one["with_kills"]["rate"], one["calm"]["rate"]),
        )
        for one in found["throughput"]["rounds"]
    ]
    yield from table(("undisturbed/s", "with kills/s", "kills", "uncertain", "ratio"), runs)


def _studio(found: Found) -> Lines:
    for kind in ("pages", "counts"):
        rows = [
            (name, one["first_ms"], one["p50_ms"], one["max_ms"])
            for name, one in found[kind].items()
        ]
        yield from table((kind, "first look, ms", "then, median ms", "most, ms"), rows)


_RENDERED: dict[str, Callable[[Found], Lines]] = {
    "campaign": _campaign,
    "dkim": _dkim,
    "scale": _scale,
    "distance": _distance,
    "leave": _leave,
    "crash": _crash,
    "studio": _studio,
}
_SPENT = ("processor a message, µs", "sending", "database", "sink", "others")


def _spent(run: Found) -> tuple[float, ...]:
    told = run["processor"]
    parts = told["microseconds_a_message"]
    main = [parts.get(name, 0.0) for name in ("sending", "database", "sink")]
    return (told["together"], *main, round(told["together"] - sum(main), 1))


def main() -> None:
    """Print the tables of each file."""
    for name in sys.argv[1:]:
        for line in tables(json.loads(Path(name).read_text())):
            sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
