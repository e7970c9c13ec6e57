"""Traces: what in a letter leads back to a message of ours, verified.

Only two kinds count: a token that only our keys can make, and the id of a delivery, which nobody
can guess. Whoever shows one has had the message before them; that they are its reader it does not
prove, since mail is forwarded.
"""

import re
from dataclasses import dataclass
from uuid import UUID

from mailing.base.database import db
from mailing.base.settings import current
from mailing.base.tokens import LeaveToken, LinkKeys, MailtoLeave, OptInToken, link_keys
from mailing.deliveries import addressees
from mailing.deliveries.deliveries import Delivery
from mailing.inbound.reading import Traces
from mailing.people import optins

_LINK = re.compile(r"/(?:u|preferences|agree)/([A-Za-z0-9_=-]{1,300})")
_MAILTO = re.compile(r"(unsubscribe\+[A-Za-z0-9=]{1,100})@", re.IGNORECASE)
_ID = re.compile(r"([0-9a-f]{32})(?:@|\Z)")
MOST = 50


@dataclass(frozen=True, order=True)
class Trace:
    """A message of ours that was before the author: whose, about which topic, which delivery."""

    subscriber_id: UUID
    topic_id: int
    delivery_id: UUID | None = None


def verified(traces: Traces) -> list[Trace]:
    """Each trace that is ours, once. Not of a message that went to another mailbox than its
    subscriber's: whoever shows that is somebody else."""
    return [trace for trace in _found(traces) if _is_theirs(trace)]


def shown(traces: Traces) -> set[UUID]:
    """The messages of ours that were before the author, whoever they had gone to."""
    return {trace.delivery_id for trace in _found(traces) if trace.delivery_id}


def _found(traces: Traces) -> list[Trace]:
    """At most `MOST` of each kind are looked at."""
    keys = link_keys(current().secret_keys)
    links = [_of_link(keys, link) for link in traces.leave_links[:MOST]]
    ids = [*traces.message_ids[:MOST], *traces.deliveries[:MOST]]
    found = [*links, *(_of_id(one) for one in ids)]
    return list(dict.fromkeys(trace for trace in found if trace is not None))


def _of_link(keys: LinkKeys, link: str) -> Trace | None:
    mailto = _MAILTO.search(link)
    if mailto:
        out = MailtoLeave.read(keys, mailto[1])
        return Trace(out.subscriber, out.topic_id) if out else None
    web = _LINK.search(link)
    return _of_token(keys, web[1]) if web else None


def _of_token(keys: LinkKeys, token: str) -> Trace | None:
    left = LeaveToken.read(keys, token)
    if left:
        return Trace(left.subscriber, left.topic_id, left.delivery)
    cancelled = OptInToken.read(keys, "cancel", token)
    optin = optins.find(cancelled.optin) if cancelled else None
    return Trace(optin.subscriber_id, optin.topic_ids[0]) if optin else None


def _of_id(text: str) -> Trace | None:
    named = _ID.match(text.strip(" <>").lower())
    delivery = db.session.get(Delivery, UUID(named[1])) if named else None
    if delivery is None:
        return None
    return Trace(delivery.subscriber_id, delivery.topic_id, delivery.id)


def _is_theirs(trace: Trace) -> bool:
    delivery = db.session.get(Delivery, trace.delivery_id) if trace.delivery_id else None
    return delivery is None or addressees.of(delivery) == trace.subscriber_id
