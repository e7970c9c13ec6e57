"""Finished: the final message for real people, the hardest cases among them, sent to nobody."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from sqlalchemy import select

from mailing.base.database import db
from mailing.base.settings import Settings, current
from mailing.base.tokens import LeaveToken, MailtoLeave, link_keys
from mailing.campaigns import audience
from mailing.campaigns.campaigns import Campaign
from mailing.deliveries import drafts, frames, message, stamps
from mailing.deliveries.message import Recipient, Stamp
from mailing.people.standings import Standing
from mailing.people.subscribers import Subscriber, personal_of
from mailing.policies import versions

LOOKED_AT = 200  # people, so that the look stays within milliseconds
OF_A_LANGUAGE = 3
NOBODY = UUID(int=0)

_UNSUBSCRIBE = re.compile(rb"^List-Unsubscribe:\s*<([^>]+)>", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True)
class Reader:
    """Somebody who would receive it, with the fields that their yes covers."""

    id: UUID
    language: str
    fields: dict[str, str]

    @property
    def length(self) -> int:
        """How long everything is that could be merged."""
        return sum(len(value) for name, value in self.fields.items() if name != "email")


@dataclass(frozen=True)
class Finished:
    """One finished message; `reader` is None for the invented person of a preview."""

    language: str
    raw: bytes
    reader: Reader | None

    @property
    def leave_address(self) -> str:
        """The https address of its List-Unsubscribe; empty where there is none."""
        found = _UNSUBSCRIBE.search(self.raw)
        return found[1].decode("ascii", "replace") if found else ""


def readers(campaign: Campaign) -> list[Reader]:
    """Up to two hundred of those who would receive it now."""
    ids = audience.some(campaign, LOOKED_AT)
    people = db.session.scalars(select(Subscriber).where(Subscriber.id.in_(ids)))
    policies = db.session.execute(
        select(Standing.subscriber_id, Standing.policy_id).where(
            Standing.subscriber_id.in_(ids), Standing.topic_id == campaign.topic_id
        )
    )
    agreed = {row[0]: row[1] for row in policies}
    return list(_read(people, agreed))


def of(campaign: Campaign, language: str, among: list[Reader]) -> Iterator[Finished]:
    """Of one language that is written: the longest, the barest and one more real reader, else the
    invented one. Raises what compiling and rendering raise."""
    own = [one for one in among if campaign.content_in(one.language).language == language]
    chosen = _hardest(own)
    yield from _rendered(campaign, language, chosen)
    if not chosen:
        yield Finished(language, drafts.preview(campaign, language).raw, None)


def _read(people: Iterable[Subscriber], agreed: dict[UUID, int | None]) -> Iterator[Reader]:
    declared = cache(lambda policy: frozenset(versions.find(policy).fields) if policy else ())
    for person in people:
        personal = personal_of(person)
        if personal is not None:
            covered = {"email", *declared(agreed.get(person.id))}
            fields = {name: value for name, value in vars(personal).items() if name in covered}
            yield Reader(person.id, person.language, fields)


def _hardest(among: list[Reader]) -> list[Reader]:
    by_length = sorted(among, key=lambda reader: (reader.length, reader.id))
    picked = [*by_length[-1:], *by_length[:1], *by_length[len(by_length) // 2 :][:1]]
    return list({reader.id: reader for reader in picked}.values())[:OF_A_LANGUAGE]


def _rendered(campaign: Campaign, language: str, chosen: list[Reader]) -> Iterator[Finished]:
    if not chosen:
        return
    settings, content = current(), campaign.content_in(language)
    frame = frames.campaign_frame(settings, campaign, content.language)
    compiled = message.compile(content, frame)
    for reader in chosen:
        recipient = Recipient(reader.fields["email"], reader.fields)
        stamp = _stamp(settings, campaign, reader.id)
        yield Finished(language, compiled.render(recipient, stamp).message, reader)


def _stamp(settings: Settings, campaign: Campaign, reader: UUID) -> Stamp:
    """As of a delivery of theirs that does not exist: the links are theirs, and real."""
    keys = link_keys(settings.secret_keys)
    token = LeaveToken(reader, campaign.topic_id, NOBODY).text(keys)
    mailto = MailtoLeave(reader, campaign.topic_id)
    return stamps.sample_stamp(settings)._replace(
        leave_url=f"{settings.public_url}/u/{token}",
        leave_mailto=mailto.address(keys, settings.bounce_domain),
        preferences_url=f"{settings.public_url}/preferences/{token}",
    )
