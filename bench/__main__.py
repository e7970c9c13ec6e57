"""`python -m bench [NAME…]`: measure, talk on standard error, print one JSON document at the end.

It holds every raw run, and each figure beside its goal. Without a name everything runs at modest
sizes; a benchmark that is named runs at its full size.
Exit codes: 0 measured · 1 one of them did not count · 2 usage, or a program is missing.
"""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from bench import (
    arrival,
    audience,
    backing_up,
    campaign,
    crash,
    destroying,
    distance,
    dkim,
    evidence,
    goals,
    importing,
    leaving,
    machine,
    pages,
    reading,
    scale,
)
from bench.measure import DoesNotCount
from bench.sink import MissingProgram
from bench.sizes import FULL, MODEST, Sizes
from bench.talk import say
from mailing.base.errors import KelisimError

BENCHMARKS: dict[str, Callable[[Sizes], dict[str, Any]]] = {
    "campaign": campaign.measure,
    "dkim": dkim.measure,
    "scale": scale.measure,
    "distance": distance.measure,
    "audience": audience.measure,
    "studio": pages.measure,
    "import": importing.measure,
    "leave": leaving.measure,
    "crash": crash.measure,
    "read": reading.measure,
    "arrive": arrival.measure,
    "destroy": destroying.measure,
    "backup": backing_up.measure,
    "evidence": evidence.measure,
}


def main() -> int:
    """Run the benchmarks that were named."""
    parser = _parser()
    given = vars(parser.parse_args())
    names = given.pop("names")
    if unknown := [name for name in names if name not in BENCHMARKS]:
        parser.error(f"there is no benchmark {unknown[0]}; there are {', '.join(BENCHMARKS)}")
    sizes = (FULL if names else MODEST).with_given(given)
    document: dict[str, Any] = {
        "machine": machine.describe(),
        "started_at": _now(),
        "load": [machine.load()],
    }
    try:
        document["results"] = {name: _run(name, sizes) for name in names or BENCHMARKS}
    except MissingProgram as missing:
        say(str(missing))
        return 2
    document["goals"] = goals.judged(document["results"])
    document |= {"finished_at": _now(), "load": [*document["load"], machine.load()]}
    for one in document["goals"]:
        say(goals.line(one))
    sys.stdout.write(json.dumps(document, indent=1) + "\n")
    return int(any("does_not_count" in one for one in document["results"].values()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    for name, meaning in Sizes.meanings().items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, help=meaning)
    return parser


def _run(name: str, sizes: Sizes) -> dict[str, Any]:
    """One benchmark; where it does not count, why not: the others of an hour are kept."""
    say(f"--- {name} (load {machine.load()})")
    try:
        return BENCHMARKS[name](sizes)
    except (DoesNotCount, KelisimError) as error:
        say(f"{name} does not count: {error}")
        return {"does_not_count": str(error)}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


if __name__ == "__main__":
    sys.exit(main())
