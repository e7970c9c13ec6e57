"""Wording: what stood beside the box is kept as it stood (policy 5.1)."""

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from mailing.base.database import db
from mailing.base.errors import Missing
from mailing.base.languages import LANGUAGES
from mailing.people import topics, wording
from mailing.policies import versions
from mailing.policies.versions import NewText, import_text

OPERATOR = "Glazik Kazakhstan LLP {x}"


def _shown(language: str) -> str:
    import_text(b"the policy", NewText("kk", date(2024, 10, 1), label="v7", operator=OPERATOR))
    topic = topics.add("events", "events", "Оқиғалар", "События", "Events")
    return wording.sentence(topic, versions.find("v7"), language)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("kk", ("«Оқиғалар»", "v7 нұсқасы", "өзгерістері туралы", "Кез келген уақытта тоқтата")),
        ("ru", ("«События»", "в редакции v7", "об изменениях", "Отказаться можно в любой момент")),
        ("en", ("“Events”", "version v7", "notices of changes", "I can stop at any time")),
    ],
)
def test_the_sentence_names_operator_topic_version_notices_and_the_way_out(
    app: Flask, language: str, said: tuple[str, ...]
) -> None:
    shown = _shown(language)
    assert OPERATOR in shown
    for part in said:
        assert part in shown


def test_the_three_languages_have_three_hashes(app: Flask) -> None:
    assert len({wording.hash_of(language, _shown(language)) for language in LANGUAGES}) == 3


def test_a_wording_is_kept_once_and_found_by_its_hash(app: Flask) -> None:
    name = wording.keep("kk", "мәтін")
    assert wording.keep("kk", "мәтін") == name == wording.hash_of("kk", "мәтін")
    assert wording.keep("ru", "мәтін") != name
    assert db.session.scalar(select(func.count()).select_from(wording.Wording)) == 2
    assert (wording.text_of(name).language, wording.text_of(name).text) == ("kk", "мәтін")


def test_a_kept_wording_cannot_be_changed_or_taken_away(app: Flask) -> None:
    wording.keep("kk", "мәтін")
    for change in ("UPDATE wordings SET text = 'x'", "DELETE FROM wordings"):
        with pytest.raises(IntegrityError, match="append-only"), db.session.begin_nested():
            db.session.execute(text(change))


def test_a_hash_that_names_nothing_is_missing(app: Flask) -> None:
    with pytest.raises(Missing):
        wording.text_of("0" * 64)


def test_it_names_the_operator_whom_the_version_declares_whatever_the_settings_say(
    app: Flask,
) -> None:
    """The form, the preference page and the page of a new version all show this sentence."""
    for language in ("kk", "ru", "en"):
        import_text(b"declared", NewText("kk", date(2024, 10, 1), label="v8", operator="Other LLP"))
        found = topics.find(topics.NOTICES)
        assert "Other LLP" in wording.sentence(found, versions.find("v8"), language)
