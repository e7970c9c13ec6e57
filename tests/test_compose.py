"""docker-compose.yml: its very commands live with its very environment, on local services.

Only what differs between containers and this machine is replaced: the addresses of the other
containers, the data volume and the ports.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from console.daemons import free_port
from mailing.base.settings import ROOT
from tests.parts import demand

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = sorted(name for name, service in SERVICES.items() if service["image"] == "kelisim")
LIVING = [name for name in OURS if name != "migrate"]
# A secret that most installations have no use for: empty unless somebody sets it.
OPTIONAL = {"KELISIM_RSPAMD_PASSWORD"}
SECRET = re.compile(r"KEY|PASSWORD|SECRET|TOKEN")
# Where keys lie, not what they are.
PLACES = ("KELISIM_DKIM_KEY_FILE", "KELISIM_BACKUP_KEYS")
VARIABLE = re.compile(r"\$\{(\w+)(?::([?-])([^}]*))?\}")
# What a person writes into .env, as .env.example asks for it.
DOT_ENV = {
    "POSTGRES_PASSWORD": "sample",
    "KELISIM_FROM": "Glazik <news@glazik.example>",
    "KELISIM_OPERATOR_NAME": "Glazik Kazakhstan LLP",
    "KELISIM_OPERATOR_BIN": "123456789012",
    "KELISIM_OPERATOR_ADDRESS": "1 Sample Street, Astana",
}
KEYS = ("KELISIM_SECRET_KEYS", "KELISIM_DATA_KEY", "KELISIM_SUPPRESSION_KEY")


class Container:
    """One service of the file, as this machine can run it."""

    def __init__(self, name: str, environment: dict[str, str], directory: Path) -> None:
        self.name = name
        self.log = directory / f"{name}.log"
        self._service = SERVICES[name]
        self._ports: dict[str, str] = {}
        self._directory = directory
        self._here = environment

    def run(self) -> "subprocess.Popen[bytes]":
        """The service's command, in a process group of its own."""
        return self._start(self._service["command"])

    def is_healthy(self) -> bool:
        """The answer of the service's own health check."""
        kind, *command = self._service["healthcheck"]["test"]
        assert kind == "CMD"
        check = self._start(command)
        return check.wait(90) == 0

    def _start(self, command: list[str]) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [self._local(word) for word in command],
                cwd=self._directory,
                env=self._environment(),
                stdout=log,
                stderr=log,
                process_group=0,
            )

    def _environment(self) -> dict[str, str]:
        """The file's environment with the values of `.env`, on this machine's services."""
        given = DOT_ENV | {name: self._here[name] for name in KEYS}
        written = self._service.get("environment", {})
        found = {name: substituted(str(value), given) for name, value in written.items()}
        for name in ("KELISIM_DATABASE_URL", "KELISIM_REDIS_URL", "KELISIM_SMTP_URL"):
            found[name] = self._here[name]
        found["KELISIM_VAR"] = str(self._directory / "data")
        found["KELISIM_QUEUE_PREFIX"] = self._here["KELISIM_QUEUE_PREFIX"]
        host, _, port = found.get("KELISIM_INBOUND_LISTEN", "").partition(":")
        found["KELISIM_INBOUND_LISTEN"] = f"{host}:{self._local(port)}"
        places = [str(Path(sys.executable).parent), *os.get_exec_path()]
        return found | {"PATH": ":".join(places), "TMPDIR": str(self._directory)}

    def _local(self, word: str) -> str:
        """A port becomes a free one, the same wherever the file names it; else the word."""
        if word.isdecimal() and int(word) >= 1024:
            return self._ports.setdefault(word, str(free_port()))
        return word.replace("/tmp/", f"{self._directory}/")  # noqa: S108 - the file's own tmpfs


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """What the containers of one machine share: the data volume."""
    (tmp_path / "data").mkdir()
    return tmp_path


@pytest.mark.parametrize("name", LIVING)
def test_the_commands_of_the_file_live_and_end_when_asked(
    name: str, environment: dict[str, str], directory: Path
) -> None:
    container = Container(name, environment, directory)
    with ended_afterwards(container.run()) as process:
        assert comes_alive(container, process), container.log.read_text()
        process.terminate()
        assert process.wait(120) in (0, -signal.SIGTERM), container.log.read_text()


