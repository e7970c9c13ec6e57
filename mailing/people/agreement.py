"""Agreeing anew: a yes to the policy version in force, on topics that somebody already holds.

The link of every mail leads here (`/agree/<token>`). Nothing but the button changes anything, and
the button never makes a yes out of a no: it renews what stands as `given`, and nothing else.
"""

import json
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict
from mailing.base.languages import spoken
from mailing.base.settings import current
from mailing.base.tokens import LeaveToken, link_keys
from mailing.people import (
    evidence,
    ledger,
    standings,
    subscribers,
    suppression,
    topics,
    wording,
)
from mailing.people.address import masked
from mailing.people.ledger import Entry, Kind, NewEntry
from mailing.people.standings import Said, Standing
from mailing.people.subscribers import Subscriber
from mailing.people.topics import Topic
from mailing.policies import declared, versions
from mailing.policies.declared import Added
from mailing.policies.versions import PolicyVersion

_NOBODY = UUID(int=0)
_SEEN_FIELDS = ("network_address", "user_agent")


class State(StrEnum):
    """What the page behind the link says."""

    OPEN = "open"
    AGREED = "agreed"
    NOTHING = "nothing"
    PREVIEW = "preview"


@dataclass(frozen=True)
class Sentence:
    """The words beside one topic, in the language that they are in."""

    language: str
    text: str


@dataclass(frozen=True)
class AgreeView:
    """What the page has to know.

    `before` are the versions agreed to so far where it is open; `wordings` the sentences, topic
    by topic, that the button says yes to, or that were said yes to; `coming` is the version that
    takes effect next. `seen` names what an open page shows.
    """

    state: State
    language: str
    address: str = ""
    policy: PolicyVersion | None = None
    before: tuple[PolicyVersion, ...] = ()
    wordings: tuple[Sentence, ...] = ()
    coming: PolicyVersion | None = None
    summary: str = ""
    added: Added = field(default_factory=lambda: Added((), ()))
    seen: str = ""


@dataclass(frozen=True)
class _Held:
    """The topics that somebody holds and the version in force covers: those under another
    version, and those under this one."""

    older: dict[Topic, Standing]
    renewed: dict[Topic, Standing]


def look(text: str, asked_language: str | None = None) -> AgreeView | None:
    """What the page shows now; None for a link that is not ours. Changes nothing."""
    token = _read(text)
    if token is None:
        return None
    if token.subscriber == _NOBODY:
        return AgreeView(State.PREVIEW, asked_language or spoken())
    subscriber = db.session.get(Subscriber, token.subscriber)
    return _view(subscriber, asked_language)


def agree(
    text: str, seen: str, asked_language: str | None, seen_from: dict[str, str]
) -> AgreeView | None:
    """Say yes to exactly what was `seen`; again changes nothing. None for a link that is not ours.

    Raises `Conflict` where the page would say something else by now. `seen_from` is kept where
    the version declares network address and user agent.
    """
    token = _read(text)
    if token is None or token.subscriber == _NOBODY:
        return look(text, asked_language)
    # Held against a leaving at the same moment: whoever comes second sees what the first has said.
    subscriber = subscribers.lock(token.subscriber)
    view = _view(subscriber, asked_language)
    if subscriber is None or view.state is not State.OPEN:
        return view
    if seen != view.seen:
        raise Conflict("The page has changed since it was opened; read it again.")
    ledger.append_many(_entries(subscriber, token, view, seen_from))
    return _view(subscriber, asked_language)


def _read(text: str) -> LeaveToken | None:
    return LeaveToken.read(link_keys(current().secret_keys), text)


def _view(subscriber: Subscriber | None, asked_language: str | None) -> AgreeView:
    language = asked_language or (subscriber.language if subscriber else spoken())
    if subscriber is None or _is_shut(subscriber):
        return AgreeView(State.NOTHING, language)
    personal = subscribers.personal_of(subscriber)
    address = masked(personal.email) if personal else ""
    policy = versions.in_force()
    held = _held(subscriber, policy) if policy else _Held({}, {})
    if policy and held.older:
        return _open(policy, held, language, address)
    return _settled(policy, held, language, address)


