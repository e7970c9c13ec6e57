"""One person's history with what came back about mail to them, in the shape of the evidence."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from mailing.base.database import db
from mailing.deliveries.deliveries import Delivery
from mailing.deliveries.returns import Came, Return
from mailing.deliveries.storms import Storm
from mailing.inbound.messages import InboundMessage
from mailing.people import profile

RETURNED = "returned"
# What an entry of the ledger says besides, and a return has nothing to say about.
_ELSEWHERE = ("seq", "topic", "policy", "overtaken", "wording", "form", "private", "hash")


def evidence_of(address: str, as_of: datetime | None = None) -> list[dict[str, Any]]:
    """The evidence of one person up to a time (`profile.evidence_of`); each bounce and complaint
    about mail to them stands between, in the order of time, without a `seq`. Raises Missing."""
    return entries_of(profile.sought(address)[0].id, as_of)


def entries_of(subscriber_id: UUID, as_of: datetime | None = None) -> list[dict[str, Any]]:
    """The same of somebody who is known by their number."""
    back = [one for one in came_back(subscriber_id) if as_of is None or one["at"] <= as_of]
    return sorted([*profile.entries_of(subscriber_id, as_of), *back], key=lambda one: one["at"])


def came_back(subscriber_id: UUID) -> list[dict[str, Any]]:
    """The bounces and complaints about mail to one person, oldest first."""
    query = (
        select(Return, Delivery, InboundMessage.action, Storm.state)
        .outerjoin(Delivery, Delivery.id == Return.delivery_id)
        .outerjoin(InboundMessage, InboundMessage.id == Return.inbound_id)
        .outerjoin(Storm, Storm.id == Return.storm_id)
        .where(Return.subscriber_id == subscriber_id, Return.kind != Came.SEEN.value)
        .order_by(Return.at, Return.id)
    )
    rows = db.session.execute(query).all()
    return [_told(back, delivery, _done(action, storm)) for back, delivery, action, storm in rows]


def _done(action: str | None, storm: str | None) -> str:
    """What was done about it: by a person where it belongs to a storm, else by its message."""
    if storm is not None:
        return "held_back" if storm == "open" else storm
    return action or "noted"


def _told(returned: Return, delivery: Delivery | None, done: str) -> dict[str, Any]:
    nothing = dict.fromkeys(_ELSEWHERE, None)
    left_at = delivery.sealed_at if delivery and _has_left(delivery) else None
    told = {"at": returned.at, "kind": RETURNED, "source": "returned", "actor": "kelisim"}
    body = {
        "came": returned.kind,
        "status": returned.status or None,
        "campaign": returned.campaign_id,
        "about": delivery.kind if delivery else None,
        "handed_over_at": left_at.isoformat() if left_at else None,
        "done": done,
    }
    return {**nothing, **told, "above": [], "evidence": body}


def _has_left(delivery: Delivery | None) -> bool:
    return delivery is not None and delivery.sealed_at is not None