@pytest.mark.parametrize("name", LIVING)
def test_a_health_check_notices_a_program_that_is_not_there(
    name: str, environment: dict[str, str], directory: Path
) -> None:
    assert not Container(name, environment, directory).is_healthy()


def test_the_migration_of_the_file_makes_an_empty_database_usable(
    environment: dict[str, str], empty_database_url: str, directory: Path
) -> None:
    environment |= {"KELISIM_DATABASE_URL": empty_database_url}
    migrate = Container("migrate", environment, directory)
    with ended_afterwards(migrate.run()) as process:
        assert process.wait(150) == 0, migrate.log.read_text()
    web = Container("web", environment, directory)
    with ended_afterwards(web.run()) as process:
        assert comes_alive(web, process), web.log.read_text()


def test_the_file_holds_no_secret_and_says_what_to_set() -> None:
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if variable in OPTIONAL:
                assert value == f"${{{variable}:-}}"
            elif SECRET.search(variable) and variable not in PLACES:
                assert re.fullmatch(r"\$\{\w+:\?set it in \.env, [^}]+\}", value), (name, variable)
    with pytest.raises(LookupError, match=r"set it in \.env, kelisim keys new"):
        substituted(COMPOSE["x-settings"]["KELISIM_DATA_KEY"], {})


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_is_checked_and_held_in(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert name == "migrate" or service["healthcheck"]["test"]
    assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", []))


def test_nobody_starts_before_the_database_has_its_version() -> None:
    for name in ("web", "worker", "beat", "inbound"):
        waits_for = SERVICES[name]["depends_on"]
        assert waits_for["migrate"] == {"condition": "service_completed_successfully"}
        assert waits_for["redis"] == {"condition": "service_healthy"}


def test_the_queue_of_the_file_never_evicts() -> None:
    assert "--maxmemory-policy noeviction" in " ".join(SERVICES["redis"]["command"])
    assert "--appendonly yes" in " ".join(SERVICES["redis"]["command"])


def test_docker_compose_accepts_the_file(environment: dict[str, str]) -> None:
    given = DOT_ENV | {name: environment[name] for name in KEYS}
    accepted = compose_config(given)
    assert accepted.returncode == 0, accepted.stderr
    assert set(yaml.safe_load(accepted.stdout)["services"]) == set(SERVICES)


def test_docker_compose_refuses_a_missing_secret_by_name(environment: dict[str, str]) -> None:
    refused = compose_config(DOT_ENV)
    assert refused.returncode != 0
    assert "set it in .env, kelisim keys new prints one" in refused.stderr


def compose_config(given: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """What `docker compose config` says of the file, with these variables alone."""
    return subprocess.run(
        [*_compose(), "--file", str(ROOT / "docker-compose.yml"), "config"],
        check=False,
        cwd="/",
        env=given | {"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
    )


def _compose() -> list[str]:
    docker = shutil.which("docker")
    if (
        docker
        and not subprocess.run(
            [docker, "compose", "version"], check=False, capture_output=True
        ).returncode
    ):
        return [docker, "compose"]
    return [demand("docker-compose")]


def substituted(value: str, given: dict[str, str]) -> str:
    """The value as docker compose reads it; raises LookupError where it would stop."""

    def one(match: "re.Match[str]") -> str:
        name, rule, text = match.groups()
        if given.get(name):
            return given[name]
        if rule == "?":
            raise LookupError(f"{name}: {text}")
        return text or ""

    return VARIABLE.sub(one, value)


def comes_alive(container: Container, process: "subprocess.Popen[bytes]") -> bool:
    """Whether the health check passes within the time that a container is given."""
    deadline = time.monotonic() + 150
    while process.poll() is None and time.monotonic() < deadline:
        if container.is_healthy():
            return True
    return False


@contextmanager
def ended_afterwards(
    process: "subprocess.Popen[bytes]",
) -> Iterator["subprocess.Popen[bytes]"]:
    """Nothing of the process group is left after the block."""
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
