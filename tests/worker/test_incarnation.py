"""Proof of death: the kernel's word, and nothing else."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from mailing.base.settings import Settings
from worker.incarnation import Host, Incarnation

LIVE = """
import sys
from mailing.base.settings import load
from worker.incarnation import Host, Incarnation
life = Incarnation(Host.here(load(_env_file=None)))
print(life.id, flush=True)
for line in sys.stdin:
    if line.startswith("look"):
        open(life.host.lock_of(life.id)).close()
        print("looked", flush=True)
"""


class Somebody:
    """A process that holds its lock until it is killed."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", LIVE],
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.id = UUID(self._line())

    def look_at_its_own_lock(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("look\n")
        self.process.stdin.flush()
        assert self._line() == "looked"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@pytest.fixture
def somebody(settings: Settings, environment: dict[str, str]) -> Iterator[Somebody]:
    one = Somebody(environment)
    yield one
    one.kill()


def test_only_the_end_of_a_process_is_its_death(settings: Settings, somebody: Somebody) -> None:
    host = Host.here(settings)
    assert not host.is_dead(somebody.id)
    assert not host.is_dead(somebody.id), "asking does not free it"
    somebody.kill()
    assert host.is_dead(somebody.id)
    assert host.is_dead(somebody.id)


def test_a_missing_lock_file_proves_nothing(settings: Settings, somebody: Somebody) -> None:
    host = Host.here(settings)
    host.lock_of(somebody.id).unlink()
    assert not host.is_dead(somebody.id)
    assert not host.is_dead(uuid4())


def test_closing_any_descriptor_of_the_lock_would_free_it(
    settings: Settings, somebody: Somebody
) -> None:
    """The trap of POSIX locks, as it is: why a process never sweeps itself."""
    somebody.look_at_its_own_lock()
    assert Host.here(settings).is_dead(somebody.id)
    assert somebody.process.poll() is None


def test_a_host_is_one_id_whoever_asks_first(settings: Settings) -> None:
    found: list[UUID] = []
    threads = [
        threading.Thread(target=lambda: found.append(Host.here(settings).id)) for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert len(set(found)) == 1
    assert [path.name for path in (settings.var / "sending").iterdir()] == ["host"]


def test_an_incarnation_that_cannot_write_its_journal_does_not_begin(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = Host.here(settings)
    before = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(Host, "journal_of", lambda *_: Path("/dev/full"))
    with pytest.raises(OSError, match="No space left"):
        Incarnation(host)
    assert len(os.listdir("/proc/self/fd")) == before, "nor leaves a descriptor open"
