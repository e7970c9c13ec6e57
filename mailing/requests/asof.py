"""Evidence as of a moment: how consent stood then, on what it rested, and every entry up to it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from mailing.base import clock
from mailing.base.errors import Invalid
from mailing.base.languages import gettext as _
from mailing.base.languages import spoken, time_text
from mailing.deliveries import occasions
from mailing.deliveries.occasions import Occasion
from mailing.inbound import history
from mailing.people import ledger, profile, stood, topics
from mailing.people.stood import Stood
from mailing.people.subscribers import Subscriber
from mailing.people.topics import Topic
from mailing.requests import handed

Fact = dict[str, Any]


@dataclass(frozen=True)
class AsOf:
    """One person at one moment. `occasion` is the campaign that the moment is taken from;
    `silent` its topic, where nothing had been said on it."""

    subscriber: Subscriber
    is_former: bool
    moment: datetime
    occasion: Occasion | None
    stood: list[Stood]
    silent: Topic | None
    entries: list[Fact]

    def sentences(self, zone: str) -> list[str]:
        """How each topic stood, in the language spoken."""
        said = self.occasion.sentence(zone) if self.occasion else None
        found = [one.sentence(zone, said) for one in self.stood]
        return found or ([self._silence(self.silent, zone, said)] if self.silent else [])

    def document(self, zone: str) -> Fact:
        """All of it in plain shapes, as the command and the page hand it out."""
        return {
            "subscriber": str(self.subscriber.id),
            "now_at_another_address": self.is_former,
            "as_of": self.moment,
            "campaign": self._campaign(),
            "sentences": self.sentences(zone),
            "topics": [self._topic(one, zone) for one in self.stood],
            "entries": self.entries,
        }

    def _campaign(self) -> Fact | None:
        if self.occasion is None:
            return None
        told = self.occasion
        return {
            "id": told.campaign.id,
            "subject": told.subject,
            "was_sent": told.was_sent,
            "reason": told.reason,
            "let_through_by": self._seq_of(told.allowed_by),
        }

    def _seq_of(self, entry_id: int | None) -> int | None:
        """The number in their chain of the entry that the gate let the message pass by."""
        found = ledger.history(self.subscriber.id) if entry_id is not None else []
        return next((one.seq for one in found if one.id == entry_id), None)

    def _topic(self, one: Stood, zone: str) -> Fact:
        said = self.occasion.sentence(zone) if self.occasion else None
        agreed = profile.told(one.agreed) if one.agreed else None
        return {
            "topic": one.topic.slug,
            "state": one.state,
            "valid": one.is_valid,
            "since": one.blocked_since if one.is_blocked else one.said.at,
            "asked_at": one.asked.at if one.asked else None,
            "sentence": one.sentence(zone, said),
            "agreed": agreed,
        }

    def _silence(self, topic: Topic, zone: str, said: str | None) -> str:
        name = topics.name_in(topic, spoken())
        moment = said or time_text(self.moment, zone)
        return _("On %(moment)s nothing had been said on “%(topic)s”.", moment=moment, topic=name)


def of(address: str, moment: datetime | None = None, campaign_id: int | None = None) -> AsOf:
    """The evidence of whoever is, or was, at an address: as of a moment (now where none is said),
    or of the moment that a campaign was sent to them. Raises Missing, and Invalid for both."""
    if moment is not None and campaign_id is not None:
        raise Invalid("Name a time or a campaign, not both.", "campaign")
    subscriber, is_former = profile.sought(address)
    occasion = occasions.of(campaign_id, subscriber.id) if campaign_id is not None else None
    at = occasion.moment if occasion else moment or clock.now()
    found, silent = _about(occasion, stood.at(subscriber.id, at))
    return AsOf(subscriber, is_former, at, occasion, found, silent, entries_of(subscriber.id, at))


def entries_of(subscriber_id: UUID, at: datetime) -> list[Fact]:
    """The ledger of one person up to then, with what came back, and with each time that the data
    were handed out, in the order of time."""
    out = [one for one in handed.of(subscriber_id) if one["at"] <= at]
    return sorted([*history.entries_of(subscriber_id, at), *out], key=lambda one: one["at"])


def _about(occasion: Occasion | None, found: list[Stood]) -> tuple[list[Stood], Topic | None]:
    """Of a campaign its own topic counts; a notice goes out on the yes to any."""
    if occasion is None or occasion.campaign.kind == "notice":
        return found, None
    own = [one for one in found if one.topic.id == occasion.campaign.topic_id]
    by_id = {topic.id: topic for topic in topics.all_topics()}
    return own, None if own else by_id[occasion.campaign.topic_id]
