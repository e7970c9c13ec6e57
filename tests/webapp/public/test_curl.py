"""Joining and leaving with curl against a real server: no cookie, no script, no browser."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import date
from html import unescape
from itertools import count
from pathlib import Path
from typing import NoReturn

import pytest
from flask import Flask

from console.embedded import Services
from mailing.base.database import db
from mailing.people import standings
from mailing.policies import versions
from mailing.policies.versions import NewText
from tests.webapp.public.conftest import Shop
from tests.webapp.public.people import Asked, ask, leave_link, standing
from tests.webapp.public.served import Served, served

Curl = Callable[..., "Answer"]


class Answer:
    """What curl printed: the status, the headers and the page."""

    def __init__(self, printed: str) -> None:
        head, _, self.page = printed.partition("\r\n\r\n")
        self.status = int(head.split(" ", 2)[1])
        self.head = head

    @property
    def words(self) -> str:
        """The page without its tags, as a text browser shows it."""
        return unescape(re.sub(r"<[^>]+>", " ", self.page))


# One server for all; each test has a person of its own there.
pytestmark = pytest.mark.xdist_group("curl")
_numbers = count()


@pytest.fixture(scope="module")
def house(
    services: Services, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """What gunicorn serves."""
    with served(services, template, tmp_path_factory.mktemp("curl")) as found:
        yield found


@pytest.fixture
def web(house: Served) -> Flask:
    return house.web


@pytest.fixture
def shop(house: Served) -> Shop:
    return house.shop


@pytest.fixture
def log(house: Served) -> Path:
    return house.log


@pytest.fixture
def server(house: Served) -> str:
    """The address of the application under gunicorn."""
    return f"http://127.0.0.1:{house.port}"


@pytest.fixture
def curl(server: str) -> Curl:
    """Runs curl. Where there is none: a named skip, or a failure in continuous runs."""
    program = shutil.which("curl") or _without("curl")

    def run(path: str, *arguments: str) -> Answer:
        command = [program, "--silent", "--include", "--max-time", "60", *arguments]
        done = subprocess.run([*command, f"{server}{path}"], capture_output=True, check=True)
        return Answer(done.stdout.decode())

    return run


@pytest.fixture
def asked(web: Flask, shop: Shop) -> Asked:
    """Somebody whose confirmation mail is on its way."""
    return ask(web, shop.policy, "new", address=f"erik{next(_numbers)}@example.com")


def test_somebody_joins_with_curl(curl: Curl, web: Flask, shop: Shop, log: Path) -> None:
    form = curl(f"{shop.path}?lang=en")
    assert form.status == 200
    (policy,) = re.findall(r'name="policy" value="(\d+)"', form.page)
    (topic, *_) = re.findall(r'name="topic"[^>]* value="(\w+)"', form.page)
    fields = ("email=aruzhan.curl@example.com", f"topic={topic}", f"policy={policy}")
    posted = [part for field in fields for part in ("--data-urlencode", field)]
    wrong = curl(f"{shop.path}?lang=en", "--data-urlencode", "email=aruzhan.curl@", *posted[2:])
    assert wrong.status == 422
    assert "Enter an address like" in wrong.words
    answer = curl(f"{shop.path}?lang=en", *posted)
    assert answer.status == 200
    for one in (form, wrong, answer):
        assert "set-cookie" not in one.head.lower()
    assert "aruzhan.curl" not in log.read_text()


def test_somebody_confirms_and_leaves_with_curl(
    curl: Curl, web: Flask, shop: Shop, asked: Asked, log: Path
) -> None:
    """T36: nothing but the address is needed."""
    confirm, leave = f"/confirm/{asked.confirm}", leave_link(web, asked.subscriber, "new")
    assert curl(f"{confirm}?lang=ru").status == 200
    assert standing(web, asked.subscriber, "new") == "requested"
    assert curl(confirm, "--request", "POST").status == 200
    assert standing(web, asked.subscriber, "new") == "given"
    assert curl(leave, "--head").status == 200
    assert standing(web, asked.subscriber, "new") == "given"
    left = curl(leave, "--data", "List-Unsubscribe=One-Click")
    assert (left.status, "\nlocation:" in left.head.lower()) == (200, False)
    assert standing(web, asked.subscriber, "new") == "unsubscribed"
    again = curl(f"{leave}/undo?lang=en", "--request", "POST")
    assert again.status == 200
    assert standing(web, asked.subscriber, "new") == "given"
    by_hand = curl(f"{leave}?lang=en", "--data", "page=1")
    assert "You are unsubscribed" in by_hand.words
    assert log.read_text().strip()
    assert "erik" not in log.read_text()


def test_somebody_chooses_with_curl(curl: Curl, web: Flask, shop: Shop, asked: Asked) -> None:
    curl(f"/confirm/{asked.confirm}", "--request", "POST")
    choices = leave_link(web, asked.subscriber, "new").replace("/u/", "/preferences/")
    page = curl(f"{choices}?lang=en")
    assert page.status == 200
    kept = hidden(page, "listed", "shown", "policy", "wording")
    saved = curl(f"{choices}?lang=en", *kept, "--data", "topic=notices", "--data", "act=save")
    assert saved.status == 200
    assert standing(web, asked.subscriber, "new") == "unsubscribed"
    paused = curl(f"{choices}?lang=en", "--data", "act=pause&days=30")
    assert "Paused" in paused.words
    assert "\nlocation:" not in (page.head + saved.head + paused.head).lower()


def test_the_policy_is_read_with_curl(curl: Curl, shop: Shop) -> None:
    page = curl("/policy", "--header", "Accept-Language: kk")
    assert page.status == 200
    assert "helpdesk@glazik" in page.words


def test_a_policy_change_is_agreed_to_with_curl(
    curl: Curl, web: Flask, shop: Shop, asked: Asked
) -> None:
    curl(f"/confirm/{asked.confirm}", "--request", "POST")
    with web.app_context():
        kept = versions.import_text("Жаңа саясат".encode(), NewText("kk", date(2026, 1, 1)))
        newest = versions.publish(versions.find(kept.policy_id)).id
        db.session.commit()
    agree = leave_link(web, asked.subscriber, "new").replace("/u/", "/agree/")
    page = curl(f"{agree}?lang=en")
    assert page.page.count("<button") == 1
    agreed = curl(f"{agree}?lang=en", *hidden(page, "seen"))
    assert "You have agreed" in agreed.words
    with web.app_context():
        held = standings.of(asked.subscriber)
        assert {row.policy_id for row in held.values()} == {newest}


def hidden(page: Answer, *names: str) -> list[str]:
    """What a form carries along, as arguments of curl."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.page)
    kept = [f"{name}={unescape(value)}" for name, value in found if name in names]
    assert kept
    return [part for field in kept for part in ("--data-urlencode", field)]


def _without(what: str) -> NoReturn:
    if os.environ.get("KELISIM_CI") == "1":
        pytest.fail(f"This machine lacks {what}.")
    pytest.skip(f"This machine lacks {what}.")