def _is_shut(subscriber: Subscriber) -> bool:
    """Withdrawn, destroyed, blocked or suppressed: a "no" that no button here may touch."""
    gone = subscriber.personal is None or subscriber.blocked_at is not None
    return gone or bool(suppression.reasons(subscriber.digest))


def _held(subscriber: Subscriber, policy: PolicyVersion) -> _Held:
    said = standings.of(subscriber.id)
    given = {number: row for number, row in said.items() if row.standing == Said.GIVEN}
    # A topic whose purpose the version in force has given up is not renewed under it: the yes
    # to the earlier version is worth more than one to a text that does not name the purpose.
    held = [
        one for one in topics.all_topics() if one.id in given and one.purpose in policy.purposes
    ]
    return _Held(
        older={one: given[one.id] for one in held if given[one.id].policy_id != policy.id},
        renewed={one: given[one.id] for one in held if given[one.id].policy_id == policy.id},
    )


def _open(policy: PolicyVersion, held: _Held, language: str, address: str) -> AgreeView:
    ids = sorted({row.policy_id for row in held.older.values() if row.policy_id is not None})
    before = tuple(versions.find(number) for number in ids)
    wordings = tuple(wording.sentence(topic, policy, language) for topic in held.older)
    summary = policy.summaries.get(language, "")
    shown = [policy.id, language, ids, [topic.id for topic in held.older], wordings, summary]
    return AgreeView(
        state=State.OPEN,
        language=language,
        address=address,
        policy=policy,
        before=before,
        wordings=tuple(Sentence(wording.tongue(language), one) for one in wordings),
        summary=summary,
        added=declared.added(policy, before),
        seen=sha256(json.dumps(shown).encode()).hexdigest()[:32],
    )


def _settled(policy: PolicyVersion | None, held: _Held, language: str, address: str) -> AgreeView:
    return AgreeView(
        state=State.AGREED if held.renewed else State.NOTHING,
        language=language,
        address=address,
        policy=policy,
        wordings=tuple(_agreed(topic, row, language) for topic, row in held.renewed.items()),
        coming=versions.next_after(_today()),
    )


def _agreed(topic: Topic, row: Standing, language: str) -> Sentence:
    """The very words that were said yes to; of a yes that kept none, the topic's name."""
    entry = db.session.get(Entry, row.entry_id) if row.entry_id else None
    kept = evidence.body_of(entry.evidence_hash).get("wording") if entry else None
    if not kept:
        return Sentence(language, topics.name_in(topic, language))
    said = wording.text_of(kept)
    return Sentence(said.language, said.text)


def _entries(
    subscriber: Subscriber, token: LeaveToken, view: AgreeView, seen_from: dict[str, str]
) -> list[NewEntry]:
    policy = versions.in_force()
    if policy is None:
        return []
    private = {n: seen_from[n] for n in _SEEN_FIELDS if n in policy.fields and seen_from.get(n)}
    held = _held(subscriber, policy).older
    proof = _evidence(policy, view, token)
    return [
        NewEntry(
            subscriber_id=subscriber.id,
            kind=Kind.GIVEN,
            topic_id=topic.id,
            policy_id=policy.id,
            source="page",
            actor="subscriber",
            evidence=proof
            | {"wording": wording.keep(shown.language, shown.text), "agreed_before": row.policy_id},
            private=private or None,
        )
        for (topic, row), shown in zip(held.items(), view.wordings, strict=True)
    ]


def _evidence(policy: PolicyVersion, view: AgreeView, token: LeaveToken) -> dict[str, Any]:
    """What proves the yes, the same for every topic; no personal data in it."""
    return {
        "page": f"{current().public_url}/agree",
        "summary": wording.keep(view.language, view.summary) if view.summary else None,
        "language": wording.tongue(view.language),
        "policy": policy.id,
        "policy_text": versions.text_in(policy, view.language).sha256,
        "delivery": str(token.delivery),
    }


def _today() -> date:
    return clock.today(current().time_zone)
