"""The web application under gunicorn for all tests of a file: one start, one shop, many people."""

import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask

from console.daemons import free_port
from console.embedded import Services
from mailing.base.database import db
from mailing.base.settings import ROOT
from tests import road
from tests import services as parts
from tests.conftest import settle, surroundings
from tests.webapp.public.conftest import Shop, open_shop
from webapp.app import create_app

START_SECONDS = 120.0


@dataclass(frozen=True)
class Served:
    """Where gunicorn listens, the same application in this process, and what the server wrote."""

    port: int
    web: Flask
    shop: Shop
    log: Path


@contextmanager
def served(services: Services, template: str, place: Path) -> Iterator[Served]:
    """A shop on a database of its own, served for the time of the block."""
    port = free_port()
    with parts.scratch_database(services, template) as url, pytest.MonkeyPatch.context() as patch:
        prefix = f"test-{secrets.token_hex(16)}:"
        own = surroundings(services.redis_url, url, prefix, place / "var")
        own |= {"KELISIM_PUBLIC_URL": f"http://127.0.0.1:{port}", "KELISIM_LOG_LEVEL": "debug"}
        web = create_app(settle(own, patch))
        shop = open_shop(web)
        with _gunicorn(port, own, place / "gunicorn.log") as log:
            yield Served(port, web, shop, log)
        with web.app_context():
            db.engine.dispose()


@contextmanager
def _gunicorn(port: int, environment: dict[str, str], log: Path) -> Iterator[Path]:
    threads = ("--worker-class", "gthread", "--threads", "4", "--no-control-socket")
    bind = (*threads, "--bind", f"127.0.0.1:{port}", "webapp.wsgi:application")
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *bind],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=file,
            stderr=file,
        )
    try:
        road.wait_for(lambda: process.poll() is not None or _listens(port), START_SECONDS)
        assert process.poll() is None, log.read_text()
        yield log
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(90)


def _listens(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
