"""`kelisim people import`, beside COPY of the very rows that it wrote into the same tables.

The reference stands in a database of its own on the same server, migrated in the same way:
indexes, foreign keys and triggers are in place, and it is committed once, which is its best case.
"""

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import ground, machine
from bench.goals import figures
from bench.ground import Ground
from bench.measure import demand, timed
from bench.memory import Watch
from bench.sizes import Sizes
from bench.talk import say
from bench.twin import Twin, twin
from mailing.base.settings import ROOT
from mailing.policies.versions import PolicyVersion
from tests import road

_CLAIMS = ("consent_at", "consent_form", "consent_policy")
_HEADER = ("email", "surname", "given_name", "language", *_CLAIMS)


def measure(sizes: Sizes) -> dict[str, Any]:
    """Rows a second of COPY, of the import (every row evidenced and new) and of the same again."""
    with ground.ground() as place, ground.connection(place) as database:
        policy = road.lay()
        with twin(place, database) as other:
            rounds = [
                _round(place, other, range(n * sizes.rows, (n + 1) * sizes.rows), policy)
                for n in range(sizes.import_rounds)
            ]
        reached = min(one["ratio"] for one in rounds)
        again = min(one["again_to_first"] for one in rounds)
        flat = max(one["memory_end_to_middle"] for one in rounds)
        return {
            "rows": sizes.rows,
            "database": place.database,
            "rounds": rounds,
            "figures": figures(import_to_copy=reached, import_again=again, import_memory=flat),
        }


def _round(place: Ground, other: Twin, numbers: range, policy: PolicyVersion) -> dict[str, Any]:
    path = place.directory / f"people-{numbers.start}.csv"
    _write(path, numbers, policy.id)
    before = other.last_entry()
    other.settle()
    report, seconds, watch = _import(place, path)
    demand(report["new"] == len(numbers), f"not every row was new: {report}")
    copied = other.copy_since(before)
    again, repeated, _ = _import(place, path)
    demand(again["unchanged"] == len(numbers), f"the same rows again: {again}")
    memory = watch.told()["together_mb"]
    assert isinstance(memory, dict)
    path.unlink()
    found = {
        "load": machine.load(),
        "import_seconds": round(seconds, 2),
        "import_rows_a_second": round(len(numbers) / seconds),
        "same_file_again_seconds": round(repeated, 2),
        "same_file_again_rows_a_second": round(len(numbers) / repeated),
        "again_to_first": round(seconds / repeated, 3),
        "copy_seconds": round(sum(copied.values()), 2),
        "copy_rows_a_second": round(len(numbers) / sum(copied.values())),
        "copy_seconds_by_table": {name: round(one, 2) for name, one in copied.items()},
        "ratio": round(sum(copied.values()) / seconds, 3),
        "memory_mb": memory,
        "memory_end_to_middle": round(memory["end"] / memory["middle"], 3),
    }
    say(f"import {seconds:.1f} s, again {repeated:.1f} s, COPY {found['copy_seconds']} s; {memory}")
    return found


def _import(place: Ground, path: Path) -> tuple[dict[str, Any], float, Watch]:
    """What the command printed, how long it took with its start, and its memory meanwhile."""
    order = [sys.executable, "-m", "console.cli", "people", "import", str(path)]
    said = place.directory / "said.json"
    watches: list[Watch] = []

    def run() -> None:
        with said.open("wb") as out, (place.directory / "progress").open("wb") as progress:
            process = subprocess.Popen(
                [*order, "--topic", "news", "--json"], cwd=ROOT, stdout=out, stderr=progress
            )
            with Watch([process.pid]) as watch:
                code = process.wait()
            watches.append(watch)
            # The last look comes after the end of the process and sees nothing.
            watch.samples[:] = [one for one in watch.samples if one.together]
        demand(code == 0, f"the import failed: {(place.directory / 'progress').read_text()[-500:]}")

    seconds = timed(run)[0] / 1000
    return json.loads(said.read_text()), seconds, watches[0]


def _write(path: Path, numbers: range, policy_id: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(_HEADER)
        rows.writerows(_rows(numbers, policy_id))


def _rows(numbers: range, policy_id: int) -> Iterator[tuple[str, ...]]:
    """Each with a time of its own, as a real export has them."""
    for number in numbers:
        minute, second = divmod(number % 3600, 60)
        at = f"2025-01-{1 + number // 86400 % 28:02}T09:{minute:02}:{second:02}+05:00"
        name = (f"Сәрсенов{number}", f"Айдос{number}", "kk")
        yield (road.address(number), *name, at, "site", str(policy_id))
