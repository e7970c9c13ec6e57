"""Topics: what one subscribes to. Each serves one purpose that a policy version declares."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import CheckConstraint, DateTime, Text, UniqueConstraint, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base.database import OPERATIONAL, Table, db
from mailing.base.errors import Conflict, Invalid, Missing
from mailing.base.languages import LANGUAGES, SOURCE
from mailing.base.languages import gettext as _
from mailing.base.plain import clean_field
from mailing.base.roundtrip import Said
from mailing.policies import versions

NOTICES = versions.NOTICES

# Every topic has a name in these, as the command that adds one asks for; in others it may have one.
NAMED = ("kk", "ru", "en")

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class Frequency(StrEnum):
    """How often a topic's messages come, at the most, as its readers are told."""

    DAILY = "daily"
    WEEKLY = "weekly"
    TWICE_A_MONTH = "twice_a_month"
    MONTHLY = "monthly"
    SELDOM = "seldom"


@dataclass(frozen=True)
class Promise:
    """What readers are told beside the name: a sentence for each language, and how often."""

    about: dict[str, str] = field(default_factory=dict)
    frequency: Frequency | None = None


class Topic(Table):
    """One topic; it goes out as List-Id (RFC 2919), so its slug never changes."""

    __tablename__ = "topics"
    __table_args__ = (
        UniqueConstraint("slug", name="topic_slug_is_unique"),
        CheckConstraint(
            "frequency IN ('daily', 'weekly', 'twice_a_month', 'monthly', 'seldom')",
            name="topic_frequency_is_known",
        ),
        CheckConstraint(
            "names ?& ARRAY['kk', 'ru', 'en'] AND NOT jsonb_path_exists(names, "
            """'$.keyvalue() ? (!(@.key like_regex "^[a-z]{2,3}$") """
            """|| @.value.type() != "string")')""",
            name="topic_names_are_by_language",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, info=OPERATIONAL)
    slug: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    purpose: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    names: Mapped[dict[str, str]] = mapped_column(JSONB, info=OPERATIONAL)
    about: Mapped[dict[str, str]] = mapped_column(
        JSONB, server_default=text("'{}'"), info=OPERATIONAL
    )
    frequency: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)
    created_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), info=OPERATIONAL
    )


def add(slug: str, purpose: str, name_kk: str, name_ru: str, name_en: str) -> Topic:
    """Add a topic that is called so in the three languages that every installation has."""
    return add_named(slug, purpose, {"kk": name_kk, "ru": name_ru, "en": name_en})


def add_named(slug: str, purpose: str, names: Mapping[str, str]) -> Topic:
    """Add a topic under its names by language; the same again changes nothing.

    Raises `Invalid` for a slug, name or purpose that cannot be, `Conflict` for a slug in use.
    """
    _demand_slug(slug)
    called = _names(dict.fromkeys(NAMED, "") | dict(names))
    existing = db.session.scalar(select(Topic).where(Topic.slug == slug))
    if existing is not None:
        return _unchanged(existing, purpose, called)
    _demand_declared(purpose)
    topic = Topic(slug=slug, purpose=purpose, names=called)
    db.session.add(topic)
    db.session.flush()
    return topic


def describe(topic: Topic, promise: Promise) -> None:
    """Say what readers are told of the topic; an empty sentence takes one back.

    Raises `Invalid` for a sentence that cannot be, or a language that is none of ours.
    """
    unknown = set(promise.about) - set(LANGUAGES)
    if unknown:
        known, others = ", ".join(LANGUAGES), ", ".join(sorted(unknown))
        raise Invalid(f"A topic is described in {known}, not in {others}.")
    said = {tongue: clean_field("about", text) for tongue, text in promise.about.items()}
    topic.about = {tongue: text for tongue, text in (topic.about | said).items() if text}
    topic.frequency = promise.frequency.value if promise.frequency else None
    db.session.flush()


def rename(topic: Topic, names: Mapping[str, str]) -> None:
    """Call it something else, by language; the sentences that somebody agreed to stay as they were.

    Raises `Invalid` for a name that cannot be, and for the reserved topic.
    """
    if topic.slug == NOTICES:
        raise Invalid("The topic notices is reserved, and so is its name.")
    topic.names = topic.names | _names(names)
    db.session.flush()


def find(slug: str) -> Topic:
    """The topic of that slug, `notices` too. Raises `Missing`."""
    topic = db.session.scalar(select(Topic).where(Topic.slug == slug))
    if topic is None:
        raise Missing(f"There is no topic {slug!r}; `kelisim topic list` names them.")
    return topic


def all_topics() -> list[Topic]:
    """Every topic in the order they were added, the reserved `notices` among them."""
    return list(db.session.scalars(select(Topic).order_by(Topic.id)))


class Named(NamedTuple):
    """What is enough to tell topics apart, where somebody waits."""

    id: int
    slug: str


# What asks for every topic, as `all_topics` gives them; each row is a `Named`.
NAMES = Said("SELECT id, slug FROM topics ORDER BY id", {})


def name_in(topic: Topic, language: str) -> str:
    """Its name in that language; in English where it has none, as whatever is not translated."""
    return topic.names.get(language) or topic.names[SOURCE]


def about_in(topic: Topic, language: str) -> str:
    """The sentence about it in that language; empty where nothing is said."""
    return topic.about.get(language, "")


def frequency_text(topic: Topic) -> str:
    """How often it comes at the most, in the language spoken; empty where nothing is said."""
    said = {
        Frequency.DAILY: _("at most once a day"),
        Frequency.WEEKLY: _("at most once a week"),
        Frequency.TWICE_A_MONTH: _("at most twice a month"),
        Frequency.MONTHLY: _("at most once a month"),
        Frequency.SELDOM: _("a few times a year"),
    }
    return said[Frequency(topic.frequency)] if topic.frequency else ""


def _demand_slug(slug: str) -> None:
    if slug == NOTICES:
        raise Invalid("The topic notices is reserved for policy changes and exists already.")
    if not SLUG.fullmatch(slug):
        raise Invalid(
            "A topic's slug has 1 to 63 small letters, digits and hyphens, no hyphen first."
        )


def _names(names: Mapping[str, str]) -> dict[str, str]:
    unknown = sorted(set(names) - set(LANGUAGES))
    if unknown:
        known, others = ", ".join(LANGUAGES), ", ".join(unknown)
        raise Invalid(f"A topic is named in {known}, not in {others}.")
    return {tongue: _name(f"name_{tongue}", name) for tongue, name in names.items()}


def _name(field: str, value: str) -> str:
    name = clean_field(field, value)
    if not name:
        raise Invalid("Give the topic a name in Kazakh, Russian and English.", field)
    return name


def _unchanged(topic: Topic, purpose: str, names: dict[str, str]) -> Topic:
    if topic.purpose != purpose or topic.names | names != topic.names:
        raise Conflict(f"The topic {topic.slug} exists with another purpose or other names.")
    return topic


def _demand_declared(purpose: str) -> None:
    declared = versions.declared_purposes()
    if not declared:
        raise Invalid("No policy declares a purpose yet; import the policy first.")
    if purpose not in declared:
        raise Invalid(
            f"No policy version declares the purpose {purpose!r};"
            f" declared are {', '.join(sorted(declared))}."
        )
