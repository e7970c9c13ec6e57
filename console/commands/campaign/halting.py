"""`kelisim campaign pause`, `resume` and `stop`: who stops is in a hurry, so little is read."""

import click

from console.frame import actor, verb
from console.output import Answer
from mailing.deliveries import halting
from mailing.deliveries.halting import Counted


@click.command()
@click.argument("id", type=int)
@verb
def pause(id: int) -> Answer:
    """Pause: what is being handed over finishes, the rest waits."""
    return _counted(halting.pause(id, actor()))


@click.command()
@click.argument("id", type=int)
@verb
def resume(id: int) -> Answer:
    """Go on with a paused campaign."""
    return _counted(halting.resume(id, actor()))


@click.command()
@click.argument("id", type=int)
@verb
def stop(id: int) -> Answer:
    """Stop for good: who has not got it by now does not get it."""
    return _counted(halting.stop(id, actor()))


def _counted(counted: Counted) -> Answer:
    said = f"Campaign {counted.id} is {counted.state}."
    return Answer(counted, f"{said} Out: {counted.out}. Stopped: {counted.stopped}.")
