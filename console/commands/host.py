"""`kelisim host`: machines that send."""

from uuid import UUID

import click

from console.frame import actor, verb
from console.output import Answer
from mailing.deliveries import incarnations
from mailing.staff import audit


@click.group()
def host() -> None:
    """Machines that send."""


@host.command()
@click.argument("id", type=click.UUID)
@verb
def fence(id: UUID) -> Answer:
    """Declare a host that is gone for good dead, so that its work is settled elsewhere.

    Do this only when the machine cannot come back: what it had handed over without an answer
    becomes uncertain.
    """
    fenced = incarnations.fence_host(id)
    audit.record(actor(), "host fenced", f"host {id}", incarnations=fenced)
    return Answer({"host": id, "fenced": fenced}, f"{fenced} processes of host {id} are fenced.")
