"""`kelisim register`: the registers as documents, for an inspector."""

from dataclasses import asdict
from datetime import datetime

import click

from console import options
from console.frame import actor, verb
from console.output import Answer, fitted
from mailing.requests import incidents
from mailing.requests.incidents import Line, Nature, NewIncident
from mailing.requests.registers import breaches, processing, year

HEADS = ("number", "state", "nature", "people", "overdue", "title")


@click.group()
def register() -> None:
    """The registers of processing, of incidents, and of the year's requests."""


@register.command("processing")
@verb
def processing_() -> Answer:
    """What is processed, why, where it comes from, who carries it, by which terms."""
    return Answer(asdict(processing.register()))


@register.command("incidents")
@verb
def incidents_() -> Answer:
    """Every breach of personal data that is written down, with its lines."""
    found = breaches.register()
    rows = [[one[name] for name in HEADS] for one in found]
    return Answer(found, fitted(rows, HEADS) if rows else "No incident is written down.")


@register.command("year")
@click.option("--year", "asked", type=int, help="This year, where none is said.")
@verb
def year_(asked: int | None) -> Answer:
    """What was asked for in a year, by which way, how it ended, how long it took."""
    wanted = year.this_year() if asked is None else asked
    told = year.report(wanted, breaches.of_year(wanted))
    return Answer(asdict(told), fitted([list(row) for row in year.as_rows(told)], year.HEADS))


@register.command("incident")
@click.argument("title")
@click.option("--nature", type=click.Choice([one.value for one in Nature]), required=True)
@click.option("--text", "words", required=True, help="What is known and done; names nobody.")
@click.option("--people", type=click.IntRange(min=0), help="How many it concerns, if known.")
@click.option("--detected", callback=options.moment, help="When it was noticed (RFC 3339); now.")
@verb
def incident(
    title: str, nature: str, words: str, people: int | None, detected: datetime | None
) -> Answer:
    """Write down a breach; the authority is told by the evening of the next working day."""
    new = NewIncident(title, Nature(nature), words, people, detected)
    return _told(incidents.record(new, actor()))


@register.command("line")
@click.argument("id")
@click.argument("what", type=click.Choice([one.value for one in Line if one is not Line.OPENED]))
@click.option("--text", "words", required=True, help="The register keeps it; names nobody.")
@verb
def line(id: str, what: str, words: str) -> Answer:
    """Add a line to an incident: noted, reported to the authority (or exempt: why it need not be),
    told to people, closed."""
    return _told(incidents.add(incidents.named(id).id, Line(what), words, actor()))


def _told(found: incidents.Incident) -> Answer:
    return Answer(breaches.told(found), f"{found.number}: {found.state}.")
