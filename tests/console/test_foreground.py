"""One process in the foreground: with embedded services the command stays as their keeper."""

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.daemons import free_port, wait_until
from mailing.base.settings import ROOT, Settings
from tests.console.test_embedded import servers_in

START_SECONDS = 60.0
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Start `kelisim …`; `without` leaves settings out."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(*words: str, without: tuple[str, ...] = ()) -> "subprocess.Popen[bytes]":
        told = {name: value for name, value in os.environ.items() if "KELISIM" not in name}
        told |= {name: value for name, value in environment.items() if name not in without}
        command = [sys.executable, "-m", "console.cli", *words]
        process = subprocess.Popen(
            command, env=told | {"PYTHONPATH": str(ROOT)}, cwd=tmp_path, stderr=subprocess.PIPE
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def is_live(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def test_the_web_answers_and_ends_cleanly(start: Start, settings: Settings) -> None:
    port = free_port()
    web = start("web", "--port", str(port))
    assert wait_until(lambda: is_live(port), START_SECONDS)
    # Nothing has to be kept running, so the command has become the web server itself.
    assert b"gunicorn" in Path(f"/proc/{web.pid}/cmdline").read_bytes()
    web.send_signal(signal.SIGTERM)
    assert web.wait(40) == 0
    assert not is_live(port)


def test_embedded_services_run_as_long_as_the_process_that_needs_them(
    start: Start, environment: dict[str, str]
) -> None:
    services = ("KELISIM_DATABASE_URL", "KELISIM_REDIS_URL")
    upgrade = start("db", "upgrade", without=services)
    assert upgrade.wait(60) == 0
    port = free_port()
    web = start("web", "--port", str(port), without=services)
    assert wait_until(lambda: is_live(port), START_SECONDS)
    assert servers_in(Path(environment["KELISIM_VAR"])) != []
    web.send_signal(signal.SIGTERM)
    assert web.wait(40) == 0
    assert not is_live(port)
    assert servers_in(Path(environment["KELISIM_VAR"])) == []


def test_a_killed_keeper_takes_its_process_along(start: Start, environment: dict[str, str]) -> None:
    services = ("KELISIM_DATABASE_URL", "KELISIM_REDIS_URL")
    assert start("db", "upgrade", without=services).wait(60) == 0
    port = free_port()
    web = start("web", "--port", str(port), without=services)
    assert wait_until(lambda: is_live(port), START_SECONDS)
    web.kill()
    assert wait_until(lambda: not is_live(port), 120)
    # The next command finds the services that nobody keeps, and ends them with itself.
    assert start("db", "upgrade", without=services).wait(60) == 0
    assert servers_in(Path(environment["KELISIM_VAR"])) == []


def test_a_process_without_its_settings_names_them(start: Start) -> None:
    web = start("web", "--port", str(free_port()), without=("KELISIM_DATA_KEY",))
    _, told = web.communicate(timeout=60)
    assert web.returncode == 1
    assert b"KELISIM_DATA_KEY" in told
