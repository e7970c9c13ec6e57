"""`kelisim sending`: the switch that lets anything leave."""

import click

from console.frame import actor, verb
from console.output import Answer
from mailing.backups import restores
from mailing.base import installation
from mailing.base.errors import NotReady
from mailing.leaving import replay
from mailing.staff import audit


@click.group()
def sending() -> None:
    """The switch that lets messages leave."""


@sending.command()
@verb
def on() -> Answer:
    """Let messages leave again, once the withdrawal journal is whole and no restore is open."""
    restores.demand_finished()
    installation.switch_sending(True)
    audit.record(actor(), "sending switched on", "installation")
    # The journal has the last word: where it is not whole, it switches sending off again.
    replay.run()
    reason = installation.here().sending_off_reason
    if reason:
        raise NotReady(f"Sending stays off: {reason}")
    return Answer({"sending": True}, "Sending is on.")


@sending.command()
@click.option("--reason", required=True, help="What everybody who asks is told.")
@verb
def off(reason: str) -> Answer:
    """Stop every message before its gate, and say why."""
    installation.switch_sending(False, reason)
    audit.record(actor(), "sending switched off", "installation")
    return Answer({"sending": False, "reason": reason}, f"Sending is off: {reason}")
