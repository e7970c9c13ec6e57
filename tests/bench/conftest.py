"""What runs of benchmarks stand on: embedded services that are durable, unlike the suite's own."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import ground
from bench.ground import Ground
from console.embedded import lease
from mailing.base.settings import ROOT


@pytest.fixture(scope="package")
def _leased() -> Iterator[None]:
    # Held over all of these tests: each would start the services anew, for a second or more.
    with lease(ROOT / "var" / "bench"):
        yield


@pytest.fixture
def durable(_leased: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Benchmarks find services of their own, whatever the suite runs on."""
    monkeypatch.delenv("KELISIM_DATABASE_URL", raising=False)
    monkeypatch.delenv("KELISIM_REDIS_URL", raising=False)


@pytest.fixture
def place(durable: None) -> Iterator[Ground]:
    """The ground of a benchmark."""
    with ground.ground() as place:
        yield place


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory that a sink may enter, which works as nobody; pytest's own are closed."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        yield Path(place)
