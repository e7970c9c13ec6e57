"""What every page of the studio shows around its own matter."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_timedelta
from babel.numbers import format_decimal
from flask import g, request, url_for

from mailing.base import clock
from mailing.base.installation import here
from mailing.base.languages import LANGUAGES, date_text, gettext, ngettext, spoken
from mailing.base.operator import shown
from mailing.base.settings import current
from mailing.campaigns import approvals
from mailing.campaigns.campaigns import Campaign, Kind
from mailing.campaigns.content import Content
from mailing.people import topics
from mailing.people.topics import Topic
from mailing.staff import staff
from mailing.staff.permissions import Act
from webapp.studio import places
from webapp.studio.blueprint import studio
from webapp.studio.identity import can, whoever
from webapp.studio.sentences import spoken_sentence

STYLES = tuple(
    f"studio/{name}.css"
    for name in (
        "00-tokens",
        "10-base",
        "20-layout",
        "30-forms",
        "40-tables",
        "50-screens",
        "60-compose",
    )
)


@studio.context_processor
def surroundings() -> dict[str, Any]:
    """The person, what they may do, and whether sending is on at all."""
    login = whoever()
    return {
        "me": login.person if login else None,
        "can": can,
        "Act": Act,
        "who": who,
        "approver": approver,
        "topic_name": topic_name,
        "titled": titled,
        "span": span,
        "ago_text": ago_text,
        "time_left": time_left,
        "clock_text": clock_text,
        "percent": percent,
        "sentence_of": sentence_of,
        "today_text": today_text,
        "styles": STYLES,
        "sending_off": _sending_off() if login else None,
        "zone": current().time_zone,
        "operator": shown().name,
        "tongue_links": _tongue_links(),
    }


@studio.url_defaults
def keep_language(endpoint: str, values: dict[str, Any]) -> None:
    """A language asked for in the address stays while moving on; no cookie remembers it."""
    asked = request.args.get("lang")
    if asked in LANGUAGES and endpoint.startswith("studio."):
        values.setdefault("lang", asked)


def _sending_off() -> str | None:
    installation = here()
    return None if installation.sending_on else installation.sending_off_reason or ""


def _tongue_links() -> dict[str, str]:
    if request.endpoint is None:
        return {tongue: f"?lang={tongue}" for tongue in LANGUAGES}
    endpoint, values = places.here()
    kept = {**values, **request.args.to_dict()}
    return {tongue: url_for(endpoint, **{**kept, "lang": tongue}) for tongue in LANGUAGES}


studio.app_template_filter("spoken_sentence")(spoken_sentence)


@studio.app_template_filter("figure")
def figure(number: int) -> str:
    """A number as the language writes it: 8,931 · 8 931."""
    return str(format_decimal(number, locale=spoken()))


@studio.app_template_filter("decimal")
def decimal(number: float) -> str:
    """A number with one place after the comma, where there is something."""
    return str(format_decimal(number, "#,##0.#", locale=spoken()))


def span(seconds: int) -> str:
    """A time in words: minutes where they are whole."""
    minutes, rest = divmod(seconds, 60)
    if minutes and not rest:
        return ngettext("%(num)s minute", "%(num)s minutes", minutes)
    return ngettext("%(num)s second", "%(num)s seconds", seconds)


def ago_text(moment: datetime) -> str:
    """How long ago something was, or how soon it will be: 3 days ago · in 2 hours."""
    passed = moment - clock.now()
    return str(format_timedelta(passed, add_direction=True, locale=spoken()))


def time_left(seconds: int) -> str:
    """About how long it still takes, in words."""
    minutes, hours = -(-seconds // 60), -(-seconds // 3600)
    if minutes <= 1:
        return gettext("Less than a minute is left.")
    if hours <= 2:
        return ngettext("About %(num)s minute is left.", "About %(num)s minutes are left.", minutes)
    return ngettext("About %(num)s hour is left.", "About %(num)s hours are left.", hours)


def clock_text(moment: datetime) -> str:
    """A time of day in the operator's zone."""
    return f"{moment.astimezone(ZoneInfo(current().time_zone)):%H:%M}"


def percent(value: float) -> str:
    """A share as the language writes it; small ones to the second place, for they matter."""
    places = "#,##0.##" if 0 < value < 1 else "#,##0.#"
    return f"{format_decimal(value, places, locale=spoken())}\N{NO-BREAK SPACE}%"


def sentence_of(clauses: list[str]) -> str:
    """Clauses as one sentence: the first letter large, a full stop after the last."""
    said = "; ".join(clauses)
    return f"{said[:1].upper()}{said[1:]}."


def today_text() -> str:
    """The day that it is for the operator."""
    return date_text(clock.now().astimezone(ZoneInfo(current().time_zone)).date())


def who(name: str) -> str:
    """Staff by address, whom the log names without it; the person whom it is about by that; others
    (the command line) as they are."""
    own = gettext("the person themselves") if name == "subscriber" else name
    return _staff_by_name().get(name, own)


def approver(campaign: Campaign) -> str | None:
    """Who approved what it says, if anybody did: shown for ever beside who wrote it."""
    return approvals.approver(campaign)


def topic_name(topic: Topic) -> str:
    """The topic's name in the language spoken."""
    return topics.name_in(topic, spoken())


def titled(campaign: Campaign) -> Content:
    """What stands for it in the studio. A campaign bears the words of whoever wrote it; a notice
    was written by us in each language, so it is read in the one spoken."""
    is_notice = campaign.kind == Kind.NOTICE
    content = campaign.content_in(spoken() if is_notice else campaign.language)
    return content if content.subject else replace(content, subject=gettext("no subject yet"))


def _staff_by_name() -> dict[str, str]:
    if "studio_staff" not in g:
        g.studio_staff = staff.addresses()
    found: dict[str, str] = g.studio_staff
    return found
