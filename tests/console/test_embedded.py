"""Embedded services: shared while anybody needs them, found again after a kill, never leaked."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from console import binaries, postgresql, valkey
from console.binaries import Binaries
from console.daemons import EmbeddedError, wait_until
from console.embedded import Services, lease, resolve
from console.postgresql import Cluster
from console.valkey import Valkey
from mailing.base.settings import Settings

PASSWORD = "sample"
HOLD = """
import sys
from pathlib import Path
from console.embedded import lease
with lease(Path(sys.argv[1])) as services:
    print(services.database_url, services.redis_url, flush=True)
    sys.stdin.read()
"""
Command = tuple["subprocess.Popen[str]", Services]


@pytest.fixture
def var(tmp_path: Path) -> Path:
    """A directory below one that others may not pass, with a space in its name."""
    return tmp_path / "of an operator"


@pytest.fixture
def command(var: Path) -> Iterator[Callable[[], Command]]:
    """Starts another process that needs the services until its standard input closes."""
    started: list[subprocess.Popen[str]] = []

    def start() -> Command:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(var)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        return process, Services(*process.stdout.readline().split())

    yield start
    for process in started:
        process.kill()
        process.communicate()
    with lease(var):
        """Whoever is last stops what the killed ones left behind."""


def test_the_services_of_a_directory_are_real_and_keep_what_they_were_given(var: Path) -> None:
    with lease(var) as services:
        ask(services, "CREATE TABLE kept AS SELECT lower('ӘҒҚ') AS letters")
        with redis.Redis.from_url(services.redis_url) as queue:
            assert queue.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
            assert queue.config_get("appendonly")["appendonly"] == "yes"
            queue.set("kept", "yes")
    with lease(var) as services:
        assert ask(services, "SELECT letters FROM kept") == "әғқ"
        assert ask(services, "SHOW fsync") == "on"
        with redis.Redis.from_url(services.redis_url) as queue:
            assert queue.get("kept") == b"yes"


def test_two_commands_share_the_services_and_the_last_one_out_stops_them(
    var: Path, command: Callable[[], Command]
) -> None:
    first, of_the_first = command()
    with lease(var) as of_the_second:
        assert of_the_second == of_the_first
        leave(first)
        assert ask(of_the_second, "SELECT 'still here'") == "still here"
    assert servers_in(var) == []


def test_what_a_killed_command_left_running_is_found_and_used_and_ended(
    var: Path, command: Callable[[], Command]
) -> None:
    killed, before = command()
    survivors = servers_in(var)
    killed.kill()
    killed.wait()
    assert servers_in(var) == survivors != []
    with lease(var) as after:
        assert after == before
    assert servers_in(var) == []


def test_many_commands_at_once_start_one_server_of_each_kind(
    var: Path, command: Callable[[], Command]
) -> None:
    starting = [
        subprocess.Popen(
            [sys.executable, "-c", HOLD, str(var)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    addresses = {process.stdout.readline() for process in starting if process.stdout}
    assert len(addresses) == 1
    for process in starting:
        leave(process)
    assert servers_in(var) == []


def test_rows_outlive_a_killed_database_server(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "data", PASSWORD)
    cluster.start()
    ask_at(cluster.url(), "CREATE TABLE kept AS SELECT 1 AS row")
    pid = int((tmp_path / "data" / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: not cluster.is_running(), 60)
    cluster.start()
    assert ask_at(cluster.url(), "SELECT row FROM kept") == "1"
    cluster.stop()
    assert not cluster.is_running()


def test_a_process_that_happens_to_bear_the_old_number_is_no_server(tmp_path: Path) -> None:
    cluster, queue = Cluster(tmp_path / "data", PASSWORD), Valkey(tmp_path / "queue", PASSWORD)
    for server, file in ((cluster, "data/postmaster.pid"), (queue, "queue/process.json")):
        server.start()
        written = (tmp_path / file).read_text()
        pid = written.split()[0] if server is cluster else written.split('"pid": ')[1].split(",")[0]
        server.stop()
        (tmp_path / file).write_text(written.replace(pid, str(os.getpid()), 1))
        assert not server.is_running()
        server.start()
        server.stop()


def test_a_broken_off_first_start_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "data" / "base").mkdir(parents=True)
    cluster = Cluster(tmp_path / "data", PASSWORD)
    cluster.start()
    assert ask_at(cluster.url(), "SELECT 'fine'") == "fine"
    cluster.stop()


def test_the_password_is_ours_alone_and_nobody_gets_in_without_it(var: Path) -> None:
    with lease(var) as services:
        password = var / "embedded" / "password"
        assert password.stat().st_mode & 0o077 == 0
        wrong = services.database_url.replace(password.read_text(), "guessed")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)
        anonymous = redis.Redis.from_url(services.redis_url.replace(password.read_text(), ""))
        with anonymous, pytest.raises(redis.AuthenticationError):
            anonymous.ping()


def test_no_directory_above_the_data_changes_its_mode(tmp_path: Path) -> None:
    above = tmp_path / "closed"
    above.mkdir(mode=0o700)
    with lease(above / "var"):
        assert above.stat().st_mode & 0o777 == 0o700


def test_the_wheel_brings_a_postgresql_where_the_system_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "SYSTEM", tmp_path / "nothing here")
    cluster = Cluster(tmp_path / "data", PASSWORD)
    cluster.start()
    assert ask_at(cluster.url(), "SHOW server_version").startswith("18")
    assert ask_at(cluster.url(), "SELECT lower('ӘҒҚ')") == "әғқ"
    cluster.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_binaries_that_nobody_can_reach_are_copied_to_where_they_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "SYSTEM", tmp_path / "nothing here")
    (wheel,) = binaries.installed()
    package = wheel.directory.parents[1]
    hidden = tmp_path / package.name
    hidden.mkdir()
    shutil.copytree(package / "pginstall18", hidden / "pginstall18")
    shutil.copytree(f"{package}.libs", f"{hidden}.libs")
    monkeypatch.setattr(
        postgresql, "installed", lambda: iter([Binaries(hidden / "pginstall18" / "bin", 18)])
    )
    cluster = Cluster(tmp_path / "data", PASSWORD)
    cluster.start()
    assert ask_at(cluster.url(), "SELECT 'fine'") == "fine"
    cluster.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_root_serves_the_data_of_another_user_as_that_user(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "data", PASSWORD)
    cluster.start()
    cluster.stop()
    for path in [cluster.directory, *cluster.directory.rglob("*")]:
        os.chown(path, 12345, 12345)
    cluster.start()
    assert ask_at(cluster.url(), "SELECT 'fine'") == "fine"
    assert (cluster.directory / "postmaster.pid").stat().st_uid == 12345
    cluster.stop()


def test_a_command_that_is_told_to_end_stops_what_it_started(
    var: Path, command: Callable[[], Command]
) -> None:
    process, _ = command()
    process.terminate()
    assert process.wait(90) == 128 + signal.SIGTERM
    assert servers_in(var) == []


def test_a_service_that_cannot_start_leaves_the_other_one_not_running(
    var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = var.parent / "valkey-server"
    broken.write_text("#!/bin/sh\necho no memory left; exit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(valkey, "_binary", lambda: broken)
    with pytest.raises(EmbeddedError, match=r"Valkey does not start: .*no memory left"), lease(var):
        pass
    assert servers_in(var) == []


def test_addresses_that_are_set_start_nothing(settings: Settings) -> None:
    with resolve(settings) as ready:
        assert ready is settings
    assert not (settings.var / "embedded").exists()


def test_an_address_that_is_not_set_is_filled_and_the_other_kept(settings: Settings) -> None:
    half = settings.model_copy(update={"redis_url": None})
    with resolve(half) as ready:
        assert ready.database_url == settings.database_url
        with redis.Redis.from_url(ready.queue) as queue:
            assert queue.ping()


def ask(services: Services, query: str) -> str:
    return ask_at(services.database_url, query)


def ask_at(url: str, query: str) -> str:
    """The first value that the query gives; empty where it gives no rows."""
    with psycopg.connect(url) as connection:
        answer = connection.execute(query.encode())
        row = answer.fetchone() if answer.description else None
        return str(row[0]) if row else ""


def leave(process: "subprocess.Popen[str]") -> None:
    """Let the command end by itself."""
    process.communicate("", timeout=60)
    assert process.returncode == 0


def servers_in(var: Path) -> list[int]:
    """The processes that work in the services' directories, their helpers included."""
    time.sleep(0.1)
    places = {var / "embedded" / "postgresql", var / "embedded" / "valkey"}
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve(strict=True) in places:
                found.append(int(process.name))
        except OSError:
            continue
    return sorted(found)
