"""`kelisim people import`, in turns with COPY of the same rows into a bare table."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from bench import ground, machine
from bench.ground import Ground
from bench.measure import demand, ratio, timed
from bench.sizes import Sizes
from bench.talk import say
from mailing.policies.versions import PolicyVersion
from tests import road

_CLAIMS = ("consent_at", "consent_form", "consent_policy")
_HEADER = ("email", "surname", "given_name", "language", *_CLAIMS)
_TABLE = f"CREATE TABLE bench_rows ({', '.join(f'{name} text' for name in _HEADER)})"
_ROUNDS = 3


def measure(sizes: Sizes) -> dict[str, Any]:
    """Seconds of the import over seconds of COPY; every row is evidenced and new."""
    with ground.ground() as place, ground.connection(place) as database:
        policy = road.lay()
        database.execute(_TABLE)
        database.execute("ALTER TABLE bench_rows ADD PRIMARY KEY (email)")
        rounds = [_round(place, database, sizes.rows, policy, one) for one in range(_ROUNDS)]
        ours = [one["import_seconds"] for one in rounds]
        found = ratio(ours, [one["copy_seconds"] for one in rounds])
        say(f"import / COPY = {found}; {sizes.rows / min(ours):,.0f} rows/s")
        return {
            "ratio_to_copy": found,
            "rows": sizes.rows,
            "rows_a_second": [round(sizes.rows / one) for one in ours],
            "database": place.database,
            "rounds": rounds,
        }


def _round(
    place: Ground, database: psycopg.Connection, rows: int, policy: PolicyVersion, number: int
) -> dict[str, Any]:
    path = place.directory / f"people-{number}.csv"
    _write(path, range(number * rows, (number + 1) * rows), policy.id)
    copied = timed(lambda: _copy(database, path))[0] / 1000
    told: list[str] = []
    order = ("people", "import", str(path), "--topic", "news", "--json")
    imported = timed(lambda: told.append(place.command(*order)))[0] / 1000
    again: list[str] = []
    repeated = timed(lambda: again.append(place.command(*order)))[0] / 1000
    demand(json.loads(told[0])["new"] == rows, f"not every row was new: {told[0]}")
    demand(json.loads(again[0])["unchanged"] == rows, f"the same rows again: {again[0]}")
    say(f"round {number + 1}: import {imported:.2f} s, again {repeated:.2f} s, COPY {copied:.3f} s")
    return {
        "load": machine.load(),
        "import_seconds": round(imported, 3),
        "same_file_again_seconds": round(repeated, 3),
        "copy_seconds": round(copied, 4),
    }


def _write(path: Path, numbers: range, policy_id: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(_HEADER)
        rows.writerows(_rows(numbers, policy_id))


def _rows(numbers: range, policy_id: int) -> Iterator[tuple[str, ...]]:
    said = ("2025-01-15T09:30:00+05:00", "site", str(policy_id))
    for number in numbers:
        yield (road.address(number), f"Сәрсенов{number}", f"Айдос{number}", "kk", *said)


def _copy(database: psycopg.Connection, path: Path) -> None:
    with database.cursor() as cursor:
        order = "COPY bench_rows FROM STDIN (FORMAT csv, HEADER true)"
        with cursor.copy(order) as copy, path.open("rb") as file:
            while block := file.read(1 << 16):
                copy.write(block)
