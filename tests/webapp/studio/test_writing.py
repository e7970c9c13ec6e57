"""Writing a campaign, and the list that it then stands in."""

import re
from collections.abc import Callable

import pytest
from flask import Flask

from mailing.base.database import db
from mailing.campaigns import campaigns
from mailing.campaigns.campaigns import State
from mailing.staff import audit
from mailing.staff.staff import Role
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import World, let_go

TYPED = {
    "topic": "offers",
    "kk-subject": "Жаңа топтама",
    "kk-preheader": "Қысқы көзілдіріктер",
    "kk-body": "Құрметті оқырман,\r\n\r\nбізде **жаңалық** бар.",
    "ru-subject": "Новая коллекция",
    "ru-body": "Уважаемый читатель!",
}


@pytest.fixture
def marketer(browse: Callable[[Role], Browser], world: World) -> Browser:
    return browse(Role.MARKETER)


def test_a_campaign_is_written_in_two_languages_and_kept_as_typed(
    web: Flask, marketer: Browser
) -> None:
    answer = marketer.post("/studio/campaigns/new", TYPED)
    assert answer.status_code == 303
    with web.app_context():
        campaign = campaigns.by_state(State.DRAFT)[0]
        assert [body.language for body in campaign.bodies] == ["kk", "ru"]
        assert campaign.language == "kk"
        assert campaign.content_in("kk").body == "Құрметті оқырман,\n\nбізде **жаңалық** бар."
        assert campaign.content_in("kk").preheader == "Қысқы көзілдіріктер"
        assert "campaign created" in [entry.action for entry in audit.latest()]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"topic": ""}, "topic"),
        ({"topic": "nowhere"}, "topic"),
        ({"kk-subject": ""}, "kk-subject"),
        ({"ru-body": ""}, "ru-body"),
        ({"kk-body": "Сәлем, {{ given_name }}!"}, "kk-body"),
        ({"kk-body": "{% for x in y %}{% endfor %}"}, "kk-body"),
        ({"kk-subject": "Күз {{ жеңілдік"}, "kk-subject"),
        ({"kk-preheader": "Қысқы көзілдіріктер {{ given_name }}"}, "kk-preheader"),
    ],
)
def test_an_error_stands_beside_its_field_and_nothing_typed_is_lost(
    web: Flask, marketer: Browser, change: dict[str, str], field: str
) -> None:
    typed = TYPED | change
    answer = marketer.post("/studio/campaigns/new?lang=en", typed)
    assert answer.status_code == 422
    assert "<title>Error: " in answer.text
    assert f'<a href="#{field}">' in answer.text
    assert f'id="{field}-wrong"' in answer.text
    assert typed["ru-subject"] in answer.text
    assert "Қысқы көзілдіріктер" in answer.text
    with web.app_context():
        assert len(campaigns.by_state()) == 1


def test_two_editors_never_overwrite_each_other_unseen(
    web: Flask, marketer: Browser, world: World
) -> None:
    address = f"/studio/campaigns/{world.campaign_id}/write?lang=en"
    mine = {"kk-subject": "Менің хатым", "kk-body": "Менікі.", "seen": _seen(marketer, address)}
    marketer.post(address, {"kk-subject": "Басқаның хаты", "kk-body": "Басқанікі."})
    refused = marketer.post(address, mine)
    assert refused.status_code == 409
    assert "Somebody else has saved this campaign" in refused.text
    assert "Менің хатым" in refused.text
    with web.app_context():
        assert campaigns.find(world.campaign_id).content_in("kk").body == "Басқанікі."
    decided = marketer.post(address, mine | {"seen": _seen(marketer, address)})
    assert decided.status_code == 303


def test_what_was_typed_survives_the_end_of_the_login(web: Flask, marketer: Browser) -> None:
    form = TYPED | {"csrf_token": marketer.token()}
    marketer.post("/studio/logout")
    assert marketer.client.post("/studio/campaigns/new?lang=en", data=form).status_code == 401
    marketer.log_in("marketer@example.com")
    again = marketer.client.post("/studio/campaigns/new?lang=en", data=form)
    assert again.status_code == 400
    assert "You have logged in anew." in again.text
    assert "Жаңа топтама" in again.text
    assert "Уважаемый читатель!" in again.text
    with web.app_context():
        assert len(campaigns.by_state()) == 1


def test_an_empty_form_says_all_that_is_missing(marketer: Browser) -> None:
    answer = marketer.post("/studio/campaigns/new?lang=en", {})
    assert answer.status_code == 422
    assert _wrong(answer.text) == ["topic", "kk-subject"]
    assert "Write a subject and a message in one language." in answer.text


def test_every_mistake_is_said_at_once_in_the_order_of_the_page(marketer: Browser) -> None:
    typed = {"topic": "offers", "ru-subject": "Письмо", "en-body": "{{ nothing }}"}
    answer = marketer.post("/studio/campaigns/new?lang=en", typed)
    assert _wrong(answer.text) == ["ru-body", "en-subject", "en-body"]


