"""The last look says what the spam filter made of it, in the language of whoever reads."""

import re
from collections.abc import Callable, Iterator
from html import unescape

import pytest
from flask import Flask

from mailing.base.settings import current
from mailing.staff.staff import Role
from tests.peers.spam_filter import Filter, answering, recorded
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import World
from worker import spam


@pytest.fixture
def filter(web: Flask) -> Iterator[Filter]:
    with answering(recorded("marked")) as own:
        with web.app_context():
            told = {"rspamd_url": own.url}
            web.extensions["kelisim"] = current().model_copy(update=told)
        yield own


@pytest.fixture
def at(world: World) -> str:
    return f"/studio/campaigns/{world.campaign_id}"


def line(browser: Browser, at: str, title: str, language: str = "en") -> str:
    """The words of the line with this title; empty where there is none."""
    page = browser.get(f"{at}/ready?lang={language}").text
    found = re.search(
        rf'<p class="what">{title}</p>(.*?)(?=<p class="what">|</details>)', page, re.S
    )
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[1])).split()) if found else ""


def test_without_a_filter_the_page_has_neither_line_nor_button(
    browse: Callable[[Role], Browser], at: str
) -> None:
    marketer = browse(Role.MARKETER)
    page = marketer.get(f"{at}/ready?lang=en").text
    assert "What was checked" in page
    assert "pam filter" not in page
    assert marketer.post(f"{at}/spam").status_code == 409


def test_a_marketer_asks_and_reads_the_verdict_in_three_languages(
    web: Flask, browse: Callable[[Role], Browser], at: str, filter: Filter
) -> None:
    marketer = browse(Role.MARKETER)
    assert "has not judged it since the last change" in line(marketer, at, "Spam filter")
    assert marketer.post(f"{at}/spam").status_code == 303
    assert "has not answered yet" in line(marketer, at, "Spam filter")
    with web.app_context():
        assert spam.judge_waiting() == 1
    english = line(marketer, at, "Spam filter")
    assert "Kazakh: 6.19 points. rspamd would mark it as spam (“add header”)." in english
    assert "It refuses from 15 points on." in english
    assert "+1.73 SUBJ_ALL_CAPS: All capital letters in subject" in english
    russian = line(marketer, at, "Спам-фильтр", "ru")
    assert "Казахский: баллов: 6,19. rspamd пометил бы письмо как спам («add header»)." in russian
    assert "+1,73 SUBJ_ALL_CAPS: All capital letters in subject" in russian
    kazakh = line(marketer, at, "Спам сүзгісі", "kk")
    assert "6,19" in kazakh
    assert "«add header»" in kazakh
    page = marketer.get(f"{at}/ready?lang=kk").text
    assert '<span lang="en">SUBJ_ALL_CAPS: All capital letters in subject</span>' in page
    again = marketer.client.get(f"{at}/ready?lang=en")
    assert 'class="act" disabled' not in again.text, "it is never what stops a start"


def test_a_filter_that_is_away_is_a_sentence_in_each_language(
    web: Flask, browse: Callable[[Role], Browser], at: str, filter: Filter
) -> None:
    marketer = browse(Role.MARKETER)
    with web.app_context():
        told = {"rspamd_url": "http://127.0.0.1:9"}
        web.extensions["kelisim"] = current().model_copy(update=told)
    marketer.post(f"{at}/spam")
    with web.app_context():
        spam.judge_waiting()
    for language, title in (("kk", "Спам сүзгісі"), ("ru", "Спам-фильтр"), ("en", "Spam filter")):
        said = line(marketer, at, title, language)
        assert "KELISIM_RSPAMD_URL" in said
        assert "kelisim doctor" in said


def test_what_a_filter_says_is_shown_and_never_obeyed(
    web: Flask, browse: Callable[[Role], Browser], at: str, filter: Filter
) -> None:
    filter.body = filter.body.replace(b"Fake reply", b"<script>x</script>")
    marketer = browse(Role.MARKETER)
    marketer.post(f"{at}/spam")
    with web.app_context():
        spam.judge_waiting()
    page = marketer.get(f"{at}/ready?lang=en").text
    assert "&lt;script&gt;x&lt;/script&gt;" in page
    assert "<script>x" not in page


def test_a_viewer_reads_it_and_may_not_ask(
    browse: Callable[[Role], Browser], at: str, filter: Filter
) -> None:
    viewer = browse(Role.VIEWER)
    assert "has not judged it since the last change" in line(viewer, at, "Spam filter")
    assert "Ask the spam filter" not in viewer.get(f"{at}/ready?lang=en").text
    assert viewer.post(f"{at}/spam").status_code == 403
