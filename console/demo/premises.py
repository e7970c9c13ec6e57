"""The demo's own place: fresh keys, a scratch database, a directory, free ports.

Nothing of a real installation is touched: no setting of the surroundings is handed on, the
programs run in the demo's directory (where no .env lies), and mail goes to the catcher alone.
"""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from redis import Redis

from console.commands.keys import fresh_keys
from console.daemons import free_port
from console.demo.operator import IDENTITY
from console.embedded import environment, resolve
from mailing.base import schema
from mailing.base.database import dsn
from mailing.base.settings import Settings, load

# One connection to a slow relay: somebody can leave in the middle, and one can watch.
CONNECTIONS = 1
HOLDING_SECONDS = 3


@dataclass(frozen=True)
class Premises:
    """Where everything of one demo is."""

    directory: Path
    settings: Settings
    web_port: int
    catcher_port: int
    smtp_port: int
    environment: dict[str, str]

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def catcher(self) -> str:
        return f"http://127.0.0.1:{self.catcher_port}"

    @property
    def mail(self) -> Path:
        """Where the catcher writes what it catches."""
        return self.directory / "mail"


@contextmanager
def premises() -> Iterator[Premises]:
    """Set the place up and migrate its database; afterwards nothing of it is left."""
    name = secrets.token_hex(4)
    surroundings = _surroundings()
    directory = surroundings.var.resolve() / "demo" / name
    with resolve(surroundings) as services, _database(services, name) as settings:
        directory.mkdir(parents=True)
        try:
            schema.upgrade(settings.database)
            yield _laid_out(directory, settings)
        finally:
            _forget_queue(settings)
            shutil.rmtree(directory, ignore_errors=True)


def _surroundings() -> Settings:
    """What the caller set about services; keys of our own, so that none has to be set."""
    own = fresh_keys()
    return load(
        secret_keys=own["KELISIM_SECRET_KEYS"],
        data_key=own["KELISIM_DATA_KEY"],
        suppression_key=own["KELISIM_SUPPRESSION_KEY"],
        public_url="http://127.0.0.1",
    )


@contextmanager
def _database(services: Settings, name: str) -> Iterator[Settings]:
    """A scratch database beside the one that is set; that one is not touched."""
    scratch = sql.Identifier(f"kelisim_demo_{name}")
    with psycopg.connect(dsn(services.database), autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(scratch))
    changes = {
        "database_url": _beside(services.database, f"kelisim_demo_{name}"),
        "queue_prefix": f"kelisim-demo-{name}:",
    }
    try:
        yield services.model_copy(update=changes)
    finally:
        with psycopg.connect(dsn(services.database), autocommit=True) as server:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(scratch))


def _beside(url: str, name: str) -> str:
    server, mark, options = url.partition("?")
    return f"{server.rpartition('/')[0]}/{name}{mark}{options}"


def _laid_out(directory: Path, settings: Settings) -> Premises:
    web_port, catcher_port, smtp_port = free_port(), free_port(), free_port()
    told = {name: value for name, value in os.environ.items() if not name.startswith("KELISIM_")}
    told |= environment(settings) | fresh_keys() | IDENTITY
    told |= {
        "KELISIM_VAR": str(directory),
        "KELISIM_QUEUE_PREFIX": settings.queue_prefix,
        "KELISIM_PUBLIC_URL": f"http://127.0.0.1:{web_port}",
        "KELISIM_SMTP_URL": f"smtp://127.0.0.1:{smtp_port}",
        "KELISIM_SMTP_CONNECTIONS": str(CONNECTIONS),
        "KELISIM_HOLDING_SECONDS": str(HOLDING_SECONDS),
        "KELISIM_LOG_LEVEL": "warning",
    }
    return Premises(directory, settings, web_port, catcher_port, smtp_port, told)


def _forget_queue(settings: Settings) -> None:
    """Delete the demo's own keys; a queue that is away keeps them, and nobody reads them."""
    queue = Redis.from_url(settings.queue, socket_timeout=5)
    try:
        for key in queue.scan_iter(f"{settings.queue_prefix}*"):
            queue.delete(key)
    finally:
        queue.close()
