"""Faults of clocks: the time of day jumps by a day, forward and back.

Python processes are put under a clock that a file sets (`jumping`), PostgreSQL under libfaketime;
that library is no good for Python, whose `time.sleep` it answers with EINVAL after a jump.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from mailing.base.settings import ROOT
from tests import road
from tests.faults import databases
from tests.faults.ground import Ground
from tests.faults.strike import Blow
from tests.faults.watch import Watch

LIBRARIES = "usr/lib/*/faketime/libfaketime.so.1"
JUMPING = Path(__file__).parent / "jumping"
DAY = 86_400
JUMPS = (DAY, -DAY, 0)
BETWEEN = 0.3


def library() -> Path | None:
    """The library, where it is installed (Debian: faketime)."""
    return next(iter(sorted(Path("/").glob(LIBRARIES))), None)


@contextmanager
def clock() -> Iterator[Path]:
    """A file that says by how many seconds the clock is wrong; PostgreSQL's user may read it."""
    with tempfile.TemporaryDirectory(prefix="clock-") as directory:
        Path(directory).chmod(0o755)
        path = Path(directory) / "clock"
        path.write_text("+0")
        yield path


def for_python(clock: Path) -> dict[str, str]:
    """What puts a worker under this clock."""
    return {"PYTHONPATH": f"{JUMPING}:{ROOT}", "JUMPING_CLOCK": str(clock)}


def workers_jump(clock: Path) -> Blow:
    """The clock of the workers jumps; the evidence is what each sending process came to believe."""

    def jump(ground: Ground, _watch: Watch) -> int:
        for by in JUMPS:
            clock.write_text(f"{by:+}")
            road.wait_for(partial(_believers, ground, clock, by))
            time.sleep(BETWEEN)
        return len(ground.senders())

    return Blow("the workers' clock jumps by a day", jump)


def postgresqls_jump(clock: Path) -> Blow:
    """The clock of PostgreSQL jumps; the evidence is what it says itself."""

    def jump(ground: Ground, _watch: Watch) -> int:
        seen = 0
        with ground.direct() as database:
            for by in JUMPS:
                clock.write_text(f"{by:+}")
                row = database.execute("SELECT extract(epoch FROM now())::float8").fetchone()
                assert row is not None
                seen += abs(row[0] - time.time()) > DAY / 2
                time.sleep(BETWEEN)
        return seen

    return Blow("PostgreSQL's clock jumps by a day", jump)


@contextmanager
def postgresql_under(clock: Path, ground: Ground) -> Iterator[None]:
    """PostgreSQL runs under this clock while the block lasts."""
    variables = {
        "LD_PRELOAD": str(library()),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    os.environ.update(variables)
    try:
        databases.restart(ground)
    finally:
        for name in variables:
            del os.environ[name]
    try:
        yield
    finally:
        databases.restart(ground)


def _believers(ground: Ground, clock: Path, by: int) -> bool:
    """Whether every sending process believes a time that is wrong by so much."""
    said = [clock.with_name(f"{clock.name}.{sender.pid}") for sender in ground.senders()]
    return bool(said) and all(path.exists() and _tells(path, by) for path in said)


def _tells(path: Path, by: int) -> bool:
    text = path.read_text()
    return bool(text) and abs(float(text) - by) < 60
