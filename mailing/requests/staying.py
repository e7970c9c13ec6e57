"""Staying: what is kept of a person who is destroyed, why, and until when.

Nothing of it leads to the person without our key: a digest that keeps the address out, facts under
a random id, numbers.
"""

from datetime import timedelta
from typing import Any

from mailing.base import clock
from mailing.base.settings import current
from mailing.requests import whose
from mailing.requests.whose import Person

FOR_EVER = None
# Each with the tables that are counted; the words for people stand in the templates.
_STAYS: dict[str, tuple[str, ...]] = {
    "suppression": (),
    "ledger": ("ledger",),
    "outcomes": ("deliveries", "returns"),
    "receipts": ("receipts",),
    "requests": ("requests", "request_events"),
    "acts": ("audit_log",),
}
_WHY = {
    "suppression": "a keyed digest, so that nothing brings the address back against its no",
    "ledger": "what was agreed to and taken back, under a random id: proof for both sides",
    "outcomes": "what became of messages, under a random id, for the campaigns' numbers",
    "receipts": "the answers that the person holds can still be verified",
    "requests": "that it was asked for, when, and how it ended; without the words",
    "acts": "who of the staff did what, under a random id",
    "certificate": "this certificate",
    "journal": "the keyed digest beside the random id, so that no backup undoes what was destroyed",
    "send journals": "which message went to which keyed digest, a week longer than any backup",
    "backups": "each until its key is destroyed; restoring one destroys again",
    "database log": "the database's own log and free space, until they are overwritten",
}


def told(who: Person) -> list[dict[str, Any]]:
    """Each thing that stays: what, how many rows, why, until when (None: for ever, or as said)."""
    rows = whose.numbers((table for tables in _STAYS.values() for table in tables), who)
    counted = [
        {"what": name, "rows": _sum(tables, rows, who), "why": _WHY[name], "until": FOR_EVER}
        for name, tables in _STAYS.items()
    ]
    others = {
        "certificate": FOR_EVER,
        "journal": FOR_EVER,
        "send journals": FOR_EVER,
        "backups": _last_backup(),
        "database log": FOR_EVER,
    }
    uncounted = [
        {"what": name, "rows": None, "why": _WHY[name], "until": until}
        for name, until in others.items()
    ]
    return [*counted, *uncounted]


def _last_backup() -> str:
    """The day, by UTC as keys have it, on which that of a backup of today is destroyed
    (backups/keys.py): no later one holds the person."""
    return f"{clock.now().date() + timedelta(days=current().backup_days)}"


def _sum(tables: tuple[str, ...], rows: dict[str, int], who: Person) -> int:
    """For the digest that keeps the address out: one for each address."""
    if not tables:
        return len(who.digests)
    return sum(rows[table] for table in tables)
