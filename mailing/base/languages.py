"""Kazakh, Russian and English: which one to speak, and the words in it.

English literals are the source; a further language is a further folder. The catalogues are read
from their text form (`translations/<language>/LC_MESSAGES/messages.po`) once in a process, so no
compiled file can lag behind the text that people proof-read.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from functools import cache
from io import BytesIO
from itertools import takewhile
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale, dates
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations
from jinja2 import Environment
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from mailing.base.settings import ROOT

SOURCE = "en"
DEFAULT = "kk"


def found_in(folder: Path) -> tuple[str, ...]:
    """The languages that have a catalogue there: the default first, English last."""
    found = {path.parents[1].name for path in folder.glob("*/LC_MESSAGES/messages.po")}
    others = sorted(found - {DEFAULT, SOURCE})
    return (DEFAULT, *others, SOURCE)


def own_name(language: str, folder: Path) -> str:
    """What the language calls itself: its catalogue's X-Language-Name, else as CLDR has it."""
    if language == SOURCE:
        return "English"  # No catalogue of it is ever read, and CLDR's data is felt in each start.
    path = folder / language / "LC_MESSAGES" / "messages.po"
    said = _OWN_NAME.search(_head(path)) if path.exists() else None
    return said[1] if said else (Locale.parse(language).get_display_name() or language).capitalize()


def _head(path: Path) -> str:
    with path.open(encoding="utf-8") as lines:
        return "".join(takewhile(str.strip, lines))


_OWN_NAME = re.compile(r'"X-Language-Name: (.+?)\\n"')

FOLDER = ROOT / "translations"
LANGUAGES = found_in(FOLDER)
OWN_NAMES = {language: own_name(language, FOLDER) for language in LANGUAGES}

# What the database asks of a language: which ones there are is said by the folder alone.
LANGUAGE_IS_A_TAG = "language ~ '^[a-z]{2,3}$'"

_spoken: ContextVar[str] = ContextVar("spoken", default=DEFAULT)


def pick(query: str | None, accept_language: str | None) -> str:
    """The language to answer in: what the address asks for, else the browser, else Kazakh.

    `query` is the value of `?lang=`, `accept_language` the header of RFC 9110, 12.5.4. A tag
    counts by its first part, so "kk-KZ" asks for Kazakh; `*` and unknown tongues ask for nothing.
    """
    if query in LANGUAGES:
        return query
    wishes = parse_accept_header(accept_language, LanguageAccept)
    tongues = (tag.lower().split("-")[0] for tag, quality in wishes if quality > 0)
    return next((tongue for tongue in tongues if tongue in LANGUAGES), DEFAULT)


def speak(language: str) -> None:
    """Let `gettext` and templates speak this language until told otherwise, in this context."""
    _spoken.set(language if language in LANGUAGES else DEFAULT)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak `language` within the block, then whatever was spoken before."""
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def spoken() -> str:
    """The language spoken now, one of LANGUAGES."""
    return _spoken.get()


def gettext(message: str, **values: object) -> str:
    """`message` in the spoken language, its `%(name)s` places filled."""
    text = gettext_for(spoken()).gettext(message)
    return text % values if values else text


def ngettext(singular: str, plural: str, number: int, **values: object) -> str:
    """The form that fits `number` in the spoken language; `%(num)s` is the number."""
    text = gettext_for(spoken()).ngettext(singular, plural, number)
    return text % {"num": number, **values}


@cache
def gettext_for(language: str) -> NullTranslations:
    """The catalogue of one language; English, and whatever is unknown, speak the source."""
    path = catalogue_path(language)
    if language == SOURCE or language not in LANGUAGES or not path.exists():
        return NullTranslations()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def catalogue_path(language: str) -> Path:
    """Where the texts of one language lie."""
    return FOLDER / language / "LC_MESSAGES" / "messages.po"


def number_text(value: float, pattern: str = "#,##0.##") -> str:
    """A number as the spoken language writes it, to hundredths where nothing else is said."""
    return str(format_decimal(value, pattern, locale=spoken()))


def date_text(day: date, language: str | None = None) -> str:
    """A day in words: "2026 ж. 5 наурыз", "5 марта 2026 г.", "5 March 2026"."""
    tongue = language or spoken()
    text = dates.format_date(day, "d MMMM y" if tongue == "en" else "long", locale=tongue)
    # CLDR's narrow no-break space looks like none in many fonts of mail programs.
    return text.replace("\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}")


def day_text(moment: datetime, zone: str, language: str | None = None) -> str:
    """The day of a moment where the operator is."""
    return date_text(moment.astimezone(ZoneInfo(zone)).date(), language)


def time_text(moment: datetime, zone: str, language: str | None = None) -> str:
    """A moment in words to the minute, in the zone named and with that name beside it."""
    local = moment.astimezone(ZoneInfo(zone))
    day = date_text(local.date(), language)
    return f"{day}, {local:%H:%M} ({_zone_text(zone, language or spoken())})"


def short_time_text(moment: datetime, zone: str, language: str | None = None) -> str:
    """A moment of these weeks as one looks for it: "Thu 26 Nov 18:00"; the year is left out."""
    local, tongue = moment.astimezone(ZoneInfo(zone)), language or spoken()
    return f"{dates.format_datetime(local, 'EEE d MMM', locale=tongue)} {local:%H:%M}"


def quoted(words: str, language: str | None = None) -> str:
    """Words in the quotation marks of their own language, else of the one spoken."""
    return gettext_for(language or spoken()).gettext("“%(words)s”") % {"words": words}


def _zone_text(zone: str, language: str) -> str:
    """A zone by its city, as the language calls it: "Almaty time", "время Алматы"."""
    city = dates.get_timezone_location(ZoneInfo(zone), locale=language, return_city=True)
    return gettext_for(language).gettext("%(city)s time") % {"city": city}


def install(environment: Environment) -> None:
    """Give templates `_`, `gettext`, `ngettext` and `{% trans %}` in the language spoken."""
    environment.add_extension("jinja2.ext.i18n")
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        lambda message: gettext_for(spoken()).gettext(message),
        lambda one, many, number: gettext_for(spoken()).ngettext(one, many, number),
        newstyle=True,
    )
    environment.globals.update(
        spoken=spoken,
        own_names=OWN_NAMES,
        date_text=date_text,
        day_text=day_text,
        time_text=time_text,
        short_time_text=short_time_text,
        quoted=quoted,
    )
