"""No clock decides anything but when to try again: the promise holds when clocks jump."""

import pytest

from tests.faults import clocks
from tests.faults.ground import Ground
from tests.faults.round import fight

pytestmark = pytest.mark.xdist_group("more faults")


def test_the_promise_holds_when_the_workers_clock_jumps(ground: Ground) -> None:
    with clocks.clock() as clock:
        ground.hire(**clocks.for_python(clock))
        fight(ground, clocks.workers_jump(clock)).demand()
        ground.dismiss()


# Under libfaketime the server takes long to start on a busy machine.
@pytest.mark.soak
@pytest.mark.skipif(clocks.library() is None, reason="this machine has no libfaketime")
def test_the_promise_holds_when_postgresqls_clock_jumps(ground: Ground) -> None:
    with clocks.clock() as clock, clocks.postgresql_under(clock, ground):
        fight(ground, clocks.postgresqls_jump(clock)).demand()
