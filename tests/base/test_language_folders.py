"""A language is one folder: what it must hold, and what a fourth one needs besides. Nothing."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from flask import Flask
from sqlalchemy import text

from mailing.base import languages
from mailing.base.database import db
from mailing.base.languages import FOLDER, LANGUAGES, SOURCE, catalogue_path, found_in, own_name
from mailing.base.settings import ROOT, Settings

TRANSLATED = tuple(language for language in LANGUAGES if language != SOURCE)
# CLDR's number of plural forms, as gettext counts them.
PLURALS = {"kk": 2, "ru": 3}
KAZAKH = set("әғқңөұүһіӘҒҚҢӨҰҮҺІ")
RUSSIAN_LETTERS = re.compile(r"[А-Яа-яЁё]")
LATIN, CYRILLIC = re.compile(r"[A-Za-z]"), re.compile(r"[\u0400-\u04ff]")
WORD = re.compile(r"[^\W\d_]+")
PLACE = re.compile(r"%\((\w+)\)[sd]|%[sd]|\{\w*\}|<[^>]+>")
# Long enough that Kazakh without one of its own letters would be a wonder.
LONG = 90

KYRGYZ = """msgid ""
msgstr ""
"Language: ky\\n"
"X-Language-Name: Кыргызча\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"
"Content-Type: text/plain; charset=utf-8\\n"

msgid "Unsubscribe"
msgstr "Жазылуудан чыгуу"

