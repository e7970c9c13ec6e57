"""Polling goes on: one message blocks no other, and no trouble ends it in silence."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any, Self

import pytest
from flask import Flask
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from mailing.base.database import db
from mailing.base.errors import Conflict, Unavailable
from mailing.base.settings import Settings, current
from mailing.inbound.messages import InboundMessage
from mailing.leaving import replay
from mailing.requests import acts
from tests import road
from worker import inbound
from worker.inbound import Poller
from worker.mailbox import Mailbox, Place, Take

LETTERS = [b"Subject: one\r\n\r\nHow so?\r\n", b"Subject: two\r\n\r\nHow come?\r\n"]


class Box:
    """A mailbox at the outer wall: what lies there, or what goes wrong when it is opened."""

    def __init__(self, *rounds: Any) -> None:
        self.rounds, self.said = list(rounds), threading.Event()
        self.done: list[bool | None] = []

    def __call__(self, _place: object) -> Self:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        return None

    def poll(self, take: Take) -> int:
        now = self.rounds.pop(0) if self.rounds else []
        if isinstance(now, BaseException):
            raise now
        self.done += [take(raw) for raw in now]
        if not self.rounds:
            self.said.set()
        return len(now)


@pytest.fixture
def polls(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Settings:
    road.lay()
    replay.run()
    monkeypatch.setattr(inbound, "_FIRST_REST", 0.0)
    more: dict[str, Any] = {"imap_url": "imap://u:p@127.0.0.1:1", "imap_seconds": 1}
    return current().model_copy(update=more)


def polled(app: Flask, settings: Settings, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """Poll until everything in the box has been looked at."""
    monkeypatch.setattr(inbound, "Mailbox", box)
    poller = Poller(app, settings)
    thread = threading.Thread(target=poller.run)
    thread.start()
    assert box.said.wait(90)
    poller.end()
    thread.join(90)
    assert not thread.is_alive()


def test_an_end_in_the_middle_of_a_folder_leaves_the_rest_where_it_lies(
    app: Flask, polls: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder may hold thousands, and whoever supervises kills what does not end."""
    box = Box(LETTERS)
    monkeypatch.setattr(inbound, "Mailbox", box)
    poller, act = Poller(app, polls), acts.act

    def ending(letter: Any) -> Any:
        poller.end()
        return act(letter)

    monkeypatch.setattr(acts, "act", ending)
    poller.run()
    assert len(db.session.scalars(select(InboundMessage)).all()) == 1


def failing(error: Exception, of: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Acting fails for so many messages."""
    act, left = acts.act, [error] * of

    def once(letter: Any) -> Any:
        if left:
            raise left.pop()
        return act(letter)

    monkeypatch.setattr(acts, "act", once)


def kept() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(InboundMessage.state).order_by(InboundMessage.id)))


@pytest.mark.parametrize("fault", [ValueError("odd"), Conflict("No address is known.")])
def test_a_message_that_cannot_be_acted_upon_keeps_no_other_waiting(
    app: Flask, polls: Settings, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    failing(fault, 1, monkeypatch)
    box = Box(LETTERS)
    polled(app, polls, box, monkeypatch)
    assert box.done == [None, False]
    assert kept() == ["taken", "acted"]


@pytest.mark.parametrize(
    "away", [OperationalError("x", {}, Exception("gone")), Unavailable("No journal.")]
)
def test_while_a_part_is_away_what_lies_there_waits_and_is_taken_in_later(
    app: Flask, polls: Settings, monkeypatch: pytest.MonkeyPatch, away: Exception
) -> None:
    failing(away, 7, monkeypatch)
    box = Box(*[LETTERS] * 8)
    polled(app, polls, box, monkeypatch)
    assert box.done == [False, False]


def test_what_nobody_foresaw_is_said_aloud_and_polling_goes_on(
    app: Flask, polls: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = Box(ValueError("a server that speaks in tongues"), LETTERS, ValueError("again"), [])
    with capture_logs() as lines:
        polled(app, polls, box, monkeypatch)
    assert box.done == [False, False]
    failed = [line for line in lines if line["event"] == "polling failed"]
    assert [line["times"] for line in failed] == [1, 1]


def test_known_trouble_of_a_mailbox_never_ends_it(
    app: Flask, polls: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    troubles = [IMAPClientError("no"), IMAPClientAbortError("bye"), OSError("no route")] * 3
    box = Box(*troubles, LETTERS)
    polled(app, polls, box, monkeypatch)
    assert box.done == [False, False]


def serve(app: Flask, settings: Settings, ends: Callable[[], None] | None = None) -> int:
    async def run() -> int:
        if ends:
            asyncio.get_running_loop().call_soon(ends)
        return await inbound._serve(app, settings, None)

    return asyncio.run(run())


@pytest.fixture
def no_loop() -> Iterator[None]:
    """The browser of other tests in this process keeps a loop running between its calls."""
    before = asyncio.events._get_running_loop()
    asyncio.events._set_running_loop(None)
    yield
    asyncio.events._set_running_loop(before)


@pytest.mark.usefixtures("no_loop")
def test_the_same_surprise_again_and_again_ends_the_process_for_a_fresh_one(
    app: Flask, polls: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever supervises it starts it again; a mailbox that nobody looks into is silent loss."""
    box = Box(*[ValueError("odd")] * 99)
    monkeypatch.setattr(inbound, "Mailbox", box)
    with capture_logs() as lines:
        assert serve(app, polls) == 1
    assert lines[-1]["event"] == "polling has ended"
    assert len(box.rounds) == 99 - inbound._MOST_SURPRISES


class Server:
    """An IMAP server that refuses one command about one message."""

    def __init__(self, verb: str, error: Exception) -> None:
        self.verb, self.error, self.moved = verb, error, list[int]()

    def select_folder(self, _name: str) -> None:
        return None

    def search(self, _asked: list[str]) -> list[int]:
        return [1, 2]

    def has_capability(self, _name: str) -> bool:
        return True

    def fetch(self, uids: list[int], _asked: list[str]) -> dict[int, dict[bytes, bytes]]:
        self._refuse("fetch", uids)
        return {uid: {b"BODY[]<0>": LETTERS[uid - 1]} for uid in uids}

    def move(self, uids: list[int], _folder: str) -> None:
        self._refuse("move", uids)
        self.moved += uids

    def _refuse(self, verb: str, uids: list[int]) -> None:
        if (verb, uids) == (self.verb, [1]):
            raise self.error


@pytest.mark.parametrize("verb", ["fetch", "move"])
def test_a_message_that_the_server_will_not_hand_out_or_move_stays_alone(verb: str) -> None:
    box, server = Mailbox.__new__(Mailbox), Server(verb, IMAPClientError("[SERVERBUG]"))
    box._place, box._client = Place.of("imap://u:p@x.example"), server
    box._processed = box._unclear = "done"
    assert box.poll(lambda raw: False) == 2
    assert server.moved == [2]
    server.error = IMAPClientAbortError("the connection has gone")
    with pytest.raises(IMAPClientAbortError):
        box.poll(lambda raw: False)
