"""The demo as a process: it verifies the main job, is not blind, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from console.embedded import Services
from mailing.base.database import dsn
from mailing.base.settings import ROOT

pytestmark = pytest.mark.timeout(420)

BLIND = Path(__file__).parent / "blind"
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(services: Services, tmp_path: Path) -> Iterator[Start]:
    """Start `kelisim demo …` in a place of its own."""
    started: list[subprocess.Popen[str]] = []

    def begin(*words: str, path: Path = ROOT) -> "subprocess.Popen[str]":
        told = {name: value for name, value in os.environ.items() if "KELISIM" not in name}
        told |= {"KELISIM_VAR": str(tmp_path / "var"), "PYTHONPATH": f"{path}:{ROOT}"}
        told |= {"KELISIM_DATABASE_URL": services.database_url}
        told |= {"KELISIM_REDIS_URL": services.redis_url, "PYTHONIOENCODING": "utf-8"}
        process = subprocess.Popen(
            [sys.executable, "-m", "console.cli", "demo", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=told,
            cwd=tmp_path,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def left_running(place: Path) -> list[str]:
    """The command lines of processes that still have something to do with this place."""
    return [
        (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        for process in Path("/proc").glob("[0-9]*")
        if _mentions(process, str(place).encode()) and process.name != str(os.getpid())
    ]


def _mentions(process: Path, place: bytes) -> bool:
    try:
        return place in (process / "environ").read_bytes()
    except OSError:
        return False


def demand_nothing_left(place: Path, name: str, services: Services) -> None:
    """Neither processes nor the directory nor the database of the demo called `name`."""
    deadline = time.monotonic() + 60
    while left_running(place) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left_running(place) == []
    assert list((place / "var" / "demo").glob("*")) == []
    with psycopg.connect(dsn(services.database_url)) as connection:
        query = "SELECT FROM pg_database WHERE datname = %s"
        assert connection.execute(query, [f"kelisim_demo_{name}"]).fetchone() is None


def await_start(process: "subprocess.Popen[str]", place: Path) -> str:
    """Wait until everything is up; the demo's name, which its directory and database bear."""
    await_line(process, "✓ start")
    (directory,) = (place / "var" / "demo").iterdir()
    return directory.name


def await_line(process: "subprocess.Popen[str]", mark: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if mark in line:
            return
    pytest.fail(f"the demo never said {mark!r}")


@pytest.mark.xdist_group("demo")
def test_the_demo_walks_the_main_job_and_verifies_every_step(
    start: Start, services: Services, tmp_path: Path
) -> None:
    process = start("--once")
    name = await_start(process, tmp_path)
    out, err = process.communicate()
    told = json.loads(out.splitlines()[-1])
    assert told["ok"] is True, err
    assert process.returncode == 0
    assert all(step["ok"] and step["detail"] for step in told["steps"])
    assert [step["name"] for step in told["steps"]][-3:] == [
        "second campaign",
        "policy change",
        "reckoning",
    ]
    assert "Traceback" not in err
    demand_nothing_left(tmp_path, name, services)


@pytest.mark.soak
@pytest.mark.xdist_group("demo")
def test_a_gate_that_allows_everything_fails_the_demo(
    start: Start, services: Services, tmp_path: Path
) -> None:
    process = start("--once", path=BLIND)
    name = await_start(process, tmp_path)
    out, _ = process.communicate()
    last = json.loads(out.splitlines()[-1])["steps"][-1]
    assert process.returncode == 1
    assert (last["name"], last["ok"]) == ("second campaign", False)
    assert "who must not get it" in last["detail"]
    demand_nothing_left(tmp_path, name, services)


@pytest.mark.xdist_group("demo")
def test_a_demo_that_is_ended_early_leaves_nothing_behind(
    start: Start, services: Services, tmp_path: Path
) -> None:
    process = start("--once")
    name = await_start(process, tmp_path)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate()
    assert process.returncode == 1
    assert json.loads(out.splitlines()[-1])["steps"][-1]["name"] == "interrupted"
    demand_nothing_left(tmp_path, name, services)


@pytest.mark.soak
@pytest.mark.xdist_group("demo")
def test_the_demo_stays_up_with_its_links_until_it_is_interrupted(
    start: Start, services: Services, tmp_path: Path
) -> None:
    process = start()
    name = await_start(process, tmp_path)
    await_line(process, "Ctrl-C ends it.")
    time.sleep(2)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert (process.returncode, out) == (0, ""), err
    demand_nothing_left(tmp_path, name, services)
