"""The catalogues: whole, and shaped so that no grammar is broken by a value put in."""

import re
from collections.abc import Iterator
from functools import cache

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from mailing.base.languages import catalogue_path
from mailing.base.settings import ROOT

METHODS = [
    ("mailing/**.py", "python"),
    ("webapp/**.py", "python"),
    ("templates/**.html", "jinja2"),
    ("templates/**.txt", "jinja2"),
]
PLACE = re.compile(r"%\((\w+)\)s")
# A Kazakh ending must agree in vowels with the word before it, so it never follows a value.
GLUED = re.compile(r"%\(\w+\)s[»”\"']?[-‑]?[а-яёәғқңөұүһі]", re.IGNORECASE)
TRANSLATED = ("kk", "ru")


@cache
def sources() -> frozenset[str | tuple[str, ...]]:
    """Every message of the code and the templates."""
    found = (
        message
        for folder in ("mailing", "webapp", "templates")
        for _, _, message, _, _ in extract_from_dir(
            str(ROOT / folder),
            [(pattern.removeprefix(f"{folder}/"), method) for pattern, method in METHODS],
        )
    )
    return frozenset(_hashable(message) for message in found)


@cache
def catalogue(language: str) -> Catalog:
    with catalogue_path(language).open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def messages(language: str) -> Iterator[Message]:
    return (message for message in catalogue(language) if message.id)


def test_the_extraction_finds_templates_and_code() -> None:
    assert "Unsubscribe" in sources()
    assert "Enter your e-mail address." in sources()


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated(language: str) -> None:
    known = {_hashable(message.id) for message in messages(language) if all(_forms(message))}
    assert sorted(map(str, sources() - known)) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_catalogue_keeps_a_message_that_nobody_says(language: str) -> None:
    known = {_hashable(message.id) for message in messages(language)}
    assert sorted(map(str, known - sources())) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_names_the_same_values_as_its_source(language: str) -> None:
    for message in messages(language):
        wanted = set(PLACE.findall(str(message.id)))
        for form in _forms(message):
            assert set(PLACE.findall(form)) <= wanted | {"num"}, message.id
            assert message.pluralizable or set(PLACE.findall(form)) == wanted, message.id


def test_no_kazakh_ending_is_glued_to_a_value() -> None:
    glued = [form for one in messages("kk") for form in _forms(one) if GLUED.search(form)]
    assert glued == []


@pytest.mark.parametrize(("language", "forms"), [("kk", 2), ("ru", 3)])
def test_the_plural_forms_are_those_of_the_language(language: str, forms: int) -> None:
    assert catalogue(language).num_plurals == forms
    plural = [message for message in messages(language) if message.pluralizable]
    assert plural
    assert {len(_forms(message)) for message in plural} == {forms}


def test_the_way_out_is_never_called_by_a_word_that_also_means_cancel() -> None:
    (said,) = (_forms(one) for one in messages("kk") if one.id == "Unsubscribe")
    assert "Бас тарту" not in said[0]


def _forms(message: Message) -> tuple[str, ...]:
    said = message.string or ""
    return (said,) if isinstance(said, str) else tuple(said)


def _hashable(message: object) -> str | tuple[str, ...]:
    return str(message) if isinstance(message, str) else tuple(message)  # type: ignore[arg-type]
