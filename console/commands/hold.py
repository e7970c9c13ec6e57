"""`kelisim hold`: what may not be destroyed yet, on which basis and until when."""

from datetime import date
from typing import Any

import click

from console.frame import actor, verb
from console.options import day, listed
from console.output import Answer, fitted
from mailing.people import profile
from mailing.requests import holds
from mailing.requests.holds import LegalHold

HEADS = ("id", "until", "basis", "kept", "placed_by")


@click.group()
def hold() -> None:
    """Legal holds: data that may not be destroyed yet."""


@hold.command()
@click.argument("email")
@click.option("--basis", required=True, help="The law or case; stands in the certificate.")
@click.option("--until", required=True, callback=day, help="The last day, as 2027-03-31.")
@click.option("--only", callback=listed, help="inbound_messages,requests,answers; else everything.")
@verb
def place(email: str, basis: str, until: date, only: tuple[str, ...] | None) -> Answer:
    """Keep somebody's data from destruction."""
    person = profile.of_address(email)
    placed = holds.place(person.id, basis, until, actor(), only or ())
    return Answer(_told(placed), f"Hold {placed.id} keeps these data until {until}.")


@hold.command()
@click.argument("id", type=int)
@verb
def lift(id: int) -> Answer:
    """End a hold before its day."""
    return Answer(_told(holds.lift(id, actor())), f"Hold {id} is lifted.")


@hold.command()
@click.argument("email")
@verb
def show(email: str) -> Answer:
    """List the holds on somebody's data."""
    found = [_told(one) for one in holds.of(profile.of_address(email).id)]
    rows = [[one[name] for name in HEADS] for one in found]
    return Answer(found, fitted(rows, HEADS) if rows else "No hold.")


def _told(found: LegalHold) -> dict[str, Any]:
    return {
        "id": found.id,
        "subscriber": found.subscriber_id,
        "basis": found.basis,
        "kept": list(found.kept),
        "until": found.until,
        "placed_by": found.placed_by,
        "placed_at": found.placed_at,
        "lifted_by": found.lifted_by,
        "lifted_at": found.lifted_at,
    }
