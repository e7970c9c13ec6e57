"""A canary: an address and a name that must be found nowhere but in the sealed row and the page.

Everything is walked with them, whole and broken: the form, the button, leaving, coming back,
errors, forged links, a database that does not answer. Then logs, figures, Redis and every page
are searched.
"""

import logging
from collections.abc import Callable, Iterator

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from mailing.base.database import db
from mailing.base.settings import Settings
from mailing.deliveries import confirmations
from tests.webapp.public.conftest import Shop
from tests.webapp.public.crowd import Crowd, gather
from tests.webapp.public.people import ask, leave_link
from tests.webapp.public.samples import NO_PAGE, SAMPLES

ADDRESS = "canary.zhibek@example.com"
NAMES = {"given_name": "Канарейкин", "surname": "Zhibekova-Canary", "phone": "+7 701 555 01 99"}
Told = Callable[[], str]
CANARIES = ("canary.zhibek", "Канарейкин", "Zhibekova-Canary", "555 01 99", "5550199")


@pytest.fixture
def crowd(web: Flask, shop: Shop) -> Crowd:
    return gather(web, shop)


@pytest.fixture
def told(web: Flask, caplog: pytest.LogCaptureFixture) -> Iterator[Told]:
    """Everything that is logged. It stands after `web`, which sets the log up."""
    caplog.set_level(logging.INFO)
    with capture_logs() as events:
        yield lambda: repr(list(events)) + caplog.text


def test_a_name_and_an_address_are_found_in_no_log_figure_queue_or_error_page(
    told: Told,
    client: FlaskClient,
    crowd: Crowd,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pages = list(_walk(client, crowd, monkeypatch))
    said = told()
    assert "unexpected" in said, "the faults were not logged, so the test proves nothing"
    assert _found(said) == []
    assert _found(client.get("/metrics").text + client.get("/readyz").text) == []
    assert _found(_queue(settings)) == []
    assert [page for page in pages if _found(page)] == []
    assert _tables_in_clear(crowd.web) == []


def _walk(client: FlaskClient, crowd: Crowd, patch: pytest.MonkeyPatch) -> Iterator[str]:
    """Every act with the canary's data; the pages that must not repeat them."""
    form = crowd.shop.post(email=ADDRESS, **NAMES)
    yield client.post("/join/news", data=form).text
    # What was typed wrongly is shown again to who typed it; the query is no form.
    client.post("/join/news", data=form | {"topic": "weather"})
    yield client.post(f"/join/news?email={ADDRESS}", data={}).text
    yield client.post("/join/nothing", data=form).text
    yield client.post("/join/news", data=form, headers={"Origin": "https://evil.example"}).text
    yield client.post("/policy", data=form).text
    asked = ask(crowd.web, crowd.shop.policy, "new", address=ADDRESS)
    for link in (f"/confirm/{asked.confirm}", leave_link(crowd.web, asked.subscriber, "new")):
        for method in ("GET", "POST", "POST"):
            yield client.open(link, method=method, data=form).text
    for rule in set(SAMPLES) - NO_PAGE:
        for address in list(SAMPLES[rule](crowd, rule).values())[:3]:
            yield client.get(f"{address}?email={ADDRESS}&name={NAMES['surname']}").text
    yield client.get(f"/u/{ADDRESS}").text
    yield client.get(f"/confirm/{ADDRESS}").text
    yield from _faults(client, form, patch)


def _faults(
    client: FlaskClient, form: dict[str, object], patch: pytest.MonkeyPatch
) -> Iterator[str]:
    for fault in (
        RuntimeError(f"{ADDRESS} {NAMES['given_name']}"),
        OperationalError(f"INSERT {ADDRESS}", {"email": ADDRESS}, Exception(NAMES["surname"])),
    ):

        def fail(*_: object, fault: Exception = fault) -> None:
            raise fault

        with patch.context() as broken:
            broken.setattr(confirmations, "submit", fail)
            answer = client.post("/join/news", data=form)
        assert answer.status_code in (500, 503)
        yield answer.text


def _found(where: str) -> list[str]:
    return [canary for canary in CANARIES if canary.casefold() in where.casefold()]


def _queue(settings: Settings) -> str:
    """Every value in the queue's database."""
    with redis.Redis.from_url(settings.queue) as found:
        keys = list(found.scan_iter(match=f"{settings.queue_prefix}*", count=1000))
        kept = [repr(found.dump(key)) for key in keys]
    return repr(keys) + "".join(kept)


def _tables_in_clear(web: Flask) -> list[str]:
    """The tables in which a canary can be read without a key."""
    with web.app_context():
        names = db.session.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ).scalars()
        found = []
        for name in sorted(names):
            rows = f"SELECT string_agg(t::text, ' ') FROM \"{name}\" t"  # noqa: S608
            if _found(str(db.session.execute(text(rows)).scalar_one())):
                found.append(name)
    return found
