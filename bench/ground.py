"""The ground that a benchmark stands on: real services, a database of its own that is durable."""

import base64
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask
from psycopg import sql
from redis import Redis
from sqlalchemy import text
from sqlalchemy.engine import make_url

from bench.measure import demand, spread, timed
from console.embedded import Services, lease
from mailing.base import schema
from mailing.base.database import db, dsn
from mailing.base.settings import ROOT, load
from mailing.bootstrap import create_base, guard

# What makes a commit survive a power cut; the figures of a database without it mean nothing.
DURABLE = {
    "fsync": {"on"},
    "full_page_writes": {"on"},
    "synchronous_commit": {"on", "local", "remote_write", "remote_apply"},
}


@dataclass(frozen=True)
class Ground:
    """`environment` is for child processes; `directory` is gone after the block."""

    app: Flask
    environment: dict[str, str]
    directory: Path
    database: dict[str, Any]

    def command(self, *arguments: str) -> str:
        """Run `kelisim` with these arguments; what it printed. Raises DoesNotCount on failure."""
        done = subprocess.run(
            [sys.executable, "-m", "console.cli", *arguments],
            check=False,
            cwd=ROOT,
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
        )
        demand(done.returncode == 0, f"kelisim {' '.join(arguments[:2])} failed: {done.stderr}")
        return done.stdout


@contextmanager
def ground(**settings: str) -> Iterator[Ground]:
    """Services, a migrated database and the domain on it, with these settings besides our own.

    Raises DoesNotCount where the database would not survive a power cut.
    """
    with _services() as services, _scratch(services) as (url, directory):
        schema.upgrade(url)
        environment = _environment(services, url, directory) | settings
        with _only(environment), create_base(load(_env_file=None)).app_context() as context:
            guard()
            try:
                yield Ground(context.app, environment, directory, durability(url))
            finally:
                db.session.remove()
                db.engine.dispose()
                _sweep_queue(environment)


@contextmanager
def connection(place: Ground) -> Iterator[psycopg.Connection]:
    """A bare connection that commits each statement by itself."""
    address = dsn(place.environment["KELISIM_DATABASE_URL"])
    with psycopg.connect(address, autocommit=True) as opened:
        yield opened


def settle() -> None:
    """Let the database know its new tables, as its own autovacuum does within a minute."""
    db.session.commit()
    bare = db.session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
    bare.execute(text("VACUUM ANALYZE"))
    bare.execute(text("CHECKPOINT"))
    db.session.remove()


@contextmanager
def _services() -> Iterator[Services]:
    database, queue = os.environ.get("KELISIM_DATABASE_URL"), os.environ.get("KELISIM_REDIS_URL")
    if database and queue:
        yield Services(database, queue)
        return
    with lease(ROOT / "var" / "bench") as embedded:
        yield embedded


@contextmanager
def _scratch(services: Services) -> Iterator[tuple[str, Path]]:
    """The address of an empty database and a directory that a sink may enter."""
    name = f"kelisim_bench_{secrets.token_hex(6)}"
    url = make_url(services.database_url).set(database=name)
    with _administration(services) as server, tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield url.render_as_string(hide_password=False), Path(place)
        finally:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            server.execute(drop.format(sql.Identifier(name)))


@contextmanager
def _administration(services: Services) -> Iterator[psycopg.Connection]:
    with psycopg.connect(dsn(services.database_url), autocommit=True) as server:
        yield server


def _environment(services: Services, url: str, directory: Path) -> dict[str, str]:
    return {
        "KELISIM_DATABASE_URL": url,
        "KELISIM_REDIS_URL": services.redis_url,
        "KELISIM_QUEUE_PREFIX": f"bench-{secrets.token_hex(6)}:",
        "KELISIM_VAR": str(directory / "var"),
        "KELISIM_SECRET_KEYS": secrets.token_urlsafe(32),
        "KELISIM_DATA_KEY": _key(),
        "KELISIM_SUPPRESSION_KEY": _key(),
        "KELISIM_PUBLIC_URL": "http://127.0.0.1:8080",
        "KELISIM_FROM": "Glazik <news@glazik.example>",
        "KELISIM_BOUNCE_DOMAIN": "bounce.glazik.example",
        "KELISIM_HELPDESK_ADDRESS": "helpdesk@glazik.example",
        "KELISIM_OPERATOR_NAME": "Glazik Kazakhstan LLP",
        "KELISIM_OPERATOR_BIN": "123456789012",
        "KELISIM_OPERATOR_ADDRESS": "1 Sample Street, Astana",
        "KELISIM_LOG_LEVEL": "warning",
    }


@contextmanager
def _only(environment: dict[str, str]) -> Iterator[None]:
    """These settings and no others: what the shell says does not count meanwhile."""
    before = dict(os.environ)
    for name in [name for name in before if name.startswith("KELISIM_")]:
        del os.environ[name]
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def durability(url: str) -> dict[str, Any]:
    """What a commit survives here, and its price; raises DoesNotCount where it may be lost."""
    with psycopg.connect(dsn(url), autocommit=True) as server:
        shown = {name: _show(server, name) for name in (*DURABLE, "server_version")}
        for name, safe in DURABLE.items():
            demand(shown[name] in safe, f"{name} is {shown[name]}: commits would not be durable")
        return {**shown, "one_commit": bare_commit(server)}


def bare_commit(server: psycopg.Connection, times: int = 200) -> dict[str, float | int]:
    """How long one row and its commit take on a kept connection: the price of durability."""
    server.execute("CREATE TABLE IF NOT EXISTS bench_commits (id bigint)")
    return spread(timed(lambda: server.execute("INSERT INTO bench_commits VALUES (1)"), times))


def _show(server: psycopg.Connection, name: str) -> str:
    row = server.execute(sql.SQL("SHOW {}").format(sql.Identifier(name))).fetchone()
    return str(row[0]) if row else ""


def _sweep_queue(environment: dict[str, str]) -> None:
    with Redis.from_url(environment["KELISIM_REDIS_URL"]) as queue:
        for key in queue.scan_iter(match=f"{environment['KELISIM_QUEUE_PREFIX']}*", count=1000):
            queue.delete(key)


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()
