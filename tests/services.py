"""Real PostgreSQL and Valkey for the tests, and scratch databases on them.

Where both URLs are set, those services are used and nothing on them is touched but databases
whose names start with `kelisim_test_`; otherwise embedded ones start under `var/tests`, shared
by all test processes of this checkout. Every test gets a database of its own, copied from a
template that was migrated once.
"""

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from console.embedded import Services, lease
from mailing.base import schema
from mailing.base.database import dsn
from mailing.base.settings import ROOT
from mailing.base.version import MIGRATIONS

Connection = psycopg.Connection[tuple[object, ...]]

VAR = ROOT / "var" / "tests"
_MARK = "kelisim_test_"
# One name for all processes of a run: xdist's workers inherit the environment.
RUN = "KELISIM_TEST_RUN"
# A template that somebody else has made and will drop, for a run inside another one.
TEMPLATE = "KELISIM_TEST_TEMPLATE"


def begin_run() -> None:
    """Name this run, before any worker process of it starts."""
    os.environ.setdefault(RUN, secrets.token_hex(4))


@contextmanager
def running() -> Iterator[Services]:
    """Both services, for the time of the block."""
    given = _given()
    if given is not None:
        yield given
        return
    with lease(VAR) as embedded, present(embedded, VAR / "present.lock"):
        _hurry(embedded)
        yield embedded


@contextmanager
def present(services: Services, place: Path) -> Iterator[None]:
    """Be here for the time of the block; who finds nobody here drops what killed runs left.

    The kernel lets go of a killed process's lock, so nobody is taken to be here who is not.
    """
    with place.open("a") as here:
        with _alone():
            if _is_deserted(here):
                _sweep(services)
            fcntl.flock(here, fcntl.LOCK_SH)
        yield


def migrated_template(services: Services) -> str:
    """The name of a database on the newest schema; made by whoever comes first."""
    name = _template()
    with _alone(), _administration(services) as connection:
        if not _exists(connection, name):
            raw = f"{name}_raw"
            _drop(connection, raw)
            _create(connection, raw, "template0")
            schema.upgrade(address(services, raw))
            connection.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                    sql.Identifier(raw), sql.Identifier(name)
                )
            )
    return name


@contextmanager
def scratch_database(services: Services, template: str = "template0") -> Iterator[str]:
    """The address of a fresh database, gone after the block whoever still holds it open."""
    name = f"{_MARK}{os.environ[RUN]}_{secrets.token_hex(6)}"
    with _administration(services) as connection:
        _create(connection, name, template)
        try:
            yield address(services, name)
        finally:
            _drop(connection, name)


def address(services: Services, database: str) -> str:
    """The address of another database on the same server."""
    url = make_url(services.database_url).set(database=database)
    return url.render_as_string(hide_password=False)


def end_run() -> None:
    """Leave no template behind on a server that is not ours; called once, at the very end."""
    given = _given()
    if given is not None and TEMPLATE not in os.environ:
        with _administration(given) as connection:
            _drop(connection, _template())


def _hurry(services: Services) -> None:
    """Let our own test server not wait for the disk: each DROP DATABASE is a checkpoint.

    Commits still reach the operating system, so killed processes prove what they have to; only
    a crash of the machine could lose something, and the tests' data with it.
    """
    with _administration(services) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("ALTER SYSTEM SET full_page_writes = off")
        # A backend of a test lives for a moment: loading a compiler into it takes longer than
        # whatever the compiled query could save on a handful of rows.
        connection.execute("ALTER SYSTEM SET jit = off")
        connection.execute("SELECT pg_reload_conf()")


def _is_deserted(here: IO[str]) -> bool:
    try:
        fcntl.flock(here, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sweep(services: Services) -> None:
    """Drop every database of tests but the template of today's migrations."""
    with _administration(services) as connection:
        query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s) AND datname <> %s"
        for (name,) in connection.execute(query, [_MARK, _template()]).fetchall():
            _drop(connection, str(name))


def _given() -> Services | None:
    database, queue = os.environ.get("KELISIM_DATABASE_URL"), os.environ.get("KELISIM_REDIS_URL")
    return Services(database, queue) if database and queue else None


def _template() -> str:
    """On embedded services the template is kept until the migrations change."""
    if TEMPLATE in os.environ:
        return os.environ[TEMPLATE]
    return f"{_MARK}template_{os.environ[RUN] if _given() else _fingerprint()}"


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in sorted(MIGRATIONS.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def _alone() -> Iterator[None]:
    VAR.mkdir(parents=True, exist_ok=True)
    with Path(VAR / "template.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _administration(services: Services) -> Iterator[Connection]:
    with psycopg.connect(dsn(services.database_url), autocommit=True) as connection:
        yield connection


def _exists(connection: Connection, name: str) -> bool:
    found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
    return found.fetchone() is not None


def _create(connection: Connection, name: str, template: str) -> None:
    connection.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(template)
        )
    )


def _drop(connection: Connection, name: str) -> None:
    connection.execute(
        sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    )


def end_backend(url: str, pid: int) -> None:
    """Have the server's process of a connection ended, and wait until it is gone."""
    with psycopg.connect(dsn(url), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
