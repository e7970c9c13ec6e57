"""Proofs: the final messages looked over, and whether people get the language that they chose."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from babel import Locale
from sqlalchemy import text

from mailing.base.database import db
from mailing.base.errors import KelisimError
from mailing.base.languages import LANGUAGES, SOURCE
from mailing.base.operator import operator_of
from mailing.base.settings import Settings
from mailing.campaigns.campaigns import Campaign, Kind
from mailing.deliveries import drafts
from mailing.deliveries.checks import Check, Level
from mailing.deliveries.message import Oversight, inspect, oversights
from mailing.people import forms, verdict

_TONGUES = {one: Locale.parse(one).get_display_name(SOURCE) for one in LANGUAGES}

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


def of_messages(campaign: Campaign, settings: Settings) -> Iterator[Check]:
    """The final message in each language that is written."""
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


def of_languages(campaign: Campaign) -> Iterator[Check]:
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
