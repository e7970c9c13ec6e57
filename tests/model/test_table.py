"""The model's table is the product's: every verb against a real row in every state."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from types import SimpleNamespace
from typing import Any, NamedTuple, cast
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import installation
from mailing.base.database import db
from mailing.base.settings import Settings
from mailing.deliveries import halting, incarnations
from mailing.deliveries.incarnations import Journalled, Trace
from mailing.deliveries.results import Ending, Result
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.scope import Scope
from mailing.people import ledger, topics
from mailing.people.ledger import Kind, NewEntry
from tests import road
from tests.deliveries.conftest import Sender
from tests.model import desk
from tests.model.table import FENCE, OWNER, STATES, TABLE, compared

_FENCE = 7


class Spot(NamedTuple):
    """Where a row stands: its state, and whether it belongs to the claim that is spoken for."""

    state: str
    is_owner: bool
    is_fence: bool


SPOTS = [Spot(*one) for one in product(STATES, (True, False), (True, False))]


@dataclass
class Stage:
    """A row for each spot, and a sender who speaks for those that are its own."""

    sender: Sender
    settings: Settings
    campaign: int
    people: list[UUID]
    rows: dict[UUID, Spot]

    @property
    def ids(self) -> list[UUID]:
        return list(self.rows)

    def results(self, ending: str) -> list[Result]:
        return [Result(row, _FENCE, Ending(ending), 1) for row in self.rows]

    def now(self) -> dict[Spot, str]:
        """The state of each row, by where it stood."""
        found = self.sender.database.execute("SELECT id, state FROM deliveries").fetchall()
        return {self.rows[row[0]]: row[1] for row in found}


@pytest.fixture
def stage(app: Flask, settings: Settings, sender: Sender) -> Stage:
    number, people = road.under_way(len(SPOTS))
    return Stage(sender, settings, number, people, {})


def set_up(stage: Stage) -> None:
    """Put a row on every spot."""
    ids = desk.write_down(stage.sender, stage.campaign)
    others = desk.another_owner(stage.sender)
    for row, spot in zip(ids, SPOTS, strict=True):
        owner = stage.sender.id if spot.is_owner else others
        desk.put(stage.sender.database, row, (spot.state, owner, _FENCE + (not spot.is_fence)))
        stage.rows[row] = spot


def everybody_says_no(stage: Stage) -> None:
    topic = topics.find("news").id
    noes = [NewEntry(one, Kind.UNSUBSCRIBED, topic, None, "staff", "test") for one in stage.people]
    ledger.append_many(noes)
    db.session.commit()


def the_campaign_is(stage: Stage, state: str) -> None:
    db.session.execute(text("UPDATE campaigns SET state = :state"), {"state": state})
    db.session.commit()


def ask(stage: Stage) -> None:
    claims = desk.claims(stage.sender.database, _FENCE)
    stage.sender.ask(claims)


def everybody_leaves(stage: Stage) -> None:
    for one in stage.people:
        leave(Leaving(one, Scope.of_topics(topics.find("news").id), patience=0))


def seal(stage: Stage) -> None:
    permits = [SimpleNamespace(delivery_id=row, fence=_FENCE) for row in stage.rows]
    stage.sender.seal(cast(Any, [SimpleNamespace(permit=permit) for permit in permits]))


def settle(stage: Stage, code: int | None, is_whole: bool = True, is_said: bool = True) -> None:
    traces = {row: Trace(_FENCE, code) for row in stage.rows} if is_said else {}
    database = stage.sender.database
    with database.transaction():
        journal = Journalled(traces, is_whole)
        incarnations.settle(database, stage.settings, stage.sender.id, journal)


def commit(act: Callable[..., object], *given: Any) -> None:
    act(*given)
    db.session.commit()


_BEFORE: Mapping[str, Callable[[Stage], object]] = {
    "gate: no": everybody_says_no,
    "gate: paused": lambda stage: the_campaign_is(stage, "paused"),
    "gate: stopped": lambda stage: the_campaign_is(stage, "stopped"),
    "gate: off": lambda _: commit(installation.switch_sending, False, "a fire drill"),
    "close stopped": lambda stage: the_campaign_is(stage, "stopped"),
    "record: uncertain, asked for": lambda stage: desk.ask_for_it(stage.people),
    "settle: D, asked for": lambda stage: desk.ask_for_it(stage.people),
}

_VERBS: Mapping[str, Callable[[Stage], object]] = {
    "claim": lambda stage: stage.sender.claim(1000),
    "put back": lambda stage: desk.put_back(stage.sender, stage.ids),
    "put back: not yet": lambda stage: desk.put_back(stage.sender, stage.ids, 60),
    "seal": seal,
    "leave": everybody_leaves,
    "stop": lambda stage: commit(halting.stop, stage.campaign, road.ACTOR),
    "pause": lambda stage: commit(halting.pause, stage.campaign, road.ACTOR),
    "close stopped": lambda _: commit(halting.close_stopped),
    "settle: nothing": lambda stage: settle(stage, None, is_said=False),
    "settle: D": lambda stage: settle(stage, None),
    "settle: D, asked for": lambda stage: settle(stage, None),
    "settle: K250": lambda stage: settle(stage, 250),
    "settle: K450": lambda stage: settle(stage, 450),
    "settle: K550": lambda stage: settle(stage, 550),
    "settle: lost journal": lambda stage: settle(stage, None, is_whole=False, is_said=False),
}


def act(stage: Stage, verb: str) -> None:
    name, _, how = verb.partition(": ")
    if name == "gate":
        ask(stage)
    elif name == "record":
        stage.sender.ask([], *stage.results(how.partition(",")[0]))
    else:
        _VERBS[verb](stage)


def expected(verb: str, spot: Spot) -> str:
    """What the table says of a row that stands there."""
    asked = compared(verb)
    if (OWNER in asked and not spot.is_owner) or (FENCE in asked and not spot.is_fence):
        return spot.state
    # What a journal says of an older claim is nothing, as long as it is whole.
    is_old = verb.startswith("settle") and not spot.is_fence and verb != "settle: lost journal"
    return TABLE["settle: nothing" if is_old else verb].get(spot.state, spot.state)


@pytest.mark.parametrize("verb", TABLE)
def test_every_verb_does_to_every_row_what_the_model_thinks(stage: Stage, verb: str) -> None:
    set_up(stage)
    if verb in _BEFORE:
        _BEFORE[verb](stage)
    act(stage, verb)
    found = stage.now()
    assert found == {spot: expected(verb, spot) for spot in SPOTS}
    assert any(state != spot.state for spot, state in found.items()), "the verb did nothing"


def test_the_model_knows_every_state(app: Flask) -> None:
    check = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"
    told = db.session.execute(text(check), {"name": "delivery_state_is_known"}).scalar_one()
    assert {word for word in told.split("'")[1::2] if word.isalpha()} == set(STATES)
