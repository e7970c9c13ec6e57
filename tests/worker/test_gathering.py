"""When a group goes to the database."""

import pytest

from worker.gathering import Gathering


@pytest.mark.parametrize(
    ("took", "waits"), [(0.0, 0.002), (0.0013, 0.002), (0.005, 0.005), (0.01, 0.01), (3.0, 0.01)]
)
def test_a_group_waits_for_others_as_long_as_the_last_one_took_within_limits(
    took: float, waits: float
) -> None:
    gathering = Gathering()
    assert gathering.patience == 0.002, "nothing is known yet"
    gathering.took(took)
    assert gathering.patience == waits
    gathering.went()
    assert gathering.patience == waits


def test_nothing_is_waited_for_where_nothing_else_moves() -> None:
    gathering = Gathering()
    gathering.took(3.0)
    assert gathering.is_ripe(1, 0, is_quiet=False)
    assert not gathering.is_ripe(1, 1, is_quiet=False)
    assert gathering.is_ripe(1, 1, is_quiet=True)
    assert gathering.is_ripe(4, 1, is_quiet=False)