def test_a_link_without_an_address_is_named_by_its_words(marketer: Browser) -> None:
    typed = TYPED | {"kk-body": "Оқыңыз: [каталог]()"}
    page = marketer.post("/studio/campaigns/new?lang=en", typed).text
    assert "The link “каталог” has no address: [каталог](https://…)." in page


def test_saving_again_adds_a_language_and_logs_only_what_changed(
    web: Flask, marketer: Browser, world: World
) -> None:
    address = f"/studio/campaigns/{world.campaign_id}/write"
    kept = {"kk-subject": "Қараша хаты", "kk-body": "Құрметті оқырман, **жаңалық** бар."}
    answer = marketer.post(address, kept | {"en-subject": "News", "en-body": "There is news."})
    assert answer.status_code == 303
    with web.app_context():
        campaign = campaigns.find(world.campaign_id)
        assert [body.language for body in campaign.bodies] == ["en", "kk"]
        assert campaign.language == "kk"
        edits = [entry for entry in audit.latest() if entry.action == "campaign edited"]
        assert [entry.details for entry in edits] == [{"language": "en"}]


def test_what_was_written_cannot_be_emptied_by_accident(
    web: Flask, marketer: Browser, world: World
) -> None:
    answer = marketer.post(f"/studio/campaigns/{world.campaign_id}/write", {})
    assert answer.status_code == 422
    with web.app_context():
        assert campaigns.find(world.campaign_id).content_in("kk").subject == "Қараша хаты"


def test_a_campaign_that_was_let_go_cannot_be_changed(
    web: Flask, marketer: Browser, world: World
) -> None:
    with web.app_context():
        campaigns.find(world.campaign_id).state = State.STOPPED.value
        db.session.commit()
    address = f"/studio/campaigns/{world.campaign_id}/write?lang=en"
    answer = marketer.post(address, {"kk-subject": "Басқа", "kk-body": "Басқа мәтін."})
    assert answer.status_code == 409
    assert "only a draft can be changed" in answer.text


def test_markup_in_a_subject_is_shown_and_never_run(marketer: Browser) -> None:
    subject = '<script>alert(1)</script>"><b>'
    marketer.post("/studio/campaigns/new", TYPED | {"kk-subject": subject})
    for page in ("/studio/campaigns?tab=drafts", "/studio/campaigns/2/write"):
        shown = marketer.get(page).text
        assert "<script>alert" not in shown
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown


def test_the_list_counts_each_tab_and_opens_where_something_is(marketer: Browser) -> None:
    page = marketer.get("/studio/campaigns?lang=en").text
    assert 'tab=drafts&amp;lang=en" aria-current="page">Drafts <span class="count">1</span>' in page
    assert 'Sent <span class="count">0</span>' in page
    assert "Қараша хаты" in page


@pytest.mark.parametrize("tab", ["scheduled", "sending", "sent"])
def test_an_empty_tab_says_what_would_stand_there(marketer: Browser, tab: str) -> None:
    assert 'class="empty"' in marketer.get(f"/studio/campaigns?tab={tab}").text


def test_duplicating_makes_a_draft_that_says_the_same(
    web: Flask, marketer: Browser, world: World
) -> None:
    answer = marketer.post(f"/studio/campaigns/{world.campaign_id}/duplicate")
    assert answer.headers["Location"] == "/studio/campaigns/2/write"
    with web.app_context():
        original, copy = campaigns.find(world.campaign_id), campaigns.find(2)
        assert copy.content_in("kk") == original.content_in("kk")
        assert copy.state == State.DRAFT
    assert "This is a copy" not in marketer.get("/studio/campaigns/2/write?lang=en").text


def test_a_copy_of_what_was_sent_says_that_it_goes_to_all_again(
    web: Flask, marketer: Browser, world: World
) -> None:
    let_go(web, world, ["accepted"])
    marketer.post(f"/studio/campaigns/{world.campaign_id}/duplicate?lang=en")
    page = marketer.get("/studio/campaigns/2/write?lang=en").text
    assert "This is a copy of campaign 1; everybody who got that one gets this one too." in page


def _seen(browser: Browser, address: str) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]+)"', browser.get(address).text)
    assert found
    return found[1]


@pytest.mark.parametrize("tongue", ["kk", "ru", "en"])
def test_a_language_asked_for_stays_while_moving_on(marketer: Browser, tongue: str) -> None:
    page = marketer.get(f"/studio/campaigns?lang={tongue}").text
    assert f'<html lang="{tongue}"' in page
    assert f"/studio/policies?lang={tongue}" in page


def _wrong(page: str) -> list[str]:
    """The fields that the summary leads to, in its order."""
    return re.findall(r'<li><a href="#([\w-]+)">', page)
