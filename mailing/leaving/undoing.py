"""Undoing: an unsubscribe of the last day that is taken back, as an entry of its own.

It brings back the very yes that was ended and makes none out of nothing; a withdrawal, a block and
a suppression are not taken back here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailing.base import clock
from mailing.people import ledger, suppression, topics
from mailing.people.ledger import Entry, Kind, NewEntry
from mailing.people.subscribers import Subscriber

WITHIN = timedelta(hours=24)
# The button that takes back everything stands on the page where everything was stopped.
_CENTRE = "preferences"
_YES = (Kind.GIVEN, Kind.ATTESTED, Kind.RESTORED)


@dataclass(frozen=True)
class Undoable:
    """What may be taken back on one topic: the unsubscribe, and the yes that it ended."""

    topic_id: int
    left: Entry
    given: Entry


def of_topics(subscriber: Subscriber | None, topic_ids: list[int] | None) -> list[Undoable]:
    """What was left topic by topic."""
    said = _said(subscriber)
    found = [_on(said, topic_id, topic_id) for topic_id in topic_ids or []]
    return [one for one in found if one is not None]


def of_everything(subscriber: Subscriber | None) -> list[Undoable]:
    """What “stop everything” in the preference centre ended, each topic that was on before it.

    The notices alone would bring nothing, so they come back with a topic only.
    """
    said, notices = _said(subscriber), topics.find(topics.NOTICES).id
    asked = [_on(said, topic.id, None) for topic in topics.all_topics()]
    found = [one for one in asked if one is not None and one.left.source == _CENTRE]
    return found if any(one.topic_id != notices for one in found) else []


def until(undoable: Iterable[Undoable]) -> datetime | None:
    """When the first of it no longer can be taken back."""
    return min((one.left.at + WITHIN for one in undoable), default=None)


def take_back(undoable: list[Undoable]) -> bool:
    """Append what takes it back; whether there was anything."""
    ledger.append_many([_restored(one) for one in undoable])
    return bool(undoable)


def _said(subscriber: Subscriber | None) -> list[Entry]:
    """What somebody said who may take something back.

    Asking is neither a yes nor a no: a stranger who fills in a form takes no undo away.
    """
    if subscriber is None or suppression.reasons(subscriber.digest) or subscriber.blocked_at:
        return []
    return [one for one in ledger.history(subscriber.id) if one.kind != Kind.REQUESTED]


def _on(said: list[Entry], topic_id: int, left_by: int | None) -> Undoable | None:
    """On one topic; `left_by` is the topic of the unsubscribe, None for that of everything."""
    about = [e for e in said if e.topic_id in (topic_id, None)]
    if not about or about[-1].kind != Kind.UNSUBSCRIBED or about[-1].topic_id != left_by:
        return None
    left, before = about[-1], about[-2:-1]
    if not before and topic_id == topics.find(topics.NOTICES).id:
        before = [e for e in said if e.kind in _YES][-1:]  # Each yes names the notices, too.
    is_recent = left.at > clock.now() - WITHIN
    is_yes = bool(before) and before[0].kind in _YES
    return Undoable(topic_id, left, before[0]) if is_recent and is_yes else None


def _restored(one: Undoable) -> NewEntry:
    return NewEntry(
        subscriber_id=one.left.subscriber_id,
        kind=Kind.RESTORED,
        topic_id=one.topic_id,
        policy_id=one.given.policy_id,
        source="undo",
        actor="subscriber",
        evidence={"undoes": one.left.hash.hex(), "restores": one.given.hash.hex()},
    )
