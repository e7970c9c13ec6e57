"""Counting clicks: off until an installation wants it, and then only of campaigns that say so.

What is counted is a sum for each link, never a person's doing; the policy knows statistics of no
other kind (3.4, 4.2). A notice is there to be told and not to be measured, so its links are never
counted.
"""

from mailing.base.database import db
from mailing.base.errors import Conflict
from mailing.base.installation import here
from mailing.base.languages import gettext as _
from mailing.campaigns import campaigns
from mailing.campaigns.campaigns import Campaign, Kind
from mailing.staff.audit import Actor, record


def is_on() -> bool:
    """Whether this installation counts clicks at all."""
    return here().clicks_counted


def switch(on: bool, actor: Actor) -> None:
    """Let campaigns count clicks, or count none from now on. Links that are out go on leading to
    their targets."""
    row = here()
    if row.clicks_counted != on:
        row.clicks_counted = on
        record(actor, "clicks counted" if on else "clicks not counted", "installation")


def choose(campaign_id: int, on: bool, actor: Actor) -> Campaign:
    """Let a draft count the clicks on its links, or not.

    Raises Conflict for what is no draft, for a notice, and while the installation counts none.
    """
    campaign = campaigns.lock(campaign_id)
    if on and not is_on():
        raise Conflict(_("Clicks are not counted here: an admin can allow it in the settings."))
    if campaign.kind == Kind.NOTICE:
        raise Conflict(_("The links of a notice are not counted."))
    campaigns.demand_draft(campaign)
    if campaign.counts_clicks != on:
        campaign.counts_clicks = on
        db.session.flush()
        action = "campaign counts clicks" if on else "campaign counts no clicks"
        record(actor, action, f"campaign {campaign.id}")
    return campaign


def is_wanted(campaign: Campaign) -> bool:
    """Whether the links of a campaign would be counted if it started now."""
    return campaign.counts_clicks and is_on()
