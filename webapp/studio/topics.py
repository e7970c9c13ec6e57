"""Topics: what one can subscribe to, what it brings, and how often it comes at the most."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid, NotAllowed
from mailing.base.languages import LANGUAGES, gettext
from mailing.people import topics
from mailing.people.topics import SLUG, Frequency, Promise, Topic
from mailing.policies import versions
from mailing.staff import audit
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor


@dataclass
class TopicDraft:
    """The writing page of a topic: errors by the name of the field."""

    slug: str = ""
    purpose: str = ""
    frequency: str = ""
    names: dict[str, str] = field(default_factory=lambda: dict.fromkeys(LANGUAGES, ""))
    about: dict[str, str] = field(default_factory=lambda: dict.fromkeys(LANGUAGES, ""))
    errors: dict[str, str] = field(default_factory=dict)


@studio.get("/topics")
@needs(Act.READ_FORMS)
def form_topics() -> str:
    return render_template(
        "pages/studio/topics.html", rows=topics.all_topics(), often=topics.frequency_text
    )


@studio.get("/topics/new")
@needs(Act.WRITE_FORMS)
def form_topic_new() -> str:
    return _write(TopicDraft(), None)


@studio.post("/topics/new")
@needs(Act.WRITE_FORMS)
def form_topic_create() -> ResponseReturnValue:
    return _keep(_typed(request.form), None)


@studio.get("/topics/<topic_slug>")
@needs(Act.WRITE_FORMS)
def form_topic(topic_slug: str) -> str:
    topic = _changeable(topic_slug)
    draft = TopicDraft(topic.slug, topic.purpose, topic.frequency or "")
    draft.names = {tongue: topic.names.get(tongue, "") for tongue in LANGUAGES}
    draft.about = {tongue: topics.about_in(topic, tongue) for tongue in LANGUAGES}
    return _write(draft, topic)


@studio.post("/topics/<topic_slug>")
@needs(Act.WRITE_FORMS)
def form_topic_save(topic_slug: str) -> ResponseReturnValue:
    return _keep(_typed(request.form), _changeable(topic_slug))


def _changeable(slug: str) -> Topic:
    topic = topics.find(slug)
    if topic.slug == topics.NOTICES:
        raise NotAllowed(
            gettext("The topic of notices belongs to the policy; it cannot be changed.")
        )
    return topic


def _typed(posted: Mapping[str, str]) -> TopicDraft:
    return TopicDraft(
        slug=posted.get("slug", "").strip(),
        purpose=posted.get("purpose", ""),
        frequency=posted.get("frequency", ""),
        names={tongue: posted.get(f"{tongue}-name", "").strip() for tongue in LANGUAGES},
        about={tongue: posted.get(f"{tongue}-about", "").strip() for tongue in LANGUAGES},
    )


def _keep(draft: TopicDraft, topic: Topic | None) -> ResponseReturnValue:
    _demand_whole(draft, topic)
    kept = None if draft.errors else _kept(draft, topic)
    if kept is None:
        db.session.rollback()
        return _write(draft, topic), 422
    action = "topic described" if topic else "topic added"
    audit.record(actor(), action, f"topic {kept.slug}", frequency=draft.frequency)
    db.session.commit()
    flash(gettext("Saved."), "done")
    return redirect(url_for("studio.form_topics"), 303)


def _demand_whole(draft: TopicDraft, topic: Topic | None) -> None:
    if topic is None and not SLUG.fullmatch(draft.slug):
        draft.errors["slug"] = gettext("Up to 63 small letters, digits and hyphens.")
    if topic is None and draft.purpose not in versions.declared_purposes():
        draft.errors["purpose"] = gettext("Choose a purpose that a policy version declares.")
    for tongue in LANGUAGES:
        if not draft.names[tongue]:
            draft.errors[f"{tongue}-name"] = gettext("Give the topic a name in each language.")
    if draft.frequency and draft.frequency not in set(Frequency):
        draft.errors["frequency"] = gettext("Choose how often it comes.")


def _kept(draft: TopicDraft, topic: Topic | None) -> Topic | None:
    """The topic as it was typed; None where the domain refused something."""
    names = draft.names
    try:
        if topic is None:
            topic = topics.add_named(draft.slug, draft.purpose, names)
        topics.rename(topic, names)
        often = Frequency(draft.frequency) if draft.frequency else None
        topics.describe(topic, Promise(draft.about, often))
    except (Invalid, Conflict) as refusal:
        draft.errors[_field(refusal)] = gettext(
            "This cannot be taken as it is: %(why)s", why=refusal.message
        )
        return None
    return topic


def _field(refusal: Invalid | Conflict) -> str:
    named = getattr(refusal, "field", None) or ""
    kind, _, tongue = named.partition("_")
    return f"{tongue}-name" if kind == "name" else f"{LANGUAGES[0]}-about" if named else "slug"


def _write(draft: TopicDraft, topic: Topic | None) -> str:
    return render_template(
        "pages/studio/topic_write.html",
        draft=draft,
        errors=draft.errors,
        topic=topic,
        purposes=sorted(versions.declared_purposes()),
        frequencies={one: topics.frequency_text(Topic(frequency=one.value)) for one in Frequency},
    )
