"""A field for races: people under way, a sender, somebody who says no, and who watches locks."""

import os
from collections.abc import Iterator

import pytest
from flask import Flask

from mailing.base.settings import Settings
from mailing.leaving import replay
from tests import road
from tests.deliveries.conftest import a_sender
from tests.races.field import Field, Track
from worker.process import connect

# `KELISIM_RACES` makes a soak of another length.
FEW, MANY = 10, int(os.environ.get("KELISIM_RACES", "10000"))


@pytest.fixture
def track(app: Flask, settings: Settings) -> Iterator[Track]:
    """What holds locks and sees who waits for them."""
    with connect(settings) as watcher, connect(settings) as holder:
        track = Track(app, watcher, holder)
        yield track
        track.close()


@pytest.fixture
def field(app: Flask, settings: Settings, track: Track) -> Iterator[Field]:
    replay.run()
    policy = road.lay()
    people = road.subscribe(policy, 40)
    campaign = road.another()
    with a_sender(settings) as sender:
        field = Field(track, sender, policy, campaign, people)
        yield field
        print(f"\n{field.told()}")  # noqa: T201 - what was hit, and what came of it


@pytest.fixture(
    params=[pytest.param(FEW), pytest.param(MANY, marks=[pytest.mark.soak, pytest.mark.timeout(0)])]
)
def times(request: pytest.FixtureRequest) -> int:
    """How often a race is run: some tens in the suite, ten thousand as soak."""
    return int(request.param)
