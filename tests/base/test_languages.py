"""Which language is spoken, and what it says."""

import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment

from mailing.base import languages
from mailing.base.languages import quoted, speaking
from mailing.base.settings import ROOT

NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("query", "header", "expected"),
    [
        ("ru", "kk", "ru"),
        (None, "ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        (None, "kk-KZ,ru;q=0.8", "kk"),
        (None, "de,en;q=0.5", "en"),
        (None, "kk;q=0,ru;q=0.1", "ru"),
        ("de", "en", "en"),
        ("KK", "en", "en"),
        (None, "*", "kk"),
        (None, "de", "kk"),
        (None, None, "kk"),
    ],
)
def test_the_address_is_asked_first_and_the_browser_second(
    query: str | None, header: str | None, expected: str
) -> None:
    assert languages.pick(query, header) == expected


@given(st.text(max_size=60), st.text(max_size=200))
def test_whatever_is_sent_as_a_language_one_of_the_three_is_spoken(query: str, header: str) -> None:
    assert languages.pick(query, header) in languages.LANGUAGES


def test_what_was_spoken_before_is_spoken_again_after_a_block() -> None:
    languages.speak("ru")
    with languages.speaking("en"):
        assert languages.gettext("Unsubscribe") == "Unsubscribe"
    assert languages.gettext("Unsubscribe") == "Отписаться"
    languages.speak("kk")
    assert languages.gettext("Unsubscribe") == "Жазылымды тоқтату"


def test_a_template_escapes_what_it_puts_into_a_translated_sentence() -> None:
    environment = Environment(autoescape=True)
    languages.install(environment)
    template = environment.from_string("{{ _('Unsubscribe from “%(topic)s”?', topic=topic) }}")
    with languages.speaking("ru"):
        said = template.render(topic="<b>")
    assert said == "Отписаться от рассылки «&lt;b&gt;»?"


@pytest.mark.parametrize(
    ("language", "day", "moment"),
    [
        ("kk", "2026_ж. 5 наурыз", "2026_ж. 6 наурыз, 01:03 (Алматы уақыты)"),
        ("ru", "5 марта 2026_г.", "6 марта 2026_г., 01:03 (время Алматы)"),
        ("en", "5 March 2026", "6 March 2026, 01:03 (Almaty time)"),
    ],
)
def test_days_and_moments_are_written_out_with_the_zone_named(
    language: str, day: str, moment: str
) -> None:
    at = datetime(2026, 3, 5, 20, 3, tzinfo=UTC)
    said = languages.date_text(date(2026, 3, 5), language)
    assert said == day.replace("_", NO_BREAK_SPACE)
    said = languages.time_text(at, "Asia/Almaty", language)
    assert said == moment.replace("_", NO_BREAK_SPACE)


@pytest.mark.parametrize(("language", "text"), [("kk", "«сөз»"), ("ru", "«сөз»"), ("en", "“сөз”")])
def test_quotation_marks_belong_to_the_language(language: str, text: str) -> None:
    assert quoted("сөз", language) == text
    with speaking(language):
        assert quoted("сөз") == text


def test_no_template_writes_quotation_marks_around_a_value_itself() -> None:
    """`quoted` is the one place; a sentence of a catalogue has marks of its own."""
    wrong = [
        path.name
        for path in (ROOT / "templates").rglob("*.html")
        if re.search(r"[“«„]\{\{", path.read_text())
    ]
    assert wrong == []
