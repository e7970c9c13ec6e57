"""The promise under faults of processes, of PostgreSQL, of the queue and of the relay."""

import pytest

from tests.faults import databases, processes, queues, relays
from tests.faults.ground import Ground
from tests.faults.round import fight
from tests.faults.strike import Strike

pytestmark = pytest.mark.xdist_group("faults")

STRIKES = (*processes.STRIKES, *databases.STRIKES, *queues.STRIKES, *relays.STRIKES)


@pytest.mark.parametrize("strike", STRIKES, ids=lambda strike: strike.name)
def test_the_promise_holds_when(strike: Strike, ground: Ground) -> None:
    fight(ground, strike).demand()
