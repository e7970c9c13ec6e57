"""The proving ground: the whole product, each part a process that may be harmed by itself.

PostgreSQL and Valkey of its own, a proxy before PostgreSQL for the workers and another for the
web, a scripted relay, a real web process and real workers.
"""

import base64
import http.client
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
from flask import Flask
from sqlalchemy.engine import make_url

from console.daemons import free_port
from console.postgresql import Cluster
from console.programs import web_program
from console.valkey import Valkey
from mailing.base import schema
from mailing.base.database import db, dsn
from mailing.base.settings import ROOT, Settings, load
from mailing.bootstrap import create_base
from tests import road
from tests.peers.faults import Fault, Stage
from tests.peers.proxy import Proxy
from tests.peers.smtp_peer import SmtpPeer
from tests.peers.smtp_session import Offers

CONNECTIONS = 4
CHILDREN = 2
KEYWORDS = ["SIZE 10485760", "8BITMIME", "SMTPUTF8", "PIPELINING"]


class Ground:
    """All parts, and what they are harmed through. Made by `laid_out`."""

    def __init__(self, place: Path, cluster: Cluster, valkey: Valkey, peer: SmtpPeer) -> None:
        self.place = place
        self.var = place / "var"
        self.cluster = cluster
        self.valkey = valkey
        self.peer = peer
        port = make_url(cluster.url()).port or 0
        self.workers_way, self.webs_way = Proxy(port), Proxy(port)
        self.environment = _environment(place, cluster.url(), valkey.url(), peer.url)
        self.app: Flask = create_base(_settings(self.environment))
        self.web_port = free_port()
        self.web = self._serve()
        self.worker: road.Worker | None = None
        self.rounds = 0

    def direct(self) -> psycopg.Connection:
        """A connection of the harness, past every proxy."""
        return psycopg.connect(dsn(self.cluster.url()), autocommit=True, connect_timeout=5)

    def hire(self, **changes: str) -> road.Worker:
        """Have a worker running, with these variables changed; an old one keeps to its own."""
        if self.worker is None or self.worker.process.poll() is not None or changes:
            self.dismiss()
            behind = through(self.cluster.url(), self.workers_way)
            environment = self.environment | {"KELISIM_DATABASE_URL": behind} | changes
            self.worker = road.Worker(environment, self.place / "worker.log", CHILDREN)
        return self.worker

    @contextmanager
    def elsewhere(self, var: Path) -> Iterator[None]:
        """Locks and send journals lie in another place while the block lasts."""
        kept, self.var = self.var, var
        self.hire(KELISIM_VAR=str(var))
        try:
            yield
        finally:
            self.dismiss()
            self.var = kept

    def dismiss(self) -> None:
        """Kill the worker where there is one."""
        if self.worker is not None:
            self.worker.kill()
            self.worker = None

    def pulse(self) -> dict[int, str]:
        """The worker's processes and what the kernel says of each; empty where there is none."""
        if self.worker is None or self.worker.process.poll() is not None:
            return {}
        parent = psutil.Process(self.worker.process.pid)
        return {one.pid: one.status() for one in (parent, *parent.children(recursive=True))}

    def senders(self) -> list[psutil.Process]:
        """The sending children that have connections to the relay."""
        assert self.worker is not None
        children = psutil.Process(self.worker.process.pid).children(recursive=True)
        return [child for child in children if _speaks_to(child, self.peer.port)]

    def queue_pid(self) -> int:
        """The process of Valkey, as it was started last."""
        return int(json.loads((self.valkey.directory / "process.json").read_text())["pid"])

    def log(self) -> str:
        """What the workers have logged so far."""
        path = self.place / "worker.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def sending(self) -> Path:
        """Where the locks and send journals lie."""
        return self.var / "sending"

    def close(self) -> None:
        """End what was started."""
        self.dismiss()
        self.web.kill()
        self.web.wait()
        self.workers_way.close()
        self.webs_way.close()
        with self.app.app_context():
            db.engine.dispose()

    def _serve(self) -> subprocess.Popen[bytes]:
        behind = through(self.cluster.url(), self.webs_way)
        with (self.place / "web.log").open("ab") as log:
            web = subprocess.Popen(
                [sys.executable, "-m", *web_program("127.0.0.1", self.web_port)],
                cwd=ROOT,
                env=os.environ | self.environment | {"KELISIM_DATABASE_URL": behind},
                stdout=log,
                stderr=log,
            )
        road.wait_for(lambda: _answers(self.web_port), 120)
        return web


