"""The soak: random faults against campaigns, one after the other, for minutes.

`KELISIM_SOAK_SECONDS` (300) says for how long, `KELISIM_SOAK_SEED` repeats the draw of a run;
the report is in `var/soak`.
"""

import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mailing.base.settings import ROOT
from tests.faults import clocks, databases, disks, processes, queues, relays
from tests.faults.ground import Ground, laid_out
from tests.faults.report import Report
from tests.faults.round import Scale, fight
from tests.faults.strike import Strike

SECONDS = float(os.environ.get("KELISIM_SOAK_SECONDS", "300"))
SEED = int(os.environ.get("KELISIM_SOAK_SEED", str(time.time_ns() % 1_000_000)))
REPORTS = ROOT / "var" / "soak"
MOST_AT_ONCE = 3
OCTET_SECONDS = 1.0

pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(SECONDS * 2 + 300),
    pytest.mark.xdist_group("faults"),
]


@pytest.fixture
def strikes() -> list[Strike]:
    """Everything that may strike a ground like this one."""
    relay = (relays.opening(), relays.codes(), relays.cuts(), relays.waits(OCTET_SECONDS))
    others = (processes.STRIKES, databases.STRIKES, queues.STRIKES, disks.STRIKES)
    return [*relay, *(strike for several in others for strike in several)]


@pytest.fixture
def soaked(tmp_path: Path, strikes: list[Strike]) -> Iterator[Ground]:
    """A ground whose PostgreSQL waits for the disk; workers under a clock that may jump."""
    with ExitStack() as stack:
        ground = stack.enter_context(laid_out(tmp_path / "ground", is_synced=True))
        clock = stack.enter_context(clocks.clock())
        ground.environment |= clocks.for_python(clock)
        strikes.append(clocks.workers_jump(clock))
        yield ground


def test_no_fault_breaks_the_promise_however_long_it_goes_on(
    soaked: Ground, strikes: list[Strike]
) -> None:
    drawn = random.Random(SEED)
    report = Report(SEED, SECONDS)
    say(f"\nseed {SEED}\n")
    over = time.monotonic() + SECONDS
    try:
        while time.monotonic() < over:
            chosen = drawn.sample(strikes, drawn.randint(1, MOST_AT_ONCE))
            scale = Scale(drawn.randrange(600, 2400), drawn.choice((0.005, 0.01, 0.02)))
            say(f"{scale.count:5} people: {'; '.join(strike.name for strike in chosen)}\n")
            try:
                report.add(fight(soaked, *chosen, scale=scale))
            except AssertionError as error:
                report.fail(str(error))
    finally:
        say(report.write(REPORTS).read_text())
    assert report.complaints == []
    assert all(report.faults.values()), "what never happened proves nothing"


def say(text: str) -> None:
    """To whoever waits: a soak says what it is at."""
    if sys.__stderr__:
        sys.__stderr__.write(text)
