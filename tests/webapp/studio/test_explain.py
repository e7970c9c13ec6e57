"""Why somebody did or did not get a campaign, for whoever may see people."""

from collections.abc import Callable

import pytest
from flask import Flask

from mailing.staff import audit
from mailing.staff.staff import Role
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import World, let_go


@pytest.fixture
def officer(browse: Callable[[Role], Browser], world: World) -> Browser:
    return browse(Role.OFFICER)


@pytest.fixture
def at(world: World) -> str:
    return f"/studio/campaigns/{world.campaign_id}/why?lang=en"


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("person0@example.com", "They would receive it."),
        ("Person9@Example.com", "Held back: not confirmed"),
        ("person10@example.com", "Held back: unsubscribed"),
    ],
)
def test_before_the_start_it_says_what_would_happen(
    officer: Browser, at: str, address: str, sentence: str
) -> None:
    assert sentence in officer.post(at, {"address": address}).text


def test_afterwards_it_says_what_became_of_the_message(
    web: Flask, officer: Browser, world: World, at: str
) -> None:
    let_go(web, world, ["refused"] * 9)
    assert "Refused for good" in officer.post(at, {"address": "person3@example.com"}).text


@pytest.mark.parametrize("address", ["nobody@example.com", "person0", ""])
def test_an_unknown_or_impossible_address_is_said_beside_the_field(
    officer: Browser, at: str, address: str
) -> None:
    answer = officer.post(at, {"address": address})
    assert answer.status_code == 422
    assert 'id="address-wrong"' in answer.text


def test_the_question_is_logged_and_the_address_is_not(
    web: Flask, officer: Browser, at: str
) -> None:
    officer.post(at, {"address": "person0@example.com"})
    with web.app_context():
        asked = audit.latest(1)[0]
        assert (asked.action, asked.subject) == ("person explained", "campaign 1")
        assert "person0" not in str(asked.details)
