"""`kelisim campaign`: where each one is, how far one is, and what is sent again."""

from typing import Any

import click

from console.counts import status_text
from console.frame import actor, verb
from console.output import Answer, plain, table
from mailing.base.errors import Invalid
from mailing.campaigns import campaigns
from mailing.campaigns.campaigns import Campaign
from mailing.deliveries import status


@click.command("list")
@verb
def list_() -> Answer:
    """List the campaigns and notices, newest first."""
    shown = [_shown(one) for one in campaigns.by_state()]
    if not shown:
        return Answer([], "There is no campaign yet.")
    return Answer(shown, table([list(row.values()) for row in shown], list(shown[0])))


@click.command("status")
@click.argument("id", type=int)
@verb
def status_(id: int) -> Answer:
    """Say how far a campaign is; the outcomes add up to the audience."""
    found = plain(status.status(id))
    return Answer(found, status_text(found))


@click.command()
@click.argument("id", type=int)
@click.option("--uncertain", "is_meant", is_flag=True, required=True, help="Only these.")
@verb
def resend(id: int, is_meant: bool) -> Answer:
    """Send again to the uncertain; somebody may get it twice, so a person decides."""
    if not is_meant:
        raise Invalid("Say --uncertain: nothing else can be sent again.")
    again = status.resend_uncertain(id, actor())
    return Answer({"id": id, "resent": again}, f"{again} sent again.")


def _shown(campaign: Campaign) -> dict[str, Any]:
    return {
        "id": campaign.id,
        "kind": campaign.kind,
        "state": campaign.state,
        "audience": campaign.audience,
        "created_at": campaign.created_at,
        "started_at": campaign.started_at,
        "finished_at": campaign.finished_at,
    }
