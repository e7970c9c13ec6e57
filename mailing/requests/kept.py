"""Kept: the messages that asked for nothing, as far as the reading could tell, and were shown to
nobody. Whoever doubts one puts it on the desk, where it is read and pressed like any other.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from mailing.base.database import db
from mailing.base.errors import Missing
from mailing.inbound import messages
from mailing.inbound.messages import InboundMessage
from mailing.requests import incoming
from mailing.requests.incoming import Taken
from mailing.staff import audit
from mailing.staff.audit import Actor

ACTIONS = ("kept", "ignored")
SHOWN = 100


@dataclass(frozen=True)
class Line:
    """One of them; no word of the message stands here."""

    id: int
    kind: str
    action: str
    reason: str
    received_at: datetime


def listed(before: int | None = None) -> list[Line]:
    """The newest of them; older than one of them where its id is given."""
    query = select(InboundMessage).where(InboundMessage.action.in_(ACTIONS))
    if before is not None:
        query = query.where(InboundMessage.id < before)
    found = db.session.scalars(query.order_by(InboundMessage.id.desc()).limit(SHOWN))
    return [_line(one) for one in found]


def take_up(inbound_id: int, actor: Actor) -> Taken:
    """Put it on the desk; the same again is the same request. Commits. Raises Missing for what was
    not kept."""
    message = messages.find(inbound_id)
    if message is None or not (message.action in ACTIONS or message.request_id is not None):
        raise Missing(f"There is no kept message {inbound_id}.")
    if message.request_id is not None:
        return Taken.of(message)
    audit.record(actor, "message put on the desk", f"message {inbound_id}", kind=message.kind)
    return incoming.show(inbound_id, actor.name)


def _line(message: InboundMessage) -> Line:
    return Line(message.id, message.kind, message.action, message.reason, message.received_at)
