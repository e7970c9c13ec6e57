"""`kelisim up`: all of it together, ready when it says so, gone when it is asked to go."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.daemons import free_port, wait_until

# A machine that has much else to do takes its time; what is waited for comes or never does.
PATIENCE = 120
WORKER = "-m worker --concurrency"
KELISIM = str(Path(sys.executable).with_name("kelisim"))


class Running:
    """A `kelisim up` on embedded services of its own."""

    def __init__(self, environment: dict[str, str], directory: Path) -> None:
        self.var = directory / "var"
        self.port = free_port()
        self.said = directory / "said"
        self._directory = directory
        self._environment = environment

    def start(self) -> None:
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(
                [KELISIM, "up", "--port", str(self.port), "--concurrency", "1"],
                cwd=self._directory,
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                process_group=0,
            )

    def is_ready(self) -> bool:
        """Wait for the line `ready`; False when the command ends without it."""
        assert self.process.stdout is not None
        return any(line == "ready\n" for line in self.process.stdout)

    def programs(self, word: str) -> list[int]:
        """The processes of this installation whose command line holds the word."""
        return [pid for pid, line in processes_of(self.var) if word in line]


@pytest.fixture
def up(environment: dict[str, str], tmp_path: Path) -> Iterator[Running]:
    """Not started yet; nothing is left of it after the test."""
    embedded = {"KELISIM_DATABASE_URL", "KELISIM_REDIS_URL", "KELISIM_PUBLIC_URL"}
    own = {name: value for name, value in environment.items() if name not in embedded}
    running = Running({"PATH": os.environ["PATH"]} | own, tmp_path)
    running.start()
    yield running
    running.process.kill()
    running.process.communicate()
    for pid, _ in processes_of(running.var):
        os.kill(pid, signal.SIGKILL)


def test_it_is_ready_when_it_says_so_and_leaves_no_process_behind(up: Running) -> None:
    assert up.is_ready(), up.said.read_text()
    with urllib.request.urlopen(f"http://127.0.0.1:{up.port}/readyz") as answer:
        assert answer.status == 200
        assert json.load(answer)["ok"] is True
    with urllib.request.urlopen(f"http://127.0.0.1:{up.port}/studio/login") as answer:
        assert answer.status == 200
    said = f"http://127.0.0.1:{up.port}/studio/login\n"
    assert wait_until(lambda: said in up.said.read_text(), PATIENCE), up.said.read_text()
    banners = ("transport:", "broker ->")
    assert not [banner for banner in banners if banner in up.said.read_text()]
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(PATIENCE) == 0, up.said.read_text()
    assert processes_of(up.var) == []


def test_a_killed_worker_is_replaced_and_nothing_outlives_a_killed_command(up: Running) -> None:
    assert up.is_ready(), up.said.read_text()
    before = up.programs(WORKER)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: bool(set(up.programs(WORKER)) - set(before)), PATIENCE)
    assert "worker ended (-9)" in up.said.read_text()
    up.process.kill()
    assert wait_until(lambda: up.programs(" -m ") == [], PATIENCE), processes_of(up.var)


def test_killed_services_are_started_again_where_everybody_looks_for_them(up: Running) -> None:
    """And a SIGINT, as Ctrl-C sends it, ends all of them like the SIGTERM above."""
    assert up.is_ready(), up.said.read_text()
    embedded = up.var / "embedded"
    postmaster = int((embedded / "postgresql" / "postmaster.pid").read_text().split()[0])
    valkey = int(json.loads((embedded / "valkey" / "process.json").read_text())["pid"])
    for pid in (postmaster, valkey):
        os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: up.said.read_text().count("it is started again") == 2, PATIENCE)
    assert wait_until(lambda: web_is_ready(up.port), PATIENCE), up.said.read_text()
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(PATIENCE) == 0, up.said.read_text()
    assert processes_of(up.var) == []


def web_is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_a_second_one_on_the_same_port_is_refused_by_name(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = subprocess.run(
            [KELISIM, "up", "--port", port],
            check=False,
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"]} | environment,
            capture_output=True,
            text=True,
        )
    assert refused.returncode == 5
    assert f"Port {port} is taken" in refused.stderr
    assert "Traceback" not in refused.stderr


def processes_of(var: Path) -> list[tuple[int, str]]:
    """Every process that works in this data directory or was told of it, with its command line.

    PostgreSQL writes its title over its environment, but works in its directory.
    """
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            surroundings = (process / "environ").read_bytes().split(b"\0")
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            works_there = (process / "cwd").readlink().is_relative_to(var)
        except OSError:
            continue
        if works_there or f"KELISIM_VAR={var}".encode() in surroundings:
            found.append((int(process.name), line))
    return found
