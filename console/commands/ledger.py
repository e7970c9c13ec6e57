"""`kelisim ledger`: is the record of consents whole?"""

from datetime import datetime
from time import monotonic

import click
from sqlalchemy import func, select

from console.frame import verb
from console.options import moment
from console.output import Answer, talk
from mailing.base.database import db
from mailing.leaving import proofs
from mailing.people import ledger as entries
from mailing.people.subscribers import Subscriber

SECONDS_BETWEEN = 2.0


class Progress:
    """Says on standard error how far it is, every two seconds."""

    def __init__(self, everybody: int) -> None:
        self.everybody, self.people, self.entries = everybody, 0, 0
        self._begun = self._told = monotonic()

    def __call__(self, people: int, entries: int) -> None:
        self.people, self.entries = people, entries
        if monotonic() - self._told < SECONDS_BETWEEN:
            return
        self._told = monotonic()
        rate = entries / (self._told - self._begun)
        talk(f"{entries:,} entries of {self._share} checked, {rate:,.0f} a second")

    @property
    def _share(self) -> str:
        return f"{self.people:,} of {self.everybody:,} people"


@click.group()
def ledger() -> None:
    """The record of consents."""


@ledger.command()
@click.option("--since", callback=moment, help="A time, as 2026-03-01T09:00:00Z.")
@verb
def verify(since: datetime | None) -> Answer:
    """Check the chains, then the receipts; exit 1 names the first that is broken."""
    progress = Progress(db.session.scalar(select(func.count()).select_from(Subscriber)) or 0)
    broken = next(entries.verify(since, progress), None)
    if broken is not None:
        return _broken_entry(*broken)
    forged = next(proofs.verify(since), None)
    if forged is not None:
        return _broken_receipt(*forged)
    counted = {"people": progress.people, "entries": progress.entries}
    said = f"Every chain is whole: {progress.entries:,} entries of {progress.people:,} people."
    return Answer({"ok": True, "broken": None, **counted}, said)


def _broken_entry(subscriber: object, seq: int, trouble: str) -> Answer:
    named = {"subscriber": subscriber, "entry": seq, "trouble": trouble}
    said = f"Broken: entry {seq} of subscriber {subscriber}: {trouble}."
    return Answer({"ok": False, "broken": named}, said, exit_code=1)


def _broken_receipt(number: str, trouble: str) -> Answer:
    named = {"receipt": number, "trouble": trouble}
    said = f"Every chain is whole. Broken: receipt {number}: {trouble}."
    return Answer({"ok": False, "broken": named}, said, exit_code=1)
