"""Sending a test mail: to whom, how many a day, and what it says from then on."""

from dataclasses import asdict, dataclass
from uuid import UUID, uuid4

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid
from mailing.base.jobs import SEND, ring
from mailing.base.operator import operator_of
from mailing.base.settings import current
from mailing.campaigns.campaigns import Campaign
from mailing.deliveries import batches, drafts, trials
from mailing.deliveries.deliveries import Delivery, Kind
from mailing.deliveries.trials import MOST_A_DAY, Trial
from mailing.people import subscribers
from mailing.people.address import Address
from mailing.people.canonical import canonical
from mailing.people.subscribers import Personal, Sealer, digest_of
from mailing.staff.audit import Actor, record

MOST_AT_ONCE = 5


@dataclass(frozen=True)
class Wish:
    """What is to be sent: one language, for one invented reader, to these typed addresses."""

    language: str
    sample: str
    addresses: list[str]


def send(campaign: Campaign, wish: Wish, actor: Actor) -> list[UUID]:
    """Put a test mail to each address into the queue; the ids of their deliveries.

    Raises Invalid for an address that is none or too many of them, Conflict beyond the day's
    number, and what compiling raises: a message that cannot be made is not tested.
    """
    operator_of(current())  # Raises NotReady: nothing leaves before we say who we are.
    found = _addresses(wish.addresses)
    drafts.preview(campaign, wish.language, wish.sample)
    _demand_within_the_day(actor, len(found))
    sent = [_queue(campaign, wish, address, actor) for address in found]
    record(actor, "test mail sent", f"campaign {campaign.id}", number=len(sent))
    ring(SEND)
    return sent


def _addresses(typed: list[str]) -> list[Address]:
    wanted = [one.strip() for one in typed if one.strip()]
    if not wanted:
        raise Invalid("Write the address that the test goes to.", "to")
    found = {digest_of(address): address for address in map(_address, wanted)}
    if len(found) > MOST_AT_ONCE:
        raise Invalid(f"A test goes to {MOST_AT_ONCE} addresses at most.", "to")
    return list(found.values())


def _address(typed: str) -> Address:
    try:
        return canonical(typed)
    except Invalid as wrong:
        raise Invalid(f"{typed[:80]}: {wrong.message}", "to") from None


def _demand_within_the_day(actor: Actor, number: int) -> None:
    if number > trials.left_today(actor):
        raise Conflict(f"You have sent {MOST_A_DAY} test mails within 24 hours; that is the most.")


def _queue(campaign: Campaign, wish: Wish, address: Address, actor: Actor) -> UUID:
    # Bound to the person where the address is somebody's: a "no" of theirs is ordered against it.
    person = subscribers.find(address)
    about, delivery_id, at = person.id if person else uuid4(), uuid4(), clock.now()
    trial = Trial(
        delivery_id=delivery_id,
        campaign_id=campaign.id,
        content=asdict(campaign.content_in(wish.language)),
        sample=wish.sample,
        language=wish.language,
        recipient=Sealer().seal(Personal(address.display).as_dict(), about.bytes),
        digest=digest_of(address),
        sent_by=actor.name,
        sent_at=at,
    )
    delivery = Delivery(
        id=delivery_id,
        kind=Kind.TEST.value,
        batch_id=batches.of_one(),
        subscriber_id=about,
        topic_id=campaign.topic_id,
        created_at=at,
    )
    db.session.add_all((trial, delivery))
    db.session.flush()
    return delivery_id
