"""`kelisim campaign start`, and the same for a notice."""

from datetime import datetime
from typing import NamedTuple

import click

from console.counts import people
from console.frame import actor, verb
from console.options import moment
from console.output import Answer
from mailing.base.errors import Invalid
from mailing.deliveries import dispatch


@click.command()
@click.argument("id", type=int)
@click.option("--expect", type=int, help="Start only if exactly so many people will get it.")
@click.option("--now", is_flag=True, help="Without the holding window.")
@click.option("--at", callback=moment, help="When it leaves, as 2026-11-27T09:00+05:00.")
@verb
def start(id: int, expect: int | None, now: bool, at: datetime | None) -> Answer:
    """Start a campaign; exit 3 not ready, 4 not approved, 5 another count or state."""
    return started(id, expect, Leaves(now, at))


class Leaves(NamedTuple):
    """When a campaign leaves: now, or at a moment; neither: after the holding window."""

    now: bool = False
    at: datetime | None = None


def started(id: int, expect: int | None, leaves: Leaves) -> Answer:
    """Start a campaign or a notice, and say what will happen."""
    if leaves.now and leaves.at:
        raise Invalid("Say --now or --at, not both.", field="at")
    begun = dispatch.start(id, actor(), expect, leaves.now, leaves.at)
    when = f"at {begun.release_at:%Y-%m-%d %H:%M:%S} UTC" if begun.release_at else "now"
    return Answer(begun, f"Campaign {id} goes to {people(begun.will_receive)}, {when}.")
