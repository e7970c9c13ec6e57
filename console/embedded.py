"""PostgreSQL and Valkey of our own under `var/embedded`, shared by whatever commands need them.

Every command that needs them holds a shared lock while it runs. The one that finds nothing
running starts them, the last one out stops them; starting and stopping happen under a second,
exclusive lock. The kernel lets go of the locks of a process that was killed, and what it
started is found again by the next command.
"""

import fcntl
import os
import secrets
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

from console.daemons import EmbeddedError
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
    """Have both services of this directory running while the block lasts.

    SIGTERM, too, ends the block in order (as SystemExit), so that nothing is left running.
    Raises EmbeddedError when a service cannot be started.
    """
    place = _place(var)
    with _orderly_end(), _shared(place) as users:
        try:
            yield _enter(place, users)
        finally:
            _leave(place, users)


def revive(var: Path) -> list[str]:
    """Start again what has died under a lease of this process, on its old port; its names."""
    place = var.resolve() / "embedded"
    with _alone(place):
        dead = [server for server in _servers(place) if not server.is_running()]
        for server in dead:
            server.start()
    return [server.name for server in dead]


def _place(var: Path) -> Path:
    place = var.resolve() / "embedded"
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EmbeddedError(
            f"KELISIM_VAR: {place} cannot be made ({error.strerror}); name another directory."
        ) from None
    return place


@contextmanager
def _orderly_end() -> Iterator[None]:
    """Turn SIGTERM into an exception, unless somebody already handles it."""
    is_ours = threading.current_thread() is threading.main_thread()
    if not is_ours or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def _shared(place: Path) -> Iterator[IO[str]]:
    """The file whose shared lock says that somebody uses the services."""
    try:
        users = (place / "users.lock").open("a")
    except PermissionError:
        raise EmbeddedError(
            f"{place} belongs to another user; run as that user or set KELISIM_VAR."
        ) from None
    with users:
        yield users


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
