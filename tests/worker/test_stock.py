"""The stock of one process, and what is put in front of it."""

from uuid import uuid4

import pytest

from mailing.base.settings import Settings
from mailing.deliveries import queue
from tests import road
from tests.deliveries.test_queue import ask
from tests.worker.conftest import Desk
from worker.stock import Stock

BATCH = 6


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | {"KELISIM_SEND_BATCH": str(BATCH)}


@pytest.fixture
def stock(desk: Desk, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Stock:
    """A full one."""
    monkeypatch.setattr("worker.stock._URGENT_EVERY", 0.0)
    road.under_way(5 * BATCH)
    stock = Stock(settings, desk.database, desk.life.id)
    assert stock.fill(set())
    return stock


def given_back(desk: Desk, count: int = BATCH) -> set[str]:
    """Somebody else claims so many, and another puts them back: their ids."""
    owner = uuid4()
    with desk.database.transaction():
        claims = queue.claim(desk.database, owner, count)
        queue.put_back(desk.database, owner, [claim.delivery_id for claim in claims])
    return {str(claim.delivery_id) for claim in claims}


def taken(stock: Stock, most: int) -> set[str]:
    return {str(claim.delivery_id) for claim in stock.take(most)}


def test_what_the_dead_left_comes_before_what_lies_here(stock: Stock, desk: Desk) -> None:
    """A process that sends slowly kept it waiting until all of its own had left."""
    theirs = given_back(desk)
    stock.look_for_urgent()
    assert len(stock) == 2 * BATCH
    assert taken(stock, BATCH) == theirs


def test_no_more_of_it_is_taken_than_as_much_again(stock: Stock, desk: Desk) -> None:
    given_back(desk, 2 * BATCH)
    for _ in range(3):
        stock.look_for_urgent()
    assert len(stock) == 2 * BATCH


def test_many_that_are_tried_again_do_not_keep_another_campaign_waiting(
    stock: Stock, desk: Desk
) -> None:
    """They were put in front at each look, and what is filled in equal shares never left."""
    given_back(desk)
    stock.look_for_urgent()
    stock.take(2 * BATCH - 1)
    stock.look_for_urgent()
    assert len(stock) == 1, "once a fill"
    stock.fill(set())
    stock.take(len(stock) - 1)
    stock.look_for_urgent()
    assert len(stock) == 1 + BATCH, "and again after the next"


def test_what_a_person_waits_for_comes_before_it(stock: Stock, desk: Desk) -> None:
    given_back(desk)
    ask("someone@example.net")
    stock.look_for_urgent()
    assert [claim.kind for claim in stock.take(2)] == ["confirmation", "campaign"]


def test_where_a_limit_is_to_be_kept_it_waits_for_its_turn(
    desk: Desk, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.stock._URGENT_EVERY", 0.0)
    road.under_way(2 * BATCH)
    paced = Stock(settings.model_copy(update={"rate": 1000.0}), desk.database, desk.life.id)
    paced.fill(set())
    before = len(paced)
    given_back(desk)
    paced.look_for_urgent()
    assert len(paced) == before


def test_it_is_filled_before_it_is_empty_where_more_can_leave(stock: Stock) -> None:
    assert not stock.is_due(low=BATCH)
    stock.take(1)
    assert stock.is_due(low=BATCH)
    assert not stock.is_due(low=0)
    stock.fill(set())
    assert len(stock) == 2 * BATCH - 1


def test_a_batch_of_which_something_lies_here_is_not_let_go(stock: Stock, desk: Desk) -> None:
    stock.take(BATCH - 1)
    stock.fill(set())
    query = "SELECT count(*) FROM batch_owners WHERE owner = %s"
    assert desk.database.execute(query, [desk.life.id]).fetchone() != (0,)
