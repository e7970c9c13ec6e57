"""A "no" that was journalled while the database was away becomes a fact by itself."""

import time
from collections.abc import Callable, Iterator
from threading import Event

import pytest
from flask import Flask

from mailing.base.settings import Settings
from mailing.leaving.journal import Journal, Note
from tests.webapp.public.conftest import Shop
from tests.webapp.public.people import Asked, say_yes, standing
from webapp import journal_watch


@pytest.fixture
def person(web: Flask, shop: Shop) -> Asked:
    return say_yes(web, shop.policy, "offers")


@pytest.fixture
def watched(web: Flask) -> Iterator[Event]:
    """The watch, running until the test ends."""
    end = journal_watch.start(web)
    yield end
    end.set()


def test_a_line_that_was_never_applied_is_applied_within_moments(
    web: Flask, settings: Settings, person: Asked, watched: Event
) -> None:
    Journal(settings.journal).append(_wish(person))
    assert _soon(lambda: standing(web, person.subscriber) == "unsubscribed")


def test_a_line_from_before_the_start_is_applied_at_the_start(
    web: Flask, settings: Settings, person: Asked
) -> None:
    journal_watch.start(web).set()
    Journal(settings.journal).append(_wish(person))
    journal_watch.start(web).set()
    assert standing(web, person.subscriber) == "unsubscribed"


def _wish(person: Asked) -> Note:
    return Note(
        subscriber=str(person.subscriber),
        digest=None,
        scope="all",
        kind="unsubscribed",
        source="one-click",
    )


def _soon(happened: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        if happened():
            return True
        time.sleep(0.1)
    return False
