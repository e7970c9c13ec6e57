"""Whatever in a message may lead back to one of ours."""

import re

from mailing.inbound.reading import fields
from mailing.inbound.reading.fields import Fields
from mailing.inbound.reading.parts import Part
from mailing.inbound.reading.texts import shown
from mailing.inbound.reading.values import Traces

_ID = re.compile(r"<([^<>\s]{3,300})>")
_URI = re.compile(r"<\s*((?:https?|mailto):[^<>\s]{3,1000})\s*>")
_LINK = re.compile(r"https?://[^\s<>\"'()]{3,200}/(?:u|preferences)/[\w.~%=-]{8,600}")
_MOST = 50


def traces_of(message: Part, returned: Fields) -> Traces:
    """Ids, deliveries and ways out, as found and not yet verified."""
    own = [id for name in ("in-reply-to", "references") for id in _ids(message.fields, name)]
    ids = [*_ids(returned, "message-id"), *own, *_ids(returned, "references")]
    links = [
        uri
        for value in fields.every(returned, "list-unsubscribe")
        for uri in _URI.findall(value)
    ]
    return Traces(
        message_ids=_once(ids),
        deliveries=_once(fields.every(returned, "x-kelisim-delivery")),
        leave_links=_once([*links, *_LINK.findall(shown(message))]),
    )


def _ids(known: Fields, name: str) -> list[str]:
    return [id for value in fields.every(known, name) for id in _ID.findall(value)]


def _once(found: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))[:_MOST]
