"""Readers for a preview: the hardest cases, invented, and one real person by their address."""

from enum import StrEnum
from uuid import UUID

from mailing.base.database import db
from mailing.campaigns.campaigns import Campaign
from mailing.deliveries.message import Recipient
from mailing.people import subscribers
from mailing.people.canonical import canonical
from mailing.people.standings import of as standings_of
from mailing.people.subscribers import Subscriber
from mailing.policies import versions


class Sample(StrEnum):
    """Who reads."""

    USUAL = "usual"
    LONGEST = "longest"
    NAMELESS = "nameless"
    MARKUP = "markup"


ADDRESS = "aigul@example.com"
_FIELDS: dict[str, dict[str, str]] = {
    Sample.USUAL: {
        "surname": "Серікова",
        "given_name": "Айгүл",
        "patronymic": "Маратқызы",
        "phone": "+7 701 000 00 00",
    },
    # As long as names get: no space to break the line at, and letters that take more octets.
    Sample.LONGEST: {
        "surname": "Құттымұратов-Әбдіғаппаровский",
        "given_name": "Әбдімәліккәрімғазының-Әлиұлтанмұхаммед",
        "patronymic": "Нұрмұхаммедғалиұлының-Қыдыралыұлы",
        "phone": "+7 (701) 000-00-00, қосымша 12345",
    },
    Sample.NAMELESS: {},
    # What a form lets anybody type in; a mail shows it and never obeys it.
    Sample.MARKUP: {
        "surname": "O’Brien & Sons",
        "given_name": '<b>"Айгүл"</b> {{ email }}',
        "patronymic": "=1+1",
        "phone": "+7 701",
    },
}


def reader(sample: str) -> Recipient:
    """An invented reader; the usual one for a name that is none."""
    return Recipient(ADDRESS, {"email": ADDRESS, **_FIELDS.get(sample, _FIELDS[Sample.USUAL])})


def find(address: str) -> Subscriber | None:
    """Somebody of whom something is still known, by their exact address; raises Invalid."""
    person = subscribers.find(canonical(address))
    return person if person and person.personal else None


def person(subscriber_id: UUID, campaign: Campaign) -> Recipient | None:
    """Somebody as they would be merged: with the fields that their own yes covers."""
    found = db.session.get(Subscriber, subscriber_id)
    personal = subscribers.personal_of(found) if found else None
    if found is None or personal is None:
        return None
    standing = standings_of(found.id).get(campaign.topic_id)
    covered = versions.find(standing.policy_id).fields if standing and standing.policy_id else []
    fields = {name: text for name, text in personal.as_dict().items() if name in covered}
    return Recipient(personal.email, fields)
