"""`kelisim ledger`: is the record of consents whole?"""

from datetime import datetime

import click

from console.frame import verb
from console.options import moment
from console.output import Answer
from mailing.people import ledger as entries


@click.group()
def ledger() -> None:
    """The record of consents."""


@ledger.command()
@click.option("--since", callback=moment, help="A time, as 2026-03-01T09:00:00Z.")
@verb
def verify(since: datetime | None) -> Answer:
    """Check the chains; exit 1 names the first broken entry."""
    broken = next(entries.verify(since), None)
    if broken is None:
        return Answer({"ok": True, "broken": None}, "Every chain is whole.")
    subscriber, seq, trouble = broken
    named = {"subscriber": subscriber, "entry": seq, "trouble": trouble}
    said = f"Broken: entry {seq} of subscriber {subscriber}: {trouble}."
    return Answer({"ok": False, "broken": named}, said, exit_code=1)