msgid "Unsubscribe from this topic"
msgstr "Бул темага жазылуудан чыгуу"
"""


def said(language: str) -> Iterator[tuple[Message, str]]:
    """Each message with each of its forms."""
    for message in catalogue(catalogue_path(language)):
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        if message.id:
            for form in forms:
                yield message, str(form or "")


def catalogue(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


def complaints(path: Path, language: str) -> list[str]:
    """What is wrong with a catalogue: unsure, dead, or unspoken entries; plurals; places."""
    found = catalogue(path)
    wrong = [f"fuzzy: {one.id}" for one in found if one.fuzzy and one.id]
    wrong += [f"obsolete: {one}" for one in found.obsolete]
    wrong += [] if str(found.locale) == language else [f"speaks {found.locale}"]
    if found.num_plurals != PLURALS.get(language, found.num_plurals):
        wrong.append(f"{found.num_plurals} plural forms")
    for one in found:
        forms = one.string if isinstance(one.string, tuple) else (one.string,)
        source = one.id if isinstance(one.id, tuple) else (one.id,)
        if one.id and not all(forms):
            wrong.append(f"missing: {one.id}")
        if one.id and one.pluralizable and len(forms) != found.num_plurals:
            wrong.append(f"{len(forms)} forms: {one.id}")
        allowed = {place for said in source for place in _places(str(said))} | {"%(num)s"}
        wrong += [f"place in: {form}" for form in forms if one.id and _places(str(form)) - allowed]
    return wrong


def _places(said: str) -> set[str]:
    return {found[0] for found in PLACE.finditer(said or "")}


def mixed(words: str) -> list[str]:
    """Words with a Latin letter among Cyrillic ones, which looks the same and is another word."""
    return [
        word
        for word in WORD.findall(PLACE.sub(" ", words))
        if LATIN.search(word) and CYRILLIC.search(word)
    ]


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_is_whole_and_sure(language: str) -> None:
    assert complaints(catalogue_path(language), language) == []


def test_an_unsure_a_dead_and_a_lost_string_are_found_out(tmp_path: Path) -> None:
    path = tmp_path / "messages.po"
    path.write_text(
        KYRGYZ.replace("nplurals=2", "nplurals=3").replace("Language: ky", "Language: kk")
        + '\n#, fuzzy\nmsgid "Yes"\nmsgstr "Ия"\n\nmsgid "No"\nmsgstr ""\n'
        + '\n#, python-format\nmsgid "%(a)s"\nmsgstr "%(b)s"\n\n#~ msgid "Old"\n#~ msgstr "Ескі"\n'
    )
    found = "\n".join(complaints(path, "kk"))
    for word in ("fuzzy: Yes", "missing: No", "place in: %(b)s", "obsolete: Old", "3 plural forms"):
        assert word in found


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_word_hides_a_letter_of_another_alphabet(language: str) -> None:
    found = {form: mixed(form) for _, form in said(language)}
    assert {form: words for form, words in found.items() if words} == {}


def test_a_hidden_letter_is_found_out() -> None:
    assert mixed("Сәлем, %(name)s! E-mail, Kelisim") == []
    assert mixed("Cәлем") == ["Cәлем"]


def test_kazakh_is_kazakh_and_russian_holds_no_kazakh_letter() -> None:
    long = [form for _, form in said("kk") if len(RUSSIAN_LETTERS.findall(form)) > LONG]
    assert long
    assert [form for form in long if not KAZAKH & set(form)] == []
    # A language's own name is written as it calls itself.
    assert [form for _, form in said("ru") if KAZAKH & set(form) and "Қазақша" not in form] == []


def test_the_texts_of_both_differ_but_for_names_and_signs() -> None:
    kazakh = {str(one.id): form for one, form in said("kk")}
    same = [
        form
        for one, form in said("ru")
        if kazakh.get(str(one.id)) == form and len(CYRILLIC.findall(form)) > 20
    ]
    assert same == []


def test_the_templates_themselves_hold_no_cyrillic_and_so_no_look_alike() -> None:
    """English is the source: whatever is said in another language stands in its folder."""
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()[:80]}"
        for kind in ("*.html", "*.txt")
        for path in sorted((ROOT / "templates").rglob(kind))
        for line in path.read_text().splitlines()
        if CYRILLIC.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_plurals_are_cldrs(language: str) -> None:
    # gettext counts whole numbers only: CLDR's "other" of Russian is for fractions.
    forms = len(Locale.parse(language).plural_form.tags | {"other"})
    assert PLURALS[language] == (forms - 1 if language == "ru" else forms)


@pytest.fixture
def four(tmp_path: Path) -> Path:
    """The folder of translations and a fourth language."""
    for language in TRANSLATED:
        path = tmp_path / language / "LC_MESSAGES" / "messages.po"
        path.parent.mkdir(parents=True)
        path.write_bytes(catalogue_path(language).read_bytes())
    path = tmp_path / "ky" / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True)
    path.write_text(KYRGYZ)
    return tmp_path


def test_the_folders_are_the_languages(four: Path) -> None:
    assert found_in(FOLDER) == LANGUAGES == ("kk", "ru", "en")
    assert found_in(four) == ("kk", "ky", "ru", "en")
    assert own_name("ky", four) == "Кыргызча"
    assert own_name("kk", four) == languages.OWN_NAMES["kk"] == "Қазақша"
    assert own_name("de", four) == "Deutsch"


def test_a_fourth_folder_is_spoken_without_a_line_of_code(four: Path) -> None:
    program = (
        "import pathlib, sys; from mailing.base import settings;"
        "root = settings.ROOT; settings.ROOT = pathlib.Path(sys.argv[1]).parent;"
        "from mailing.base import languages; settings.ROOT = root;"
        "languages.speak(languages.pick('ky', None));"
        "print(languages.gettext('Unsubscribe'), *languages.OWN_NAMES.values())"
    )
    (four.parent / "translations").symlink_to(four)
    where = str(four.parent / "translations")
    done = subprocess.run(
        [sys.executable, "-c", program, where], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.strip() == "Жазылуудан чыгуу Қазақша Кыргызча Русский English"


def test_somebody_joins_confirms_and_is_written_to_in_a_fourth_language(
    four: Path, environment: dict[str, str], settings: Settings
) -> None:
    (four / "translations").symlink_to(four)
    done = subprocess.run(
        [sys.executable, "-m", "tests.base.fourth_walk", str(four)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | environment,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert '<html lang="ky"' in said["form"]
    assert "Жаңылыктар" in said["form"]
    assert "Дүкөндүн жаңылыктары." in said["form"]
    assert "Жаңылыктар" in said["confirmation"]
    assert "Жаңылыктар" in said["button"]
    assert "Жаңылыктар" in said["campaign"]
    assert "Салам!" in said["campaign"]
    assert "Бул темага жазылуудан чыгуу" in said["campaign"], "its catalogue is spoken"
    # Nobody has decided the consent's words in Kyrgyz: they are English, and said to be English.
    assert said["kept"] == "['en'] ky"
    assert '<label for="topic-1" lang="en">I agree that' in said["form"]
    assert '<li lang="en">I agree that' in said["button"]


def test_the_database_takes_a_language_by_its_tag(app: Flask) -> None:
    query = text(
        "INSERT INTO subscribers (id, digest, provider, language) VALUES "
        "(gen_random_uuid(), decode(md5(:tag), 'hex'), '', :tag)"
    )
    db.session.execute(query, {"tag": "ky"})
    for wrong in ("", "KK", "kk-KZ", "қаз", "x"):
        with pytest.raises(Exception, match="subscriber_language_is_known"):
            db.session.execute(query, {"tag": wrong})
        db.session.rollback()
