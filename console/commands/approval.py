"""`kelisim approval`: a second person's yes to exactly what a campaign says, and to whom."""

import click

from console.frame import actor, verb
from console.output import Answer
from mailing.campaigns import approvals, campaigns
from mailing.campaigns.approvals import Approval


@click.group()
def approval() -> None:
    """A second person's yes to exactly what a campaign says, and to whom."""


@approval.command()
@click.argument("campaign", type=int)
@click.option("--note", default="", help="What the colleague should know.")
@verb
def ask(campaign: int, note: str) -> Answer:
    """Ask for an approval; until then nothing in the campaign changes."""
    return _told(approvals.ask(campaign, actor(), note))


@approval.command()
@click.argument("campaign", type=int)
@click.option("--seen", help="Only if it still is what `campaign check` calls content_hash.")
@verb
def give(campaign: int, seen: str | None) -> Answer:
    """Approve a colleague's campaign; exit 4 for one's own."""
    now = approvals.bound_to(campaigns.find(campaign))
    return _told(approvals.approve(campaign, actor(), seen or now))


@approval.command("send-back")
@click.argument("campaign", type=int)
@click.option("--note", default="", help="What is to be done.")
@verb
def send_back(campaign: int, note: str) -> Answer:
    """Say no: it is a draft again."""
    return _told(approvals.send_back(campaign, actor(), note))


@approval.command("take-back")
@click.argument("campaign", type=int)
@verb
def take_back(campaign: int) -> Answer:
    """Make it a draft again; an approval that it had is void."""
    return _told(approvals.take_back(campaign, actor()))


@approval.command()
@click.argument("campaign", type=int)
@verb
def show(campaign: int) -> Answer:
    """Say who approved it, and every step before."""
    found = campaigns.find(campaign)
    steps = [
        {"step": one.step, "actor": one.actor, "at": one.at, "note": one.note}
        for one in approvals.story(campaign)
    ]
    holds = approvals.approver(found)
    document = {
        "campaign": campaign,
        "created_by": found.created_by,
        "approved_by": holds,
        "steps": steps,
    }
    return Answer(document, f"Approved by {holds}." if holds else "No approval holds.")


def _told(step: Approval) -> Answer:
    document = {"campaign": step.campaign_id, "step": step.step, "bound_to": step.bound_to}
    return Answer(document, f"Campaign {step.campaign_id}: {step.step.replace('_', ' ')}.")
