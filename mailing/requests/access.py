"""My data: everything that is held about one person, for themselves, by a fresh link."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from mailing.base import clock
from mailing.base.operator import known
from mailing.base.settings import current
from mailing.people.subscribers import Subscriber
from mailing.requests import fresh, held
from mailing.requests.bundles import state as bundles
from mailing.requests.bundles.state import Bundle, NewBundle
from mailing.staff import audit

BEFORE_ANOTHER = timedelta(hours=1)
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


def order(token: str) -> dict[str, Any] | None:
    """Have everything made into one file, whose link is mailed to the address on file; what the
    page shows. None for a link that is not fresh (any more)."""
    subscriber = fresh.person_of_fresh(token)
    if subscriber is None:
        return None
    if not _is_on_its_way(bundles.newest_by(subscriber.id)):
        bundles.ask(NewBundle(subscriber.id, is_by_person=True))
        audit.record_of_subscriber("bundle ordered", subscriber.id)
    return _document(subscriber)


def _is_on_its_way(bundle: Bundle | None) -> bool:
    """Whether one is being made, or waits for its person: pressing again makes no second one
    within the hour, in which the mail may still arrive."""
    if bundle is None or bundle.state not in bundles.HELD:
        return False
    released = bundle.released_at
    return released is None or released > clock.now() - BEFORE_ANOTHER


def _document(subscriber: Subscriber) -> dict[str, Any]:
    settings = current()
    return {
        "made_at": clock.now(),
        "operator": known(settings).name,
        "ask": settings.helpdesk_address,
        "bundle": _told(bundles.newest_by(subscriber.id)),
        **{name: tell(subscriber) for name, tell in _SECTIONS.items()},
    }


def _told(bundle: Bundle | None) -> dict[str, Any] | None:
    """How far the file is that somebody asked for themselves."""
    if bundle is None:
        return None
    return {
        "state": bundle.state,
        "done": bundle.done,
        "steps": bundle.steps,
        "asked_at": bundle.created_at,
        "expires_at": bundle.expires_at,
        "taken_at": bundle.taken_at,
    }
