"""Readiness: may this campaign start, and what should somebody look at first?"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from sqlalchemy import text

from mailing.base import clock, installation
from mailing.base.database import db
from mailing.base.errors import KelisimError
from mailing.base.languages import LANGUAGES
from mailing.base.operator import operator_of
from mailing.base.settings import Settings, current
from mailing.campaigns import audience
from mailing.campaigns.campaigns import Campaign, Kind
from mailing.deliveries import drafts, letters
from mailing.deliveries.message import Oversight, inspect, oversights
from mailing.people import forms, verdict
from mailing.policies import versions

_TONGUES = {"kk": "Kazakh", "ru": "Russian", "en": "English"}


class Level(StrEnum):
    """`stop` keeps a campaign from starting; `warn` asks for a look."""

    STOP = "stop"
    WARN = "warn"
    FINE = "fine"


_OVERSIGHTS = {
    "left_over_words": (
        Level.WARN,
        "Left-over words",
        "The {language} message says “{what}”: is that still to be written?",
    ),
    "dead_link": (
        Level.STOP,
        "Links",
        "In the {language} message a link leads to “{what}”, where nobody else gets: change it.",
    ),
    "foreign_image": (
        Level.WARN,
        "Images",
        "The {language} message shows an image of {what}, who learns who opens it and when:"
        " put it on a site of your own.",
    ),
}


@dataclass(frozen=True)
class Check:
    """One line of the list: a stable id, a short title, and a sentence that says what to do."""

    id: str
    level: Level
    title: str
    detail: str


@dataclass(frozen=True)
class Readiness:
    """Every check that was made."""

    checks: list[Check]

    @property
    def stops(self) -> list[Check]:
        """What has to be done first."""
        return [check for check in self.checks if check.level is Level.STOP]

    @property
    def is_ready(self) -> bool:
        """Whether the campaign may start; warnings pass."""
        return not self.stops


def check(campaign: Campaign) -> Readiness:
    """Check a campaign and its surroundings, the final message included."""
    settings = current()
    return Readiness(
        [
            _identity(settings),
            _policy(settings),
            _sending(),
            _audience(campaign),
            *_messages(campaign, settings),
            *_tongues(campaign),
            _sender(settings),
            _signature(settings),
        ]
    )


def _identity(settings: Settings) -> Check:
    title = "Operator's identity"
    try:
        operator = operator_of(settings)
    except KelisimError as error:
        return Check("identity", Level.STOP, title, error.message)
    return Check("identity", Level.FINE, title, f"{operator.name}, BIN {operator.bin}.")


def _policy(settings: Settings) -> Check:
    title = "Published policy"
    policy = versions.current(clock.today(settings.time_zone))
    if policy is None:
        detail = "No published policy is in force: import one with `kelisim policy import`."
        return Check("policy", Level.STOP, title, detail)
    return Check("policy", Level.FINE, title, f"Version {policy.label} is in force.")


def _sending() -> Check:
    title = "Sending switch"
    here = installation.here()
    if not here.sending_on:
        return Check("sending", Level.STOP, title, f"Sending is off: {here.sending_off_reason}")
    return Check("sending", Level.FINE, title, "Sending is on.")


def _audience(campaign: Campaign) -> Check:
    title = "Audience"
    counted = audience.count(campaign)
    if not counted.will_receive:
        detail = f"Nobody would receive this: {counted.considered} people are considered."
        return Check("audience", Level.STOP, title, detail)
    return Check("audience", Level.FINE, title, f"{counted.will_receive} people will receive it.")


def _messages(campaign: Campaign, settings: Settings) -> Iterator[Check]:
    if not settings.has_identity:
        return
    own = _own_origins(settings)
    for body in campaign.bodies:
        yield from _message(campaign, body.language, settings, own)


def _message(
    campaign: Campaign, language: str, settings: Settings, own: set[str]
) -> Iterator[Check]:
    title = f"Message in {language}"
    try:
        seen = drafts.preview(campaign, language)
    except KelisimError as error:
        yield Check(f"message-{language}", Level.STOP, title, error.message)
        return
    problems = inspect(seen.raw, operator_of(settings))
    for problem in problems:
        yield Check(f"{problem.id}-{language}", Level.STOP, title, problem.detail)
    if not problems:
        detail = "Both parts hold a way out and the operator's identity."
        yield Check(f"message-{language}", Level.FINE, title, detail)
    for one in oversights(seen.subject, seen.html, seen.text, own):
        yield _overlooked(one, language)


def _overlooked(found: Oversight, language: str) -> Check:
    level, title, sentence = _OVERSIGHTS[found.id]
    detail = sentence.format(what=found.what, language=_TONGUES[language])
    return Check(f"{found.id}-{language}", level, title, detail)


def _own_origins(settings: Settings) -> set[str]:
    """Where images may lie: our own pages, and the sites that our forms stand on."""
    parts = urlsplit(settings.public_url)
    own = {f"{parts.scheme}://{parts.netloc}".lower()}
    return own.union(*(forms.current(form).origins for form in forms.all_forms()))


def _tongues(campaign: Campaign) -> Iterator[Check]:
    """Who gets a language that they did not choose; nobody does where all are written."""
    written = [body.language for body in campaign.bodies]
    if set(written) == set(LANGUAGES) or campaign.audience is not None:
        return
    others = {
        language: number
        for language, number in _receivers_by_language(campaign).items()
        if language not in written
    }
    if others:
        chose = ", ".join(f"{number} chose {_TONGUES[one]}" for one, number in others.items())
        detail = f"Of those who get it {chose}; they get the {_TONGUES[campaign.language]} text."
        yield Check("languages", Level.WARN, "Languages", detail)


def _receivers_by_language(campaign: Campaign) -> dict[str, int]:
    """Of the same people as the audience's `will_receive`, by the same verdict."""
    is_notice = campaign.kind == Kind.NOTICE
    judged = verdict.NOTICE if is_notice else verdict.CAMPAIGN
    query = f"""
        SELECT s.language, count(*) FROM subscribers s
        {"LEFT" if is_notice else "INNER"} JOIN standings st
            ON st.subscriber_id = s.id AND st.topic_id = :topic
        JOIN topics t ON t.id = :topic
        LEFT JOIN policy_versions p ON p.id = st.policy_id
        WHERE EXISTS (SELECT FROM standings o WHERE o.subscriber_id = s.id)
          AND ({judged}) IS NULL
        GROUP BY s.language ORDER BY s.language
    """  # noqa: S608 - our own text; every value is bound
    rows = db.session.execute(text(query), {"topic": campaign.topic_id})
    return {row[0]: row[1] for row in rows}


def _sender(settings: Settings) -> Check:
    title = "Sender"
    if letters.domain_of(settings).endswith("localhost"):
        detail = f"KELISIM_FROM is {settings.from_}: nobody outside this machine can answer it."
        return Check("sender", Level.WARN, title, detail)
    return Check("sender", Level.FINE, title, f"From {settings.from_}.")


def _signature(settings: Settings) -> Check:
    title = "DKIM signature"
    if settings.dkim_key_file is None:
        detail = (
            "Messages go out unsigned by Kelisim: let the relay sign them, the List-Unsubscribe "
            "fields included, or mailbox providers will not offer one-click."
        )
        return Check("dkim", Level.WARN, title, detail)
    detail = "A key is set, but this version does not sign yet; let the relay sign."
    return Check("dkim", Level.WARN, title, detail)
