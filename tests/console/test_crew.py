"""Several programs as one: restarted when they die, ended together, never left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from console import processes
from console.daemons import wait_until
from console.processes import Crew, Program

# Programs for the tests: each writes its process id to a file, says a line and waits.
WAIT = """
import os, subprocess, sys, time
from pathlib import Path
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
Path(sys.argv[1]).write_text(f"{os.getpid()} {child.pid}")
print("waiting", flush=True)
time.sleep(600)
"""
STUBBORN = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + WAIT
CREW = """
import os, sys, time
from console.processes import Crew, Interruption, Program
with Interruption() as interruption, Crew([Program("one", sys.argv[1:])], os.environ) as crew:
    while not interruption:
        crew.tend()
        time.sleep(0.05)
"""


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], Program]:
    """A program of that source; its file of process ids is `<name>.pids`."""

    def make(source: str, name: str = "one") -> Program:
        (tmp_path / f"sample_{name}.py").write_text(source)
        return Program(name, [f"sample_{name}", str(tmp_path / f"{name}.pids")])

    return make


@pytest.fixture
def surroundings(tmp_path: Path) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(tmp_path)}


def test_all_programs_end_with_the_crew_and_so_does_what_they_started(
    program: Callable[..., Program], surroundings: dict[str, str], tmp_path: Path
) -> None:
    crew = Crew([program(WAIT, "one"), program(WAIT, "two")], surroundings)
    with crew:
        alive = [*pids(tmp_path / "one.pids"), *pids(tmp_path / "two.pids")]
        assert all(is_alive(pid) for pid in alive)
    assert not any(is_alive(pid) for pid in alive)


def test_a_program_that_dies_is_started_again_and_its_leftovers_are_ended(
    program: Callable[..., Program],
    surroundings: dict[str, str],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with Crew([program(WAIT)], surroundings) as crew:
        leader, child = pids(tmp_path / "one.pids")
        (tmp_path / "one.pids").unlink()
        os.kill(leader, signal.SIGKILL)
        assert wait_until(lambda: tended(crew) and (tmp_path / "one.pids").exists(), 60)
        assert not is_alive(child)
        assert pids(tmp_path / "one.pids")[0] != leader
    said = capfd.readouterr().err
    assert "one ended (-9); again in 1 s." in said
    assert said.count("one | waiting") == 2


def test_a_program_that_will_not_end_is_killed_after_its_time(
    program: Callable[..., Program],
    surroundings: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(processes, "PATIENCE", 0.5)
    with Crew([program(STUBBORN)], surroundings):
        alive = pids(tmp_path / "one.pids")
        begin = time.monotonic()
    assert time.monotonic() - begin < 20
    assert not any(is_alive(pid) for pid in alive)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_crew_ends_it_cleanly(
    program: Callable[..., Program],
    surroundings: dict[str, str],
    tmp_path: Path,
    number: signal.Signals,
) -> None:
    crew = crew_process(program(WAIT), surroundings)
    alive = pids(tmp_path / "one.pids")
    crew.send_signal(number)
    assert crew.wait(60) == 0
    assert not any(is_alive(pid) for pid in alive)


def test_no_program_outlives_a_crew_that_was_killed_outright(
    program: Callable[..., Program], surroundings: dict[str, str], tmp_path: Path
) -> None:
    crew = crew_process(program(WAIT), surroundings)
    leader, child = pids(tmp_path / "one.pids")
    crew.kill()
    crew.wait()
    assert wait_until(lambda: not is_alive(leader), 60)
    os.kill(child, signal.SIGKILL)


def crew_process(program: Program, surroundings: dict[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", CREW, *program.arguments], env=surroundings)


def pids(path: Path) -> list[int]:
    """The leader's process id and its child's."""
    assert wait_until(lambda: path.exists() and len(path.read_text().split()) == 2, 60)
    return [int(word) for word in path.read_text().split()]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def tended(crew: Crew) -> bool:
    crew.tend()
    return True
