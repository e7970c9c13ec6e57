"""My data: everything that is held about one person, for themselves, by a fresh link."""

from collections.abc import Callable
from typing import Any

from mailing.base import clock
from mailing.base.operator import known
from mailing.base.settings import current
from mailing.people.subscribers import Subscriber
from mailing.requests import fresh, held
from mailing.staff import audit

_SECTIONS: dict[str, Callable[[Subscriber], Any]] = {
    "person": held.person,
    "topics": held.on_topics,
    "history": held.history,
    "forms": held.forms,
    "messages": held.messages,
    "not_sent": held.considered,
    "receipts": held.receipts,
    "choices": held.chosen,
    "corrections": held.corrected,
    "address_changes": held.moves,
    "answers": held.answered,
    "letters": held.letters,
    "requests": held.asked,
    "acts": held.acts,
}


def look(token: str) -> dict[str, Any] | None:
    """All of it, for a page; None for a link that is not fresh (any more)."""
    subscriber = fresh.person_of_fresh(token)
    return _document(subscriber) if subscriber else None


def download(token: str) -> dict[str, Any] | None:
    """All of it, to be handed out; that it was stands in the audit log (policy 2.7)."""
    subscriber = fresh.person_of_fresh(token)
    if subscriber is None:
        return None
    document = _document(subscriber)
    rows = {name: len(told) for name, told in document.items() if isinstance(told, list)}
    audit.record_of_subscriber("download own data", subscriber.id, rows=rows)
    return document


def _document(subscriber: Subscriber) -> dict[str, Any]:
    settings = current()
    return {
        "made_at": clock.now(),
        "operator": known(settings).name,
        "ask": settings.helpdesk_address,
        **{name: tell(subscriber) for name, tell in _SECTIONS.items()},
    }
