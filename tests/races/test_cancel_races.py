"""The holding window's buttons against a worker: never both, and the page says what the sink saw.

The button is pressed on the real page while a worker releases the campaign and sends it; the sink
is the list of dots that were written.
"""

import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base.database import db
from mailing.base.settings import Settings
from mailing.campaigns import campaigns
from mailing.deliveries import dispatch
from mailing.deliveries.results import Ending, Result
from mailing.leaving import replay
from tests import road
from tests.deliveries.conftest import Sender, a_sender
from tests.races.conftest import FEW
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import make_crew
from webapp.app import create_app

PEOPLE = 4
MANY = 1000
_LATER = "Too late to stop all: {out} sent, {stopped} stopped."


@dataclass
class Window:
    """A campaign that may leave at once, a worker, and somebody at the page."""

    app: Flask
    sender: Sender
    browser: Browser
    number: int = 0
    tally: Counter[str] = field(default_factory=Counter)

    def open(self) -> None:
        """A fresh draft, let go, whose time has come."""
        self.number = road.campaign()
        dispatch.start(self.number, road.ACTOR)
        query = text("UPDATE campaigns SET release_at = now() WHERE id = :id")
        db.session.execute(query, {"id": self.number})
        db.session.commit()

    def work(self) -> int:
        """Release what is due and send it, as a worker does; how many dots were written."""
        with self.app.app_context():
            try:
                dispatch.release_due()
                db.session.commit()
                return sum(iter(self._send, 0))
            finally:
                db.session.remove()

    def _send(self) -> int:
        """One message at a time, so that a stop may come in between."""
        passed = self.sender.ask(self.sender.claim(1))
        sealed = self.sender.seal(passed)
        dots = [one.permit for one in passed if one.permit.delivery_id in sealed]
        told = [Result(one.delivery_id, one.fence, Ending.ACCEPTED, 1) for one in dots]
        lost = [one.permit for one in passed if one.permit.delivery_id not in sealed]
        told += [Result(one.delivery_id, one.fence, Ending.ABORTED, 1) for one in lost]
        self.sender.ask([], *told)
        return len(dots)

    def press(self, button: str, token: str) -> tuple[int, str]:
        """Press a button of the live page; the status, and what the next page says."""
        path = f"/studio/campaigns/{self.number}"
        form = {"csrf_token": token}
        answer = self.browser.client.post(f"{path}/{button}?lang=en", data=form)
        said = answer.text
        if answer.status_code == 303:
            said = self.browser.get(answer.headers["Location"]).text
        return answer.status_code, said

    def race(self, button: str) -> tuple[int, int, str]:
        """Both at once, one of them from a moment of chance; dots, status, and what the page said.

        No moment can fail the test: chance only varies which of them is ahead, and by how much.
        """
        self.open()
        token, ready, chance = self.browser.token(), Barrier(2), random.uniform(-0.08, 0.04)

        def work() -> int:
            ready.wait()
            time.sleep(max(chance, 0))
            return self.work()

        def press() -> tuple[int, str]:
            ready.wait()
            time.sleep(max(-chance, 0))
            return self.press(button, token)

        with ThreadPoolExecutor(2) as pool:
            dots, pressed = pool.submit(work), pool.submit(press)
            status, said = pressed.result(60)
            return dots.result(60), status, said

    def state(self) -> str:
        """The campaign's state, as everybody sees it."""
        db.session.rollback()
        db.session.expire_all()
        return campaigns.find(self.number).state


@pytest.fixture
def window(app: Flask, settings: Settings) -> Iterator[Window]:
    replay.run()
    road.subscribe(road.lay(), PEOPLE)
    web = create_app(settings)
    make_crew(web)
    browser = Browser(web.test_client())
    assert browser.log_in("marketer@example.com").status_code == 303
    with a_sender(settings) as sender:
        window = Window(app, sender, browser)
        yield window
        print(f"\n{dict(window.tally)}")  # noqa: T201 - which way the races went
    with web.app_context():
        db.engine.dispose()


@pytest.fixture(
    params=[pytest.param(FEW), pytest.param(MANY, marks=[pytest.mark.soak, pytest.mark.timeout(0)])]
)
def times(request: pytest.FixtureRequest) -> int:
    """A few in the suite, a thousand as soak."""
    return int(request.param)


def test_a_hold_and_a_worker_have_one_winner_and_the_page_says_which(
    window: Window, times: int
) -> None:
    """T50: a button that stops, or says that it did not."""
    for _ in range(times):
        dots, status, said = window.race("hold")
        if status == 303:
            assert "Held. Nothing was sent" in said
            assert (dots, window.state()) == (0, "draft")
        else:
            assert status == 409, said
            assert "Held. Nothing was sent" not in said
            assert (dots, window.state()) == (PEOPLE, "sending")
        window.tally[f"hold {status}"] += 1


def test_a_stop_says_exactly_how_many_dots_were_written(window: Window, times: int) -> None:
    """T50."""
    for _ in range(times):
        dots, status, said = window.race("stop")
        assert status == 303, said
        assert window.state() == "stopped"
        told = _LATER.format(out=dots, stopped=PEOPLE - dots) if dots else "Nothing was sent."
        assert told in said, (dots, re.findall(r"note warn[^/]*", said))
        window.tally[f"stop {dots}"] += 1


def test_a_worker_that_comes_first_is_told_of_and_one_that_comes_second_finds_nothing(
    window: Window,
) -> None:
    """The two ends of the race, forced: each order has its own sentence."""
    window.open()
    token = window.browser.token()
    assert window.work() == PEOPLE
    assert window.press("hold", token)[0] == 409
    assert _LATER.format(out=PEOPLE, stopped=0) in window.press("stop", token)[1]
    window.open()
    assert "Held. Nothing was sent" in window.press("hold", token)[1]
    assert window.work() == 0
    window.open()
    assert "Stopped. Nothing was sent." in window.press("stop", token)[1]
    assert window.work() == 0


def test_send_now_and_hold_have_one_winner(window: Window) -> None:
    """T47: two presses, one sending."""
    window.open()
    token = window.browser.token()
    assert window.press("send-now", token)[0] == 303
    assert window.press("send-now", token)[0] == 409
    assert window.press("hold", token)[0] == 409
    assert window.work() == PEOPLE
    assert window.work() == 0
