"""Registered opt-in forms: from which sites they are accepted, and which topics they offer.

A changed form is a new version, so that every submission resolves to the form as it stood
(policy 5.1).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import DateTime, ForeignKey, Integer, Select, Text, UniqueConstraint, func, select
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base.database import OPERATIONAL, Table, db
from mailing.base.errors import Invalid, Missing
from mailing.base.languages import LANGUAGES
from mailing.base.plain import clean_field, clean_text
from mailing.people import topics, wording
from mailing.people.origins import normal_origin as normal_origin
from mailing.people.topics import NOTICES, SLUG, Topic

HEADING, INTRODUCTION = "heading", "introduction"
LONGEST_INTRODUCTION = 2000

# What a form says above its fields: by language, and there by `heading` and `introduction`.
Texts = Mapping[str, Mapping[str, str]]


class Form(Table):
    """One form, under one slug, over all its versions."""

    __tablename__ = "forms"
    __table_args__ = (UniqueConstraint("slug", name="form_slug_is_unique"),)

    id: Mapped[int] = mapped_column(primary_key=True, info=OPERATIONAL)
    slug: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    created_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), info=OPERATIONAL
    )


class FormVersion(Table):
    """A form as it stood: where it may be filled in, what it said and offered. Never edited.

    `texts` holds, by language, the hashes of heading and introduction (people/wording.py).
    """

    __tablename__ = "form_versions"

    form_id: Mapped[int] = mapped_column(ForeignKey("forms.id"), primary_key=True, info=OPERATIONAL)
    version: Mapped[int] = mapped_column(
        Integer, primary_key=True, autoincrement=False, info=OPERATIONAL
    )
    origins: Mapped[list[str]] = mapped_column(ARRAY(Text), info=OPERATIONAL)
    topic_ids: Mapped[list[int]] = mapped_column(ARRAY(Integer), info=OPERATIONAL)
    texts: Mapped[dict[str, dict[str, str]]] = mapped_column(
        JSONB, server_default=sql("'{}'"), info=OPERATIONAL
    )
    created_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), info=OPERATIONAL
    )

    @property
    def topic_slugs(self) -> list[str]:
        """What it offers, in its own order."""
        return [topic.slug for topic in topics_of(self)]

    def offers(self, topic: Topic) -> bool:
        """Whether this version has a box for the topic."""
        return topic.id in self.topic_ids

    def accepts(self, origin: str | None) -> bool:
        """Whether a post that names this origin (RFC 6454 7) may come from this form.

        None, `null` and what is no origin at all are not accepted.
        """
        try:
            return origin is not None and normal_origin(origin) in self.origins
        except Invalid:
            return False


def add(
    slug: str, origins: Iterable[str], topic_slugs: Iterable[str], texts: Texts | None = None
) -> Form:
    """Register a form, or its next version where something differs; the same again is the same.

    `texts` None leaves heading and introduction as they are. Raises `Invalid` for a slug, an
    origin, a text or topics that cannot be, `Missing` for a topic that does not exist.
    """
    _demand_slug(slug)
    wanted = _origins(origins), _topic_ids(topic_slugs)
    kept = None if texts is None else _kept(texts)
    form = db.session.scalar(select(Form).where(Form.slug == slug).with_for_update())
    if form is None:
        form = Form(slug=slug)
        db.session.add(form)
        db.session.flush()
    _next_version(form, *wanted, kept)
    return form


def find(slug: str) -> Form:
    """The form of that slug. Raises `Missing`."""
    form = db.session.scalar(select(Form).where(Form.slug == slug))
    if form is None:
        raise Missing(f"There is no form {slug!r}; `kelisim form list` names them.")
    return form


def current(form: Form) -> FormVersion:
    """The version that is shown and accepted now."""
    return db.session.scalars(_versions(form).limit(1)).one()


def version_of(form: Form, number: int) -> FormVersion:
    """One version of the form, to resolve old evidence. Raises `Missing`."""
    found = db.session.get(FormVersion, (form.id, number))
    if found is None:
        raise Missing(f"The form {form.slug} has no version {number}.")
    return found


def versions_of(form: Form) -> list[FormVersion]:
    """Every version, the newest first."""
    return list(db.session.scalars(_versions(form)))


def texts_of(version: FormVersion, language: str) -> dict[str, str]:
    """The version's `heading` and `introduction` in a language, where it has them."""
    kept = version.texts.get(language, {})
    return {name: wording.text_of(key).text for name, key in kept.items()}


def words_of(slug: str) -> dict[str, dict[str, str]]:
    """What the form says now in each language; empty for one that does not exist yet."""
    form = db.session.scalar(select(Form).where(Form.slug == slug))
    version = current(form) if form else None
    return {language: texts_of(version, language) if version else {} for language in LANGUAGES}


def all_forms() -> list[Form]:
    """Every form in the order they were registered."""
    return list(db.session.scalars(select(Form).order_by(Form.id)))


def topics_of(version: FormVersion) -> list[Topic]:
    """The topics that the version offers, in its own order."""
    by_id = {topic.id: topic for topic in topics.all_topics()}
    return [by_id[topic_id] for topic_id in version.topic_ids]


def _demand_slug(slug: str) -> None:
    if not SLUG.fullmatch(slug):
        raise Invalid(
            "A form's slug has 1 to 63 small letters, digits and hyphens, no hyphen first."
        )


def _origins(texts: Iterable[str]) -> list[str]:
    origins = list(dict.fromkeys(normal_origin(text) for text in texts))
    if not origins:
        raise Invalid("Name at least one origin: the site whose pages hold the form.")
    return origins


def _topic_ids(slugs: Iterable[str]) -> list[int]:
    wanted = list(dict.fromkeys(slugs))
    if not wanted:
        raise Invalid("Name at least one topic that the form offers.")
    if NOTICES in wanted:
        raise Invalid("notices needs no box: it comes with every topic. Take it off the form.")
    return [topics.find(slug).id for slug in wanted]


def _kept(texts: Texts) -> dict[str, dict[str, str]]:
    """The hashes of these texts, kept as wording; an empty one is left out."""
    if set(texts) - set(LANGUAGES):
        raise Invalid("A form speaks kk, ru and en.")
    cleaned = {language: _cleaned(language, said) for language, said in texts.items()}
    return {
        language: {name: wording.keep(language, text) for name, text in said.items()}
        for language, said in cleaned.items()
        if said
    }


def _cleaned(language: str, said: Mapping[str, str]) -> dict[str, str]:
    heading = clean_field(f"{language}-{HEADING}", said.get(HEADING, ""))
    field = f"{language}-{INTRODUCTION}"
    introduction = clean_text(field, said.get(INTRODUCTION, ""), LONGEST_INTRODUCTION)
    return {name: text for name, text in ((HEADING, heading), (INTRODUCTION, introduction)) if text}


def _next_version(
    form: Form,
    origins: list[str],
    topic_ids: list[int],
    texts: dict[str, dict[str, str]] | None,
) -> None:
    latest = db.session.scalar(_versions(form).limit(1))
    said = texts if texts is not None else latest.texts if latest else {}
    if latest is not None and (latest.origins, latest.topic_ids, latest.texts) == (
        origins,
        topic_ids,
        said,
    ):
        return
    number = 1 if latest is None else latest.version + 1
    db.session.add(
        FormVersion(
            form_id=form.id, version=number, origins=origins, topic_ids=topic_ids, texts=said
        )
    )
    db.session.flush()


def _versions(form: Form) -> Select[FormVersion]:
    return (
        select(FormVersion)
        .where(FormVersion.form_id == form.id)
        .order_by(FormVersion.version.desc())
    )
