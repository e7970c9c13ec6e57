"""Full disks: what cannot be noted is not sent, and nobody is told "done" for nothing."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import road
from tests.faults import disks
from tests.faults.ground import Ground
from tests.faults.round import fight
from tests.faults.strike import Blow, Strike
from tests.faults.watch import Watch

pytestmark = pytest.mark.xdist_group("more faults")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk that can be filled to the last octet; only root may have one."""
    try:
        with disks.small_disk(tmp_path / "disk") as disk:
            yield disk
    except (subprocess.CalledProcessError, FileNotFoundError):
        pytest.skip("a small disk can be mounted by root only")


@pytest.mark.parametrize("strike", disks.STRIKES, ids=lambda strike: strike.name)
def test_the_promise_holds_when(strike: Strike, ground: Ground) -> None:
    fight(ground, strike).demand()


def test_nothing_is_sent_while_the_disk_of_the_send_journals_is_full(
    ground: Ground, disk: Path
) -> None:
    def fill(ground: Ground, watch: Watch) -> int:
        with disks.full(disk):
            road.wait_for(lambda: not ground.senders())
            stood = len(ground.peer.records.finished)
            said = ground.log().count("No space left on device")
            road.wait_for(lambda: ground.log().count("No space left on device") > said)
            assert len(ground.peer.records.finished) == stood
        return int(not watch.is_done)

    with ground.elsewhere(disk / "var"):
        fight(ground, Blow("the disk of the send journals is full", fill)).demand()
