"""The promise under faults of processes."""

import pytest

from tests.faults import processes
from tests.faults.ground import Ground
from tests.faults.round import fight
from tests.faults.strike import Blow

pytestmark = pytest.mark.xdist_group("faults")


@pytest.mark.parametrize("strike", processes.STRIKES, ids=lambda strike: strike.name)
def test_the_promise_holds_when(strike: Blow, ground: Ground) -> None:
    fight(ground, strike).demand()
