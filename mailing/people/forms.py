"""Registered opt-in forms: from which sites they are accepted, and which topics they offer.

A changed form is a new version, so that every submission resolves to the form as it stood
(policy 5.1).
"""

import re
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import SplitResult, urlsplit

import idna
from sqlalchemy import DateTime, ForeignKey, Integer, Select, Text, UniqueConstraint, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base.database import OPERATIONAL, Table, db
from mailing.base.errors import Invalid, Missing
from mailing.people import topics
from mailing.people.topics import NOTICES, SLUG, Topic

_HOST = re.compile(r"[a-z0-9._-]+")
_PORTS = {"http": 80, "https": 443}
_ORIGIN = "An origin looks like https://example.kz or http://localhost:8080, without a path."


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
    """A form as it stood: where it may be filled in, and what it offered. Never edited."""

    __tablename__ = "form_versions"

    form_id: Mapped[int] = mapped_column(ForeignKey("forms.id"), primary_key=True, info=OPERATIONAL)
    version: Mapped[int] = mapped_column(
        Integer, primary_key=True, autoincrement=False, info=OPERATIONAL
    )
    origins: Mapped[list[str]] = mapped_column(ARRAY(Text), info=OPERATIONAL)
    topic_ids: Mapped[list[int]] = mapped_column(ARRAY(Integer), info=OPERATIONAL)
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


def add(slug: str, origins: Iterable[str], topic_slugs: Iterable[str]) -> Form:
    """Register a form, or its next version where something differs; the same again is the same.

    Raises `Invalid` for a slug, an origin or topics that cannot be, `Missing` for a topic that
    does not exist.
    """
    _demand_slug(slug)
    wanted = _origins(origins), _topic_ids(topic_slugs)
    form = db.session.scalar(select(Form).where(Form.slug == slug).with_for_update())
    if form is None:
        form = Form(slug=slug)
        db.session.add(form)
        db.session.flush()
    _next_version(form, *wanted)
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


def all_forms() -> list[Form]:
    """Every form in the order they were registered."""
    return list(db.session.scalars(select(Form).order_by(Form.id)))


def topics_of(version: FormVersion) -> list[Topic]:
    """The topics that the version offers, in its own order."""
    by_id = {topic.id: topic for topic in topics.all_topics()}
    return [by_id[topic_id] for topic_id in version.topic_ids]


def normal_origin(text: str) -> str:
    """`scheme://host` or `scheme://host:port`, in small letters and ASCII, no standard port.

    Raises `Invalid` for whatever is no http or https origin.
    """
    try:
        parts = urlsplit(text.strip())
        port = parts.port
        host = _host(parts)
    except ValueError:
        raise Invalid(_ORIGIN, field="origin") from None
    beyond = parts.path not in ("", "/") or parts.query or parts.fragment or parts.username
    if parts.scheme not in _PORTS or not host or beyond or "@" in parts.netloc:
        raise Invalid(_ORIGIN, field="origin")
    suffix = "" if port in (None, _PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{host}{suffix}"


def _host(parts: SplitResult) -> str:
    """The host in ASCII (RFC 5891); an unusable one raises `ValueError`."""
    host = parts.hostname or ""
    if ":" in host:
        return f"[{host}]"
    if _HOST.fullmatch(host):
        return host
    try:
        return idna.encode(host, uts46=True).decode()
    except idna.IDNAError as error:
        raise ValueError(str(error)) from None


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


def _next_version(form: Form, origins: list[str], topic_ids: list[int]) -> None:
    latest = db.session.scalar(_versions(form).limit(1))
    if latest is not None and (latest.origins, latest.topic_ids) == (origins, topic_ids):
        return
    number = 1 if latest is None else latest.version + 1
    db.session.add(
        FormVersion(form_id=form.id, version=number, origins=origins, topic_ids=topic_ids)
    )
    db.session.flush()


def _versions(form: Form) -> Select[FormVersion]:
    return (
        select(FormVersion)
        .where(FormVersion.form_id == form.id)
        .order_by(FormVersion.version.desc())
    )
