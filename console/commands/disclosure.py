"""`kelisim disclosure`: personal data that a law makes the operator hand to an authority."""

from pathlib import Path
from typing import Any
from uuid import UUID

import click

from console.frame import actor, verb
from console.options import listed
from console.output import Answer, demand_new, fitted, write_new
from mailing.requests.disclosures import deciding, exporting, state
from mailing.requests.disclosures.deciding import FIELDS, Wish
from mailing.requests.disclosures.state import Disclosure, Grounds

OUT = click.Path(dir_okay=False, path_type=Path)
HEADS = ("id", "state", "fields", "rows", "asked_by", "decided_by", "created_at")


@click.group()
def disclosure() -> None:
    """Personal data that a law makes the operator hand to an authority."""


@disclosure.command()
@click.option("--basis", required=True, help="The law and its article.")
@click.option("--authority", required=True, help="Who receives the data.")
@click.option("--reason", required=True, help="What for: the letter that demands it, its number.")
@click.option("--fields", callback=listed, required=True, help=f"Of: {','.join(FIELDS)}.")
@click.option("--person", "people", multiple=True, required=True, help="An address; may repeat.")
@verb
def create(
    basis: str, authority: str, reason: str, fields: tuple[str, ...], people: tuple[str, ...]
) -> Answer:
    """Ask for a disclosure; a second person has to approve it."""
    asked = deciding.ask(Wish(Grounds(basis, authority, reason), fields, people), actor())
    return Answer(_told(asked), f"{asked.id} waits for the approval of a second person.")


@disclosure.command("list")
@verb
def list_() -> Answer:
    """List every disclosure, the newest first."""
    shown = [_told(one) for one in state.newest()]
    if not shown:
        return Answer([], "Nothing was ever disclosed.")
    return Answer(shown, fitted([[one[name] for name in HEADS] for one in shown], HEADS))


@disclosure.command()
@click.argument("id", type=click.UUID)
@verb
def approve(id: UUID) -> Answer:
    """Approve one that somebody else asked for; exit 4 for whoever asked."""
    return _after(deciding.approve(id, actor()))


@disclosure.command()
@click.argument("id", type=click.UUID)
@verb
def refuse(id: UUID) -> Answer:
    """Refuse one that somebody else asked for."""
    return _after(deciding.refuse(id, actor()))


@disclosure.command()
@click.argument("id", type=click.UUID)
@click.option("--out", type=OUT, required=True, help="The CSV to write; it must be a new file.")
@verb
def export(id: UUID, out: Path) -> Answer:
    """Write the sheet for the authority; exit 4 while nobody has approved it."""
    demand_new(out)
    asked, written = exporting.export(id, actor())
    write_new(out, written)
    said = f"{out}: {asked.rows} people, SHA-256 {asked.sha256}. It is logged for each of them."
    return Answer({**_told(asked), "file": out, "sha256": asked.sha256}, said)


def _after(asked: Disclosure) -> Answer:
    return Answer(_told(asked), f"{asked.id} is {asked.state}.")


def _told(asked: Disclosure) -> dict[str, Any]:
    return {
        "id": asked.id,
        "state": asked.state,
        **vars(asked.grounds),
        "fields": asked.fields,
        "rows": asked.rows,
        "asked_by": asked.asked_by,
        "decided_by": asked.decided_by,
        "exported_by": asked.exported_by,
        "created_at": asked.created_at,
        "decided_at": asked.decided_at,
        "exported_at": asked.exported_at,
    }
