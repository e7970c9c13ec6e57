"""Requests that no message holds: from the form on our site, on paper, by telephone.

The form's answer is the same for everybody, with the number at once. Its mail goes to the address
that was typed, known or not, and until its button is pressed the request waits apart: a stranger
can type any address.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mailing.base import clock
from mailing.base.errors import Invalid
from mailing.people import subscribers
from mailing.people.address import Address
from mailing.people.canonical import canonical
from mailing.requests import acknowledging, inquiries, pausing, timeline
from mailing.requests.correspondent import Correspondent
from mailing.requests.inquiries import What
from mailing.requests.kinds import RIGHTS, Channel, Identity, Kind, PauseReason
from mailing.requests.requests import NewRequest, Request, open_request
from mailing.requests.wordings import broken
from mailing.staff import audit
from mailing.staff.audit import Actor

LONGEST = 5000
# A letter may have lain for a while; one of another year is a slip of the hand.
OLDEST = timedelta(days=90)


@dataclass(frozen=True)
class Asking:
    """What somebody asks for: rights, an address where one is known, and their own words."""

    rights: tuple[Kind, ...]
    email: str = ""
    words: str = ""
    language: str | None = None


def file_by_form(asking: Asking) -> Request:
    """A request by the form. Raises Invalid with the field."""
    if not asking.email.strip():
        raise Invalid("Enter an address like name@example.kz.", field="email")
    request = open_request(_new(asking, Channel.FORM))
    request.identity = Identity.ASKED.value
    inquiry = inquiries.begin(What.IDENTITY, request.id, request.subscriber_id)
    acknowledging.ask_to_confirm(request, inquiry.link)
    pausing.hold(request, PauseReason.IDENTITY, timeline.OURSELVES)
    return request


def register(
    asking: Asking, channel: Channel, actor: Actor, received_at: datetime | None = None
) -> Request:
    """A request that came on paper or by telephone, written down by staff on somebody's behalf; its
    clock began when it came. Raises Invalid with the field."""
    if channel not in (Channel.LETTER, Channel.STAFF):
        raise Invalid("Say whether it came on paper or was told to staff.", field="channel")
    at = received_at or clock.now()
    if not clock.now() - OLDEST <= at <= clock.now():
        raise Invalid("Enter the day on which it came: within 90 days, up to now.", field="came")
    request = open_request(_new(asking, channel, actor.name, at))
    kinds = [one.value for one in asking.rights]
    audit.record(
        actor, "request registered", f"request {request.number}", channel=channel.value, kinds=kinds
    )
    return request


def _new(
    asking: Asking, channel: Channel, actor: str = "subscriber", at: datetime | None = None
) -> NewRequest:
    kinds = _rights(asking)
    address = canonical(asking.email) if asking.email.strip() else None
    found = subscribers.find(address) if address else None
    return NewRequest(
        kind=kinds[0],
        more=kinds[1:],
        channel=channel,
        subscriber_id=found.id if found else None,
        language=asking.language,
        received_at=at,
        correspondent=_correspondent(address),
        actor=actor,
        told=_words(asking.words),
    )


def _correspondent(address: Address | None) -> Correspondent | None:
    return Correspondent(address.display) if address else None


def _rights(asking: Asking) -> tuple[Kind, ...]:
    if not asking.rights:
        raise Invalid("Choose what is asked for.", field="right")
    if set(asking.rights) - set(RIGHTS):
        raise Invalid("Only a right of the list can be asked for here.", field="right")
    return tuple(kind for kind in RIGHTS if kind in asking.rights)


def _words(text: str) -> str:
    words = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ").strip()
    if len(words) > LONGEST:
        raise Invalid(f"Write {LONGEST} characters at the most.", field="told")
    if broken(words):
        raise Invalid("Enter plain text; a character in it cannot be kept.", field="told")
    return words
