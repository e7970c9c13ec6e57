"""The snippet: plain HTML for a page of the operator's own, and a form's words by version."""

import re
from html.parser import HTMLParser

import pytest
from flask import Flask

from mailing.base.database import db
from mailing.base.errors import Invalid, Missing
from mailing.base.languages import LANGUAGES
from mailing.people import forms, snippet, topics, wording
from mailing.people.topics import Frequency, Promise
from mailing.policies.versions import PolicyVersion
from tests import road

SITE = ["https://glazik.example"]
SAID = {"kk": {"heading": "Хаттар <b>", "introduction": "Бірінші жол.\r\nЕкінші & соңғы жол."}}


class Read(HTMLParser):
    """The elements of a piece of HTML, with their attributes, and the words between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    def named(self, name: str) -> list[dict[str, str | None]]:
        return [attrs for _, attrs in self.found if attrs.get("name") == name]


@pytest.fixture
def policy(app: Flask) -> PolicyVersion:
    return road.lay()


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_plain_html_without_script_and_style(policy: PolicyVersion, language: str) -> None:
    read = Read(snippet.snippet("site", language))
    tags = {tag for tag, _ in read.found}
    assert not tags & {"script", "style", "link", "iframe", "img"}
    attributes = {name for _, attrs in read.found for name in attrs}
    assert not {name for name in attributes if name == "style" or name.startswith("on")}
    assert [attrs["lang"] for tag, attrs in read.found if tag == "form"] == [language]


def test_it_is_complete(policy: PolicyVersion) -> None:
    read = Read(snippet.snippet("site", "ru"))
    (form,) = [attrs for tag, attrs in read.found if tag == "form"]
    assert form["action"] == "http://127.0.0.1:8080/join/site?lang=ru"
    assert read.named("policy")[0]["value"] == str(policy.id)
    assert read.named("language")[0]["value"] == "ru"
    boxes = read.named("topic")
    assert [box["value"] for box in boxes] == ["news", "offers"]
    assert not [box for box in boxes if "checked" in box]
    assert len(read.named("website")) == 1
    assert "Glazik Kazakhstan LLP" in read.words
    assert "123456789012" in read.words
    labelled = {attrs.get("for") for tag, attrs in read.found if tag == "label"}
    ids = {attrs["id"] for tag, attrs in read.found if tag == "input" and "id" in attrs}
    assert labelled == ids


def test_it_asks_only_for_fields_that_the_policy_declares(policy: PolicyVersion) -> None:
    policy.fields = ["email", "given_name"]
    db.session.flush()
    read = Read(snippet.snippet("site", "en"))
    assert [len(read.named(name)) for name in ("given_name", "surname", "phone")] == [1, 0, 0]


def test_the_words_of_a_form_are_escaped_and_stand_line_by_line(policy: PolicyVersion) -> None:
    forms.add("site", SITE, ["news"], SAID)
    html = snippet.snippet("site", "kk")
    assert "Хаттар &lt;b&gt;" in html
    assert re.search(r"<p>Бірінші жол\.</p>\s*<p>Екінші &amp; соңғы жол\.</p>", html)
    assert "Бірінші" not in snippet.snippet("site", "ru")


def test_other_words_are_the_next_version_and_each_is_kept_once(policy: PolicyVersion) -> None:
    form = forms.find("site")
    assert forms.current(form).version == 1
    topics_now = forms.current(form).topic_slugs
    forms.add("site", forms.current(form).origins, topics_now, SAID)
    forms.add("site", forms.current(form).origins, topics_now, SAID)
    forms.add("site", forms.current(form).origins, topics_now)
    version = forms.current(form)
    assert version.version == 2
    said = forms.texts_of(version, "kk")
    assert said == {"heading": "Хаттар <b>", "introduction": "Бірінші жол.\nЕкінші & соңғы жол."}
    assert version.texts["kk"]["heading"] == wording.hash_of("kk", "Хаттар <b>")
    assert forms.version_of(form, 1).texts == {}
    forms.add("site", version.origins, topics_now, {"kk": {"heading": "", "introduction": " "}})
    assert forms.words_of("site") == {"kk": {}, "ru": {}, "en": {}}


@pytest.mark.parametrize(
    "wrong",
    [
        {"kk": {"heading": "two\nlines"}},
        {"kk": {"heading": "x" * 201}},
        {"kk": {"introduction": "x" * 2001}},
        {"kk": {"introduction": "turned \u202e round"}},
        {"kk": {"introduction": "nul \0"}},
        {"fr": {"heading": "Bonjour"}},
    ],
    ids=str,
)
def test_words_that_cannot_be_shown_are_refused(
    policy: PolicyVersion, wrong: dict[str, dict[str, str]]
) -> None:
    with pytest.raises(Invalid):
        forms.add("site", SITE, ["news"], wrong)


def test_a_form_that_is_not_there_has_no_snippet(policy: PolicyVersion) -> None:
    with pytest.raises(Missing):
        snippet.snippet("nowhere", "kk")


@pytest.mark.parametrize("often", [None, *Frequency])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sentence_says_how_often_a_topic_comes(
    policy: PolicyVersion, language: str, often: Frequency | None
) -> None:
    topic = topics.find("news")
    before = wording.sentence(topic, policy, language)
    topics.describe(topic, Promise({}, often))
    after = wording.sentence(topic, policy, language)
    assert (after == before) == (often is None)
    assert "None" not in after
    assert ("(" in after) == (often is not None)


def test_each_frequency_has_words_of_its_own_in_each_language(policy: PolicyVersion) -> None:
    topic, said = topics.find("news"), set()
    for often in Frequency:
        topics.describe(topic, Promise({}, often))
        said |= {wording.sentence(topic, policy, tongue) for tongue in LANGUAGES}
    assert len(said) == len(Frequency) * len(LANGUAGES)


def test_another_name_changes_the_sentence_and_not_what_was_kept(policy: PolicyVersion) -> None:
    topic = topics.find("news")
    name = wording.keep("kk", wording.sentence(topic, policy, "kk"))
    before = wording.text_of(name).text
    topics.rename(topic, {"kk": "Басқа атау"})
    assert "Басқа атау" in wording.sentence(topic, policy, "kk")
    assert wording.text_of(name).text == before
    with pytest.raises(Invalid):
        topics.rename(topics.find("notices"), {"kk": "Басқа"})
    with pytest.raises(Invalid):
        topics.rename(topic, {"kk": " "})
