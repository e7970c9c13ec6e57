"""What every test may ask for: real services, a database of its own, settings, the doors."""

import base64
import gc
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import redis
from flask import Flask
from kombu import pools

from console.embedded import Services
from mailing.base.database import db
from mailing.base.settings import Settings, load
from mailing.bootstrap import create_base
from tests import once
from tests import services as parts
from tests.rooms import Rooms

HERE = Path(__file__).parent
# The folders and files whose tests start no process that could outlive them.
STAY_INSIDE = (
    "people",
    "policies",
    "staff",
    "campaigns",
    "deliveries",
    "leaving",
    "inbound",
    "requests",
    "incidents",
    "webapp",
    "browser",
    "base/test_installation.py",
    "base/test_jobs.py",
    "base/test_operator.py",
    "base/test_rspamd.py",
    "base/test_settings.py",
    "base/test_signing.py",
    "worker/test_clicks.py",
    "worker/test_dns.py",
    "worker/test_engine.py",
    "worker/test_inbound.py",
    "worker/test_lines.py",
    "worker/test_links.py",
    "worker/test_mailbox.py",
    "worker/test_spam.py",
    "worker/test_tidy.py",
    "console/test_doctor.py",
    "console/test_forms.py",
    "console/test_frame.py",
    "console/test_nouns.py",
    "console/test_requests.py",
)
# These do, in a folder of those.
GO_OUTSIDE = ("browser/test_desk_flow.py",)
OF_THE_SUITE = {parts.RUN, parts.TEMPLATE, "KELISIM_CI"}


def pytest_configure(config: pytest.Config) -> None:
    """Runs in every test process, first in the one that starts the others."""
    parts.begin_run()
    config.add_cleanup(once.arrange().undo)


def pytest_collection_finish(session: pytest.Session) -> None:
    """What was collected stays to the end: the collector of garbage need not look at it again."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Runs in every test process, last in the one that started the others."""
    if not hasattr(session.config, "workerinput"):
        parts.end_run()


@pytest.fixture(scope="session")
def shared_services() -> Iterator[Services]:
    """PostgreSQL and Valkey, running."""
    with parts.running() as running:
        yield running


@pytest.fixture(scope="session")
def services(shared_services: Services) -> Services:
    """Those that everybody uses; a test that kills them has its own under this name."""
    return shared_services


@pytest.fixture(scope="session")
def template(services: Services) -> str:
    """The name of a migrated database that others are copied from."""
    return parts.migrated_template(services)


@pytest.fixture
def empty_database_url(services: Services) -> Iterator[str]:
    """A database of this test's own, without a schema."""
    with parts.scratch_database(services) as url:
        yield url


@pytest.fixture(scope="session")
def rooms(services: Services, template: str) -> Iterator[Rooms]:
    """Where the tests that start no process find their database."""
    opened = Rooms(services, template)
    yield opened
    opened.close()


@pytest.fixture
def database_url(
    services: Services, template: str, rooms: Rooms, request: pytest.FixtureRequest
) -> Iterator[str]:
    """A migrated database of this test's own."""
    own = (
        rooms.one()
        if _stays_inside(request.path.relative_to(HERE))
        else parts.scratch_database(services, template)
    )
    with own as url:
        yield url


@pytest.fixture(scope="session")
def broom(shared_services: Services) -> Iterator[redis.Redis]:
    """What sweeps the queue after each test."""
    with redis.Redis.from_url(shared_services.redis_url) as client:
        yield client


@pytest.fixture
def queue_prefix(broom: redis.Redis) -> Iterator[str]:
    """A corner of the queue of this test's own, swept afterwards."""
    prefix = f"test-{uuid4().hex}:"
    yield prefix
    # Connections of an application's queue are the process's, and outlive the application.
    pools.reset()  # type: ignore[no-untyped-call]
    for key in broom.scan_iter(match=f"{prefix}*", count=1000):
        broom.delete(key)


@pytest.fixture
def environment(
    services: Services, database_url: str, queue_prefix: str, tmp_path: Path
) -> dict[str, str]:
    """All settings as variables, for this process and for those that the test starts."""
    return surroundings(services.redis_url, database_url, queue_prefix, tmp_path / "var")


def surroundings(redis_url: str, database_url: str, prefix: str, var: Path) -> dict[str, str]:
    """All settings as variables, with keys of their own."""
    return {
        "KELISIM_DATABASE_URL": database_url,
        "KELISIM_REDIS_URL": redis_url,
        "KELISIM_QUEUE_PREFIX": prefix,
        "KELISIM_VAR": str(var),
        "KELISIM_SECRET_KEYS": secrets.token_urlsafe(32),
        "KELISIM_DATA_KEY": _key(),
        "KELISIM_SUPPRESSION_KEY": _key(),
        "KELISIM_PUBLIC_URL": "http://127.0.0.1:8080",
        "KELISIM_SMTP_URL": "smtp://127.0.0.1:1",
        "KELISIM_FROM": "Glazik <news@glazik.example>",
        "KELISIM_BOUNCE_DOMAIN": "bounce.glazik.example",
        "KELISIM_HELPDESK_ADDRESS": "helpdesk@glazik.example",
        "KELISIM_OPERATOR_NAME": "Glazik Kazakhstan LLP",
        "KELISIM_OPERATOR_BIN": "123456789012",
        "KELISIM_OPERATOR_ADDRESS": "1 Sample Street, Astana",
        "KELISIM_LOG_LEVEL": "warning",
    }


@pytest.fixture
def settings(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of `environment`; what the developer's shell or `.env` says does not count."""
    return settle(environment, monkeypatch)


def settle(environment: dict[str, str], patch: pytest.MonkeyPatch) -> Settings:
    """Let these variables be all that this process has of ours; the settings of them."""
    for name in [name for name in os.environ if name.startswith("KELISIM_")]:
        if name not in OF_THE_SUITE:
            patch.delenv(name)
    for name, value in environment.items():
        patch.setenv(name, value)
    return load(_env_file=None)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The base application inside its context: the domain, ready for a verb."""
    base = create_base(settings)
    with base.app_context():
        yield base
        db.session.remove()
        db.engine.dispose()


def _stays_inside(path: Path) -> bool:
    return any(map(path.is_relative_to, STAY_INSIDE)) and str(path) not in GO_OUTSIDE


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()
