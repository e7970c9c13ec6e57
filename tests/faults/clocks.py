"""Faults of clocks: the time of day jumps by a day, forward and back (libfaketime).

Monotonic clocks are left alone, as a machine's are when somebody sets its time.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests import road
from tests.faults import databases
from tests.faults.ground import Ground
from tests.faults.strike import Blow
from tests.faults.watch import Watch

LIBRARIES = "/usr/lib/*/faketime/libfaketime.so.1"
DAY = 86_400
JUMPS = ("+1d", "-1d", "+0")
BETWEEN = 0.4


def library() -> Path | None:
    """The library, where it is installed (Debian: faketime)."""
    return next(iter(sorted(Path("/").glob(LIBRARIES.lstrip("/")))), None)


@contextmanager
def clock() -> Iterator[Path]:
    """A file that says by how much the clock is wrong; PostgreSQL's user may read it, too."""
    with tempfile.NamedTemporaryFile(prefix="clock-") as file:
        path = Path(file.name)
        path.chmod(0o644)
        path.write_text("+0")
        yield path


def variables(clock: Path) -> dict[str, str]:
    """What puts a process under this clock."""
    return {
        "LD_PRELOAD": str(library()),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def workers_jump(clock: Path) -> Blow:
    """The clock of the workers jumps; the evidence: a process under it is off by a day, and the
    senders have the library in their memory."""

    def jump(ground: Ground, _watch: Watch) -> int:
        for by in JUMPS:
            clock.write_text(by)
            time.sleep(BETWEEN)
            if by == "+1d":
                assert _seconds_off(clock) > DAY / 2
        return sum(_is_under_it(sender) for sender in road.wait_for(ground.senders))

    return Blow("the workers' clock jumps by a day", jump)


def postgresqls_jump(clock: Path) -> Blow:
    """The clock of PostgreSQL jumps; the evidence is what it says itself."""

    def jump(ground: Ground, _watch: Watch) -> int:
        seen = 0
        with ground.direct() as database:
            for by in JUMPS:
                clock.write_text(by)
                row = database.execute("SELECT extract(epoch FROM now())::float8").fetchone()
                assert row is not None
                seen += abs(row[0] - time.time()) > DAY / 2
                time.sleep(BETWEEN)
        return seen

    return Blow("PostgreSQL's clock jumps by a day", jump)


@contextmanager
def postgresql_under(clock: Path, ground: Ground) -> Iterator[None]:
    """PostgreSQL runs under this clock while the block lasts."""
    before = {name: os.environ.get(name) for name in variables(clock)}
    os.environ.update(variables(clock))
    try:
        databases.restart(ground)
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    try:
        yield
    finally:
        databases.restart(ground)


def _seconds_off(clock: Path) -> float:
    asked = [sys.executable, "-c", "import time; print(time.time())"]
    told = subprocess.check_output(asked, env=os.environ | variables(clock), text=True)
    return abs(float(told) - time.time())


def _is_under_it(process: psutil.Process) -> bool:
    return "libfaketime" in Path(f"/proc/{process.pid}/maps").read_text()
