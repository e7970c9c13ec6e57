"""`kelisim people`: subscribers, their evidence, imports."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from console.frame import actor, verb
from console.options import moment, pairs
from console.output import Answer, plain, readable, talk
from mailing.base import languages
from mailing.base.database import db
from mailing.base.settings import current
from mailing.deliveries.why import why as explain
from mailing.people import profile
from mailing.people.imports import ImportFile, Steps, import_people
from mailing.people.profile import Reason
from mailing.requests import asof
from mailing.staff import audit

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
AT_ANOTHER = "This person is now at another address; this one was theirs before."


@click.group()
def people() -> None:
    """Subscribers, their evidence, imports."""


@people.command("import")
@click.argument("file", type=FILE)
@click.option("--topic", required=True, help="The slug of the topic.")
@click.option("--map", "mapping", multiple=True, callback=pairs, help="theirs=ours; may repeat.")
@click.option("--dry-run", is_flag=True, help="Count, and write nothing.")
@verb
def import_(file: Path, topic: str, mapping: dict[str, str], dry_run: bool) -> Answer:
    """Import earlier form submissions from a CSV file, row by row."""
    wanted = ImportFile(file, topic, mapping, dry_run)
    report = import_people(wanted, actor(), Steps(db.session.commit, _tell))
    counts = plain(report)
    if not dry_run:
        audit.record(actor(), "people imported", f"topic {topic}", **_numbers(counts))
    return Answer(counts)


@people.command()
@click.argument("email")
@verb
def show(email: str) -> Answer:
    """Say what one person's standing is, topic by topic."""
    return Answer(profile.show(email))


@people.command()
@click.argument("email")
@click.option("--as-of", callback=moment, help="A time, as 2026-03-01T09:00:00+05:00.")
@click.option("--campaign", type=int, help="As of when this campaign was sent to them.")
@click.option("--stood", "is_stood", is_flag=True, help="As one object: how consent stood, too.")
@click.option(
    "--reason",
    type=click.Choice([reason.value for reason in Reason]),
    default=Reason.CHECK.value,
    help="Why it is read.",
)
@verb
def evidence(
    email: str, as_of: datetime | None, campaign: int | None, is_stood: bool, reason: str
) -> Answer:
    """Print the ledger of one person with the wording that was shown, and how consent stood.

    With --json an array of entries; with --campaign or --stood one object that holds them.
    """
    found = asof.of(email, as_of, campaign)
    entries, zone = found.entries, current().time_zone
    subject = f"subscriber {found.subscriber.id}"
    audit.record(actor(), "evidence read", subject, entries=len(entries), reason=reason)
    with languages.speaking(languages.SOURCE):
        told = [AT_ANOTHER] if found.is_former else []
        told += found.sentences(zone)
        document = found.document(zone) if is_stood or campaign is not None else entries
    return Answer(document, "\n\n".join([*told, *(readable(plain(entry)) for entry in entries)]))


@people.command()
@click.argument("email")
@click.option("--campaign", type=int, required=True, help="The id of the campaign.")
@verb
def why(email: str, campaign: int) -> Answer:
    """Say why somebody did or did not get a campaign."""
    found = explain(email, campaign)
    return Answer(found, found.sentence)


def _tell(rows: int) -> None:
    talk(f"{rows} rows read")


def _numbers(counts: dict[str, Any]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if isinstance(count, int)}
