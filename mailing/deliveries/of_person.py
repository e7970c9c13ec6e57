"""What was made for one person: their messages, the newest first, each with what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, tuple_

from mailing.base import paging
from mailing.base.database import db
from mailing.base.paging import Turned
from mailing.campaigns.campaigns import Campaign, State
from mailing.deliveries import why
from mailing.deliveries.deliveries import Delivery, Kind
from mailing.deliveries.why import Explained

A_PAGE = 25
# A test is looked at by staff; a login's mail is no subscriber's.
_OF_PEOPLE = (Kind.CAMPAIGN, Kind.NOTICE, Kind.CONFIRMATION, Kind.CORRESPONDENCE)


@dataclass(frozen=True)
class Message:
    """One message; `campaign` is None for a confirmation and for an answer to them."""

    delivery: Delivery
    campaign: Campaign | None
    explained: Explained


@dataclass(frozen=True)
class Page:
    """Some messages; the cursor of the page after them, None where there is none."""

    rows: list[Message]
    older: str | None = None


def page(subscriber_id: UUID, older_than: str = "") -> Page:
    """The messages of somebody; nothing of what a relay said is quoted, for it may name them."""
    query = select(Delivery).where(
        Delivery.subscriber_id == subscriber_id,
        Delivery.kind.in_([one.value for one in _OF_PEOPLE]),
    )
    moment = tuple_(Delivery.created_at, Delivery.id)
    at = paging.place(older_than)
    if at is not None:
        query = query.where(moment < at)
    order = (Delivery.created_at.desc(), Delivery.id.desc())
    found = db.session.scalars(query.order_by(*order).limit(A_PAGE + 1)).all()
    shown, _, has_older = paging.cut(found, A_PAGE, Turned(is_back=False, is_first=at is None))
    last = paging.cursor(shown[-1].created_at, shown[-1].id) if has_older else None
    return Page(_messages(shown), last)


def _messages(shown: Sequence[Delivery]) -> list[Message]:
    numbers = {one.campaign_id for one in shown if one.campaign_id is not None}
    query = select(Campaign).where(Campaign.id.in_(numbers))
    of = {campaign.id: campaign for campaign in db.session.scalars(query)}
    return [_message(one, of.get(one.campaign_id or 0)) for one in shown]


def _message(delivery: Delivery, campaign: Campaign | None) -> Message:
    is_stopped = campaign is not None and campaign.state == State.STOPPED
    told = why.of_delivery(delivery, is_stopped=is_stopped, quotes=False)
    return Message(delivery, campaign, told)
