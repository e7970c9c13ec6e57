"""`kelisim bounces`: storms of bounces that are held back, and a person's decision about each."""

from typing import Any

import click

from console.frame import actor, verb
from console.output import Answer, table
from mailing.deliveries import storms
from mailing.deliveries.storms import Storm
from mailing.staff.permissions import Act, demand

TOLD = ("id", "provider", "messages", "sample", "began_at")


@click.group()
def bounces() -> None:
    """Storms of bounces that are held back until a person decides."""


@bounces.command("list")
@verb
def list_() -> Answer:
    """List the storms that wait for a decision, the oldest first."""
    _may()
    shown = [_told(*one) for one in storms.undecided()]
    if not shown:
        return Answer([], "Nothing is held back.")
    return Answer(shown, table([[row[name] for name in TOLD] for row in shown], TOLD))


@bounces.command()
@click.argument("id", type=int)
@verb
def suppress(id: int) -> Answer:
    """Suppress everybody in a storm: these mailboxes do not exist."""
    return _decided(id, suppress=True)


@bounces.command()
@click.argument("id", type=int)
@verb
def forget(id: int) -> Answer:
    """Forget a storm: its bounces count against nobody, and those it suppressed are let go."""
    return _decided(id, suppress=False)


def _decided(storm_id: int, *, suppress: bool) -> Answer:
    _may()
    number = storms.decide(storm_id, suppress, actor())
    state = "suppressed" if suppress else "forgotten"
    told = {"id": storm_id, "state": state, "messages": number}
    return Answer(told, f"Storm {storm_id} is {state}; messages in it: {number}.")


def _may() -> None:
    demand(actor().role, Act.DECIDE_BOUNCES)


def _told(storm: Storm, messages: int) -> dict[str, Any]:
    return {
        "id": storm.id,
        "provider": storm.provider,
        "messages": messages,
        "sample": storm.sample,
        "state": storm.state,
        "began_at": storm.began_at,
        "last_at": storm.last_at,
    }
