"""What the preference page shows: each topic as it stands, and what was agreed to, in order."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from mailing.base import clock, languages
from mailing.base.database import db
from mailing.deliveries import confirmations
from mailing.leaving import links
from mailing.leaving.preferences import is_fresh, mark
from mailing.people import (
    address_changes,
    choices,
    corrections,
    evidence,
    ledger,
    standings,
    subscribers,
    suppression,
    topics,
    wording,
)
from mailing.people.address import masked
from mailing.people.ledger import Entry
from mailing.people.standings import Said, Standing
from mailing.people.subscribers import Subscriber
from mailing.people.suppression import Why
from mailing.people.topics import NOTICES, Topic
from mailing.policies import versions
from mailing.policies.versions import PolicyVersion


@dataclass(frozen=True)
class Row:
    """One topic: its promise, how it stands, and the sentence that a tick would agree to.

    `sentence` is empty where nothing can be agreed to here; `tongue` is its language.
    """

    slug: str
    name: str
    about: str
    frequency: str
    is_on: bool
    is_asked: bool
    sentence: str
    tongue: str

    @property
    def said(self) -> str:
        """The mark of its sentence, which the form carries."""
        return mark(self.slug, self.sentence)

    @property
    def has_box(self) -> bool:
        """Whether anything can be changed here."""
        return self.is_on or bool(self.sentence)


@dataclass(frozen=True)
class Told:
    """One line of the history, with the exact sentence where one was agreed to."""

    at: datetime
    kind: str
    topic: str
    value: str
    sentence: str
    language: str
    policy_id: int | None


@dataclass(frozen=True)
class PreferenceView:
    """The page. `kept_out`: why no yes can be given here (withdrawn, complaint, blocked, other)."""

    is_known: bool
    language: str
    own_language: str
    address: str
    rows: list[Row]
    kept_out: str
    paused_until: datetime | None
    policy_id: int | None
    is_fresh: bool
    history: list[Told]
    undo_until: datetime | None = None

    @property
    def is_on(self) -> bool:
        """Whether anything is sent to this person."""
        return any(row.is_on for row in self.rows)


def look(token: str, asked_language: str | None = None) -> PreferenceView | None:
    """The page of a link; None for a link that is not ours. Changes nothing."""
    subscriber_id = links.person_of(token)
    if subscriber_id is None:
        return None
    subscriber = db.session.get(Subscriber, subscriber_id, populate_existing=True)
    if subscriber is None or subscriber.personal is None:
        return _gone(asked_language or (subscriber.language if subscriber else languages.spoken()))
    language = asked_language or subscriber.language
    policy = versions.in_force()
    personal = subscribers.personal_of(subscriber)
    with languages.speaking(language):
        rows = _rows(subscriber, policy, language)
        return PreferenceView(
            is_known=True,
            language=language,
            own_language=subscriber.language,
            address=masked(personal.email) if personal else "",
            rows=rows,
            kept_out=_kept_out(subscriber),
            paused_until=_pause_of(subscriber),
            policy_id=policy.id if policy else None,
            is_fresh=is_fresh(token),
            history=_history(subscriber.id, language),
            undo_until=links.stop_undo_until(token, subscriber),
        )


def _gone(language: str) -> PreferenceView:
    """Somebody whose data are destroyed: nothing is known, and nothing is sent."""
    return PreferenceView(False, language, language, "", [], "", None, None, False, [])


def _pause_of(subscriber: Subscriber) -> datetime | None:
    until = subscriber.paused_until
    return until if until is not None and until > clock.now() else None


def _kept_out(subscriber: Subscriber) -> str:
    why = suppression.reasons(subscriber.digest)
    if Why.WITHDRAWN in why or Why.DESTROYED in why:
        return "withdrawn"
    if Why.COMPLAINT in why:
        return "complaint"
    if subscriber.blocked_at is not None:
        return "blocked"
    return "" if confirmations.may_be_asked(subscriber) else "other"


def _rows(subscriber: Subscriber, policy: PolicyVersion | None, language: str) -> list[Row]:
    held = standings.of(subscriber.id)
    may_say_yes = policy is not None and confirmations.may_be_asked(subscriber)
    on = links.subscribed_topics(subscriber.id)
    shown = topics.all_topics()
    shown.sort(key=lambda topic: topic.slug == NOTICES)
    # Notices come with a topic: a yes to them alone would bring nothing.
    others = any(topic.id in on for topic in shown if topic.slug != NOTICES)
    return [
        _row(
            topic,
            held.get(topic.id),
            topic.id in on,
            wording.sentence(topic, policy, language)
            if policy and may_say_yes and (others or topic.slug != NOTICES)
            else "",
        )
        for topic in shown
    ]


def _row(topic: Topic, held: Standing | None, is_on: bool, sentence: str) -> Row:
    language = languages.spoken()
    return Row(
        slug=topic.slug,
        name=topics.name_in(topic, language),
        about=topics.about_in(topic, language),
        frequency=topics.frequency_text(topic),
        is_on=is_on,
        is_asked=held is not None and held.standing == Said.REQUESTED,
        sentence="" if is_on else sentence,
        tongue=wording.tongue(language),
    )


def _history(subscriber_id: UUID, language: str) -> list[Told]:
    names = {topic.id: topics.name_in(topic, language) for topic in topics.all_topics()}
    said = [_entry(entry, names) for entry in ledger.history(subscriber_id)]
    told = [*said, *_beside(subscriber_id)]
    return sorted(told, key=lambda one: one.at, reverse=True)


def _beside(subscriber_id: UUID) -> Iterator[Told]:
    """What was set, put right and moved: no consent, and so no entry of the ledger."""
    for choice in choices.of(subscriber_id):
        yield _plain(choice.at, choice.kind, choice.value)
    for correction in corrections.of(subscriber_id):
        yield _plain(correction.at, "corrected", ",".join(correction.fields))
    for change in address_changes.done(subscriber_id):
        yield _plain(change.closed_at or change.created_at, "moved")


def _plain(at: datetime, kind: str, value: str = "") -> Told:
    """What was no consent: no topic, no sentence."""
    return Told(at, kind, "", value, "", "", None)


def _entry(entry: Entry, names: dict[int, str]) -> Told:
    body = evidence.body_of(entry.evidence_hash)
    shown = wording.text_of(body["wording"]) if _is_kept(body.get("wording")) else None
    return Told(
        at=entry.at,
        kind=entry.kind,
        topic=names.get(entry.topic_id, "") if entry.topic_id else "",
        value=entry.source,
        sentence=shown.text if shown else "",
        language=shown.language if shown else "",
        policy_id=entry.policy_id,
    )


def _is_kept(name: str | None) -> bool:
    return name is not None and db.session.get(wording.Wording, name) is not None
