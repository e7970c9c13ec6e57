"""`kelisim notice`: the mail that announces a change of the policy."""

from pathlib import Path

import click

from console.commands.campaign.starting import Leaves, started
from console.frame import actor, verb
from console.output import Answer, write_new
from mailing.campaigns import notices
from mailing.deliveries import told
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
    return started(found.id, expect, Leaves(now))


@notice.command()
@click.option("--policy", "ref", required=True, help="The id of the policy version.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The people, as CSV.")
@click.option("--reason", default="", help="Why the list is needed; it goes into the audit log.")
@verb
def report(ref: str, out: Path | None, reason: str) -> Answer:
    """Say who was told, who was not and why, and who has left since."""
    found = notices.find_for(versions.find(ref).id)
    if out is not None:
        write_new(out, told.export(found, reason, actor()))
    return Answer(told.report(found))
