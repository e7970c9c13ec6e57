"""The benchmark of backups, small: both were made, the restore is whole, the replay counted."""

import pytest

from bench import backing_up
from bench.sizes import Sizes

pytestmark = [pytest.mark.xdist_group("bench"), pytest.mark.usefixtures("durable")]


def test_a_backup_is_measured_beside_pg_dump_and_the_journal_is_replayed() -> None:
    found = backing_up.measure(Sizes(kept=400, replayed=150, rounds=1))
    [both] = found["rounds"]
    assert both["pg_dump_octets"] > 0
    assert found["restore"]["rows"] == both["rows"] > 400
    assert found["replay"]["lines"] == 150
    assert found["figures"]["backup_to_pg_dump"] > 0
