"""Preferences: what one person gets, and the acts that change it. Each act commits.

A form carries what it showed, and only what the person changed is changed: a page that was
opened before something else happened reverts nothing (T21, T22). A "no" goes through the one
verb of leaving and is never held up by a "yes" that cannot be taken.
"""

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from mailing.base import clock
from mailing.base.database import db
from mailing.base.languages import LANGUAGES
from mailing.base.settings import current
from mailing.base.tokens import LeaveToken, link_keys
from mailing.deliveries import answers, confirmations
from mailing.leaving import links
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.receipts import Receipt
from mailing.leaving.scope import Scope
from mailing.people import choices, standings, subscribers, topics, wording
from mailing.people.ledger import Kind
from mailing.people.optins import Asked
from mailing.people.standings import Said
from mailing.people.subscribers import Subscriber
from mailing.people.topics import Topic
from mailing.policies import versions
from mailing.policies.versions import PolicyVersion

SOURCE = "preferences"
PATIENCE = 2.0
PAUSES = (30, 90)


@dataclass(frozen=True)
class Filled:
    """A form as it was posted: slugs that it listed, showed ticked, and brought back ticked.

    `said` are the marks of the sentences beside its boxes; None for a form that carried none.
    """

    listed: frozenset[str]
    shown: frozenset[str]
    ticked: frozenset[str]
    policy: str
    language: str
    said: frozenset[str] | None = None


@dataclass(frozen=True)
class Saved:
    """What came of a form. `is_outdated`: the sentences had changed, so no yes was taken."""

    receipt: Receipt | None = None
    given: bool = False
    asked: bool = False
    refused: bool = False
    is_outdated: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether the form changed nothing."""
        return self == Saved()


def save(token: str, filled: Filled) -> Saved:
    """Change what the person changed, the noes first."""
    subscriber_id = links.person_of(token)
    if subscriber_id is None or subscriber_id == links.NOBODY:
        return Saved()
    by_slug = {topic.slug: topic for topic in topics.all_topics() if topic.slug in filled.listed}
    left = [topic for slug, topic in by_slug.items() if slug in filled.shown - filled.ticked]
    wanted = [topic for slug, topic in by_slug.items() if slug in filled.ticked - filled.shown]
    receipt = _leave(subscriber_id, left) if left else None
    return _want(token, subscriber_id, filled, wanted, receipt) if wanted else Saved(receipt)


def stop(token: str) -> Receipt | None:
    """Unsubscribe from everything; None for a link that is nobody's."""
    return _end(token, Kind.UNSUBSCRIBED)


def withdraw(token: str) -> Receipt | None:
    """Withdraw the consent to all processing; None for a link that is nobody's."""
    return _end(token, Kind.WITHDRAWN)


def pause(token: str, days: int) -> bool:
    """Let no message through for so many days (30 or 90) from now; whether that is so now."""
    subscriber = _locked(token)
    if subscriber is None or days not in PAUSES or not confirmations.may_be_asked(subscriber):
        return False
    subscriber.paused_until = clock.now() + timedelta(days=days)
    until = subscriber.paused_until.isoformat(timespec="seconds")
    choices.note(subscriber.id, choices.Kind.PAUSE, until, SOURCE)
    db.session.commit()
    return True


def end_pause(token: str) -> bool:
    """Let messages through again; a pause that is over already is left as it is."""
    subscriber = _locked(token)
    if subscriber is None:
        return False
    if subscriber.paused_until is not None and subscriber.paused_until > clock.now():
        subscriber.paused_until = None
        choices.note(subscriber.id, choices.Kind.PAUSE_ENDED, "", SOURCE)
    db.session.commit()
    return True


def set_language(token: str, language: str) -> bool:
    """Write to this person in another language from now on; whether that is so now."""
    subscriber = _locked(token)
    is_open = subscriber is not None and confirmations.may_be_asked(subscriber)
    if subscriber is None or not is_open or language not in LANGUAGES:
        return False
    if subscriber.language != language:
        subscriber.language = language
        choices.note(subscriber.id, choices.Kind.LANGUAGE, language, SOURCE)
    db.session.commit()
    return True


def is_fresh(token: str) -> bool:
    """Whether the mail that this link came in was asked for within the last 24 hours."""
    meant = LeaveToken.read(link_keys(current().secret_keys), token)
    return meant is not None and answers.is_fresh_link(meant.delivery, meant.subscriber)


def _leave(subscriber_id: UUID, left: list[Topic]) -> Receipt:
    scope = Scope.of_topics(*(topic.id for topic in left))
    return leave(Leaving(subscriber_id, scope, source=SOURCE, patience=PATIENCE))


def _end(token: str, kind: Kind) -> Receipt | None:
    subscriber_id = links.person_of(token)
    if subscriber_id is None or subscriber_id == links.NOBODY:
        return None
    return leave(Leaving(subscriber_id, Scope.everything(), kind, SOURCE, patience=PATIENCE))


def _locked(token: str) -> Subscriber | None:
    """The person behind a link, held against every gate; None for who is gone."""
    subscriber_id = links.person_of(token)
    subscriber = subscribers.lock(subscriber_id) if subscriber_id else None
    return subscriber if subscriber is not None and subscriber.personal is not None else None


def _want(
    token: str, subscriber_id: UUID, filled: Filled, wanted: list[Topic], receipt: Receipt | None
) -> Saved:
    """Take the yes, or ask for it by mail; the sentences must be those that were shown."""
    policy = versions.in_force()
    if policy is None or filled.policy != str(policy.id) or filled.language not in LANGUAGES:
        return Saved(receipt, is_outdated=True)
    subscriber = _locked(token)
    if subscriber is None or not confirmations.may_be_asked(subscriber):
        db.session.rollback()
        return Saved(receipt, refused=True)
    held = standings.of(subscriber_id)
    new = [t for t in wanted if t.id not in held or held[t.id].standing != Said.GIVEN]
    if not new:
        db.session.rollback()
        return Saved(receipt)
    if filled.said is not None and not _marks(new, policy, filled.language) <= filled.said:
        db.session.rollback()
        return Saved(receipt, is_outdated=True)
    asked = _asked(subscriber, new, policy, filled.language)
    if is_fresh(token):
        is_taken = confirmations.take_known(subscriber, asked)
        db.session.commit()
        return Saved(receipt, given=is_taken, refused=not is_taken)
    confirmations.ask_known(subscriber, asked)
    db.session.commit()
    return Saved(receipt, asked=True)


def mark(slug: str, sentence: str) -> str:
    """What tells one sentence from another, for a form to carry."""
    return f"{slug}:{sha256(sentence.encode()).hexdigest()[:16]}"


def _marks(new: list[Topic], policy: PolicyVersion, language: str) -> frozenset[str]:
    return frozenset(mark(topic.slug, wording.sentence(topic, policy, language)) for topic in new)


def _asked(subscriber: Subscriber, new: list[Topic], policy: PolicyVersion, language: str) -> Asked:
    """The request, with the sentences as they stood beside the boxes. The page is named without
    its token, which is a key."""
    return Asked(
        subscriber_id=subscriber.id,
        form_id=None,
        form_version=None,
        policy_id=policy.id,
        language=language,
        page=f"{current().public_url}/preferences",
        wordings=wording.keep_sentences(new, policy, language),
        typed={},
    )
