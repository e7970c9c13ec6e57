"""PostgreSQL and Valkey of our own under `var/embedded`, shared by whatever commands need them.

Every command that needs them holds a shared lock while it runs. The one that finds nothing
running starts them, the last one out stops them; starting and stopping happen under a second,
exclusive lock. The kernel lets go of the locks of a process that was killed, and what it
started is found again by the next command.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from console.postgresql import Cluster
from console.valkey import Valkey
from mailing.base.settings import Settings


@dataclass(frozen=True)
class Services:
    """The addresses of the two embedded services."""

    database_url: str
    redis_url: str


@contextmanager
def resolve(settings: Settings) -> Iterator[Settings]:
    """The settings with both services running; what they do not name is started, or shared.

    Raises EmbeddedError when a service cannot be started.
    """
    if settings.database_url and settings.redis_url:
        yield settings
        return
    with lease(settings.var) as embedded:
        addresses = {
            "database_url": settings.database_url or embedded.database_url,
            "redis_url": settings.redis_url or embedded.redis_url,
        }
        yield settings.model_copy(update=addresses)


def environment(settings: Settings) -> dict[str, str]:
    """What a child process needs to find the same services."""
    return {"KELISIM_DATABASE_URL": settings.database, "KELISIM_REDIS_URL": settings.queue}


@contextmanager
def lease(var: Path) -> Iterator[Services]:
    """Have both services of this directory running while the block lasts."""
    place = var.resolve() / "embedded"
    place.mkdir(parents=True, exist_ok=True)
    with (place / "users.lock").open("a") as users:
        services = _enter(place, users)
        try:
            yield services
        finally:
            _leave(place, users)


def _enter(place: Path, users: IO[str]) -> Services:
    with _alone(place):
        fcntl.flock(users, fcntl.LOCK_SH)
        cluster, valkey = _servers(place)
        cluster.start()
        valkey.start()
        return Services(cluster.url(), valkey.url())


def _leave(place: Path, users: IO[str]) -> None:
    with _alone(place):
        if not _is_last(users):
            return
        cluster, valkey = _servers(place)
        valkey.stop()
        cluster.stop()


def _is_last(users: IO[str]) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Nobody else starts or stops anything meanwhile. Closing the file lets go of the lock."""
    with (place / "start.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _servers(place: Path) -> tuple[Cluster, Valkey]:
    password = _password(place)
    return Cluster(place / "postgresql", password), Valkey(place / "valkey", password)


def _password(place: Path) -> str:
    """The password of both, made at the first start; readable by us alone."""
    path = place / "password"
    if not path.exists():
        scratch = path.with_suffix(".new")
        scratch.unlink(missing_ok=True)
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(24))
        scratch.rename(path)
    return path.read_text()