@contextmanager
def laid_out(place: Path, *faults: Fault, is_synced: bool = False) -> Iterator[Ground]:
    """The ground for as long as the block lasts; `is_synced`: PostgreSQL waits for the disk."""
    with ExitStack() as stack:
        (place / "services").mkdir(parents=True, mode=0o755)
        cluster = Cluster(place / "services" / "data", "secret")
        valkey = Valkey(place / "valkey", "secret")
        for server in (cluster, valkey):
            stack.callback(server.stop)
            server.start()
        schema.upgrade(cluster.url())
        with psycopg.connect(dsn(cluster.url()), autocommit=True) as database:
            # Only a crash of the whole machine could tell the difference.
            database.execute(f"ALTER SYSTEM SET fsync = {'on' if is_synced else 'off'}")
            database.execute("SELECT pg_reload_conf()")
        peer = SmtpPeer(*faults, offers=Offers(keywords=KEYWORDS), keeps_bytes=False)
        stack.enter_context(peer)
        ground = Ground(place, cluster, valkey, peer)
        stack.callback(ground.close)
        with ground.app.app_context():
            road.lay()
            db.session.remove()
        yield ground


def through(url: str, proxy: Proxy) -> str:
    """The same address, by way of a proxy."""
    return make_url(url).set(port=proxy.port).render_as_string(hide_password=False)


def pace(seconds: float = 0.03) -> Fault:
    """A relay that takes its time over each message, so that a campaign can be harmed."""
    return Fault(Stage.DOT, wait=seconds)


def _environment(place: Path, database: str, queue: str, relay: str) -> dict[str, str]:
    return {
        "KELISIM_DATABASE_URL": database,
        "KELISIM_REDIS_URL": queue,
        "KELISIM_VAR": str(place / "var"),
        "KELISIM_JOURNAL_DIR": str(place / "journal"),
        "KELISIM_SECRET_KEYS": secrets.token_urlsafe(32),
        "KELISIM_DATA_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "KELISIM_SUPPRESSION_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "KELISIM_SMTP_URL": relay,
        "KELISIM_SMTP_CONNECTIONS": str(CONNECTIONS),
        "KELISIM_SEND_BATCH": "50",
        "KELISIM_RETRY_MINUTES": "0",
        "KELISIM_FROM": "Glazik <news@glazik.example>",
        "KELISIM_BOUNCE_DOMAIN": "bounce.glazik.example",
        "KELISIM_HELPDESK_ADDRESS": "helpdesk@glazik.example",
        "KELISIM_OPERATOR_NAME": "Glazik Kazakhstan LLP",
        "KELISIM_OPERATOR_BIN": "123456789012",
        "KELISIM_OPERATOR_ADDRESS": "1 Sample Street, Astana",
        "KELISIM_LOG_LEVEL": "warning",
    }


def _settings(environment: dict[str, str]) -> Settings:
    """The settings of these variables alone, whatever the shell says."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("KELISIM_")]:
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        return load(_env_file=None)


def _answers(port: int) -> bool:
    """It listens before it is ready, so it is asked."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _speaks_to(process: psutil.Process, port: int) -> bool:
    try:
        return any(c.raddr and c.raddr.port == port for c in process.net_connections("tcp"))
    except psutil.Error:
        return False
