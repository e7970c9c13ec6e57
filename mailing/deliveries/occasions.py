"""Occasions: when a campaign was sent to one person, or was kept from them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from mailing.base.database import db
from mailing.base.errors import Missing
from mailing.base.languages import gettext as _
from mailing.base.languages import quoted, spoken, time_text
from mailing.campaigns import audience, campaigns
from mailing.campaigns.campaigns import Campaign
from mailing.deliveries.deliveries import Delivery, State

# Of these the message was in the relay's hands, or may have been.
_SENT = (State.SEALED, State.ACCEPTED, State.REFUSED, State.UNCERTAIN)


@dataclass(frozen=True)
class Occasion:
    """A campaign and one person: the moment that it was decided about them, and how.

    `allowed_by` is the id of the entry that the gate let it pass by; `reason` says why nothing
    was sent.
    """

    campaign: Campaign
    moment: datetime
    was_sent: bool
    reason: str | None = None
    allowed_by: int | None = None

    @property
    def subject(self) -> str:
        """The subject in the language spoken, or in the campaign's own."""
        return self.campaign.content_in(spoken()).subject

    def sentence(self, zone: str) -> str:
        """The moment in words, with what was done then, in the language spoken."""
        values = {
            "moment": time_text(self.moment, zone),
            "number": self.campaign.id,
            "subject": quoted(self.subject),
        }
        if self.was_sent:
            return _(
                "%(moment)s, when campaign %(number)s (%(subject)s) was sent to them,", **values
            )
        return _("%(moment)s, when campaign %(number)s (%(subject)s) was kept from them,", **values)


def of(campaign_id: int, subscriber_id: UUID) -> Occasion:
    """When a campaign was sent to somebody, or kept from them. Raises Missing where neither has
    happened."""
    campaign = campaigns.find(campaign_id)
    query = select(Delivery).where(
        Delivery.campaign_id == campaign.id, Delivery.subscriber_id == subscriber_id
    )
    delivery = db.session.scalars(query).one_or_none()
    return _of_delivery(campaign, delivery) if delivery else _at_start(campaign, subscriber_id)


def _of_delivery(campaign: Campaign, delivery: Delivery) -> Occasion:
    was_sent = delivery.state in _SENT
    moment = (delivery.sealed_at or delivery.opened_at) if was_sent else delivery.finished_at
    moment = moment or delivery.finished_at
    if moment is None:
        raise Missing(f"Campaign {campaign.id} is still on its way to them.")
    return Occasion(
        campaign, moment, was_sent, delivery.reason, delivery.allowed_by if was_sent else None
    )


def _at_start(campaign: Campaign, subscriber_id: UUID) -> Occasion:
    if campaign.started_at is None or campaign.audience is None:
        raise Missing(f"Campaign {campaign.id} has not been sent.")
    is_considered, reason = audience.reason_at_start(campaign, subscriber_id)
    if is_considered and reason is None:
        raise Missing(f"Campaign {campaign.id} is still on its way to them.")
    return Occasion(campaign, campaign.started_at, False, reason)
