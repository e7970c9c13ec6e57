"""Somebody on the road, who leaves."""

import pytest
from flask import Flask

from mailing.leaving import replay
from tests import road
from tests.person import Person


@pytest.fixture
def person(app: Flask) -> Person:
    """Somebody who gets `news` and `offers`."""
    policy = road.lay()
    replay.run()
    somebody = Person(policy)
    somebody.say_yes("news", "offers")
    return somebody
