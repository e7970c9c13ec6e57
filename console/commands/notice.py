"""`kelisim notice`: the mail that announces a change of the policy."""

import click

from console.commands.campaign import started
from console.frame import verb
from console.output import Answer
from mailing.campaigns import notices
from mailing.policies import versions


@click.group()
def notice() -> None:
    """The mail that announces a change of the policy."""


@notice.command()
@click.option("--policy", "ref", required=True, help="The id of the policy version.")
@click.option("--expect", type=int, help="Start only if exactly so many people will get it.")
@click.option("--now", is_flag=True, help="Without the holding window.")
@verb
def send(ref: str, expect: int | None, now: bool) -> Answer:
    """Start the notice that publishing drafted; it passes the same gate as every campaign."""
    policy = versions.find(ref)
    found = notices.find_for(policy.id)
    return started(found.id, expect, now)
