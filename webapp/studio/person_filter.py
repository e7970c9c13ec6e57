"""What is looked for in the list of people: read from the address, said as one sentence."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from flask import request

from mailing.base.errors import Invalid
from mailing.base.languages import LANGUAGES, OWN_NAMES, date_text, gettext, ngettext
from mailing.people import canonical, topics
from mailing.people.counted import MOST_COUNTED, Number
from mailing.people.standings import Said
from mailing.people.topics import Topic
from mailing.people.wanted import Bar, Wanted
from webapp.studio.shell import figure, topic_name

FIELDS = ("topic", "standing", "provider", "language", "since", "until", "bar")


@dataclass
class Asked:
    """What was typed, and what of it can be looked for; errors by the name of the field."""

    typed: dict[str, str]
    topic: Topic | None = None
    wanted: Wanted = field(default_factory=Wanted)
    errors: dict[str, str] = field(default_factory=dict)


def asked(given: Mapping[str, str]) -> Asked:
    """The filter of an address; what cannot be looked for is told, and is not."""
    found = Asked({name: given.get(name, "").strip().replace("\0", "") for name in FIELDS})
    typed = found.typed
    found.topic = next((one for one in topics.all_topics() if one.slug == typed["topic"]), None)
    if typed["topic"] and found.topic is None:
        found.errors["topic"] = gettext("Choose a topic.")
    found.wanted = Wanted(
        topic=found.topic.slug if found.topic else "",
        standing=Said(typed["standing"]) if typed["standing"] in set(Said) else None,
        provider=_provider(found),
        language=typed["language"] if typed["language"] in LANGUAGES else "",
        since=_day(found, "since"),
        until=_day(found, "until"),
        bar=Bar(typed["bar"]) if typed["bar"] in set(Bar) else None,
    )
    return found


def here() -> Asked:
    """The filter of the address of this request."""
    return asked(request.args)


def _provider(found: Asked) -> str:
    typed = found.typed["provider"]
    try:
        return canonical.provider_of(typed) if typed else ""
    except Invalid:
        found.errors["provider"] = gettext("Enter a domain like mail.example.")
        return ""


def _day(found: Asked, name: str) -> date | None:
    try:
        return date.fromisoformat(found.typed[name]) if found.typed[name] else None
    except ValueError:
        found.errors[name] = gettext("Enter a day like 2026-03-05.")
        return None


def standing_word(standing: str) -> str:
    """A standing as people read it."""
    return {
        Said.GIVEN: gettext("Said yes"),
        Said.REQUESTED: gettext("Not confirmed"),
        Said.UNSUBSCRIBED: gettext("Unsubscribed"),
        Said.WITHDRAWN: gettext("Consent withdrawn"),
        Said.NONE: gettext("Nothing said"),
    }[Said(standing)]


def bar_word(bar: str) -> str:
    """What stands in the way, as people read it."""
    return {
        Bar.SUPPRESSED: gettext("Kept out"),
        Bar.BLOCKED: gettext("Blocked"),
        Bar.QUARANTINED: gettext("In quarantine"),
        Bar.PAUSED: gettext("Paused"),
    }[Bar(bar)]


def number_text(number: Number) -> str:
    """How many, in digits; where counting ended before they did, at least so many."""
    if number.is_whole:
        return figure(number.people)
    if number.people >= MOST_COUNTED:
        return gettext("more than %(number)s", number=figure(MOST_COUNTED))
    return gettext("at least %(number)s", number=figure(number.people))


def people_text(number: Number) -> str:
    """How many people, as a sentence begins."""
    if number.is_whole and not number.people:
        return gettext("Nobody")
    if number.is_whole:
        told = figure(number.people)
        return ngettext("%(told)s person", "%(told)s people", number.people, told=told)
    if number.people >= MOST_COUNTED:
        return gettext("More than %(number)s people", number=figure(MOST_COUNTED))
    return gettext("At least %(number)s people", number=figure(number.people))


def said(found: Asked) -> str:
    """What is looked for, in words; of everybody that they are everybody."""
    return ", ".join(_clauses(found)) or gettext("everybody who has said anything")


def _clauses(found: Asked) -> list[str]:
    wanted = found.wanted
    return [
        *_standing(found),
        *([gettext("at %(provider)s", provider=wanted.provider)] if wanted.provider else []),
        *([_language(wanted.language)] if wanted.language else []),
        *_days(wanted),
        *([bar_word(wanted.bar).lower()] if wanted.bar else []),
    ]


def _standing(found: Asked) -> list[str]:
    standing = found.wanted.standing
    name = topic_name(found.topic) if found.topic else ""
    if standing and name:
        word = standing_word(standing)
        return [gettext("standing “%(standing)s” on “%(topic)s”", standing=word, topic=name)]
    if standing:
        return [gettext("standing “%(standing)s”", standing=standing_word(standing))]
    return [gettext("any standing on “%(topic)s”", topic=name)] if name else []


def _language(language: str) -> str:
    return gettext("language %(language)s", language=OWN_NAMES[language])


def _days(wanted: Wanted) -> list[str]:
    known = [] if wanted.topic or not (wanted.since or wanted.until) else [gettext("known")]
    days = [
        *([gettext("since %(day)s", day=date_text(wanted.since))] if wanted.since else []),
        *([gettext("up to %(day)s", day=date_text(wanted.until))] if wanted.until else []),
    ]
    return [" ".join([*known, *days])] if days else []
