"""Stamps: what is fixed for one delivery, so that a retry has the same octets: ids, date, links."""

from datetime import UTC, date, datetime
from urllib.parse import urlsplit
from uuid import UUID

from mailing.base.settings import Settings
from mailing.base.tokens import LeaveToken, LinkKeys, MailtoLeave, link_keys
from mailing.deliveries.deliveries import message_id
from mailing.deliveries.frames import domain_of
from mailing.deliveries.gate import Passed
from mailing.deliveries.message import SignedUp, Stamp


def stamp(settings: Settings, keys: LinkKeys, passed: Passed) -> Stamp:
    """What is fixed for one delivery: its ids, date and links."""
    delivery_id = passed.permit.delivery_id
    leave = LeaveToken(passed.subscriber_id, passed.topic_id, delivery_id)
    token = leave.text(keys, passed.link_key)
    mailto = MailtoLeave(passed.subscriber_id, passed.topic_id)
    # By their places: by name it takes half a microsecond more.
    return Stamp(
        delivery_id.hex,
        message_id(delivery_id, domain_of(settings)),
        passed.dated_at.astimezone(UTC),
        f"{settings.public_url}/u/{token}",
        mailto.address(keys, settings.bounce_domain, passed.link_key),
        f"{settings.public_url}/preferences/{token}",
        passed.signed_up,
    )


def sample_stamp(settings: Settings) -> Stamp:
    """The stamp of a preview: its links are well-formed and belong to nobody, and so does its day
    of signing up."""
    keys = link_keys(settings.secret_keys)
    nobody = UUID(int=0)
    leave = LeaveToken(nobody, 0, nobody).text(keys)
    return Stamp(
        delivery=nobody.hex,
        message_id=message_id(nobody, domain_of(settings)),
        date=datetime(2026, 1, 1, tzinfo=UTC),
        leave_url=f"{settings.public_url}/u/{leave}",
        leave_mailto=MailtoLeave(nobody, 0).address(keys, settings.bounce_domain),
        preferences_url=f"{settings.public_url}/preferences/{leave}",
        signed_up=SignedUp(date(2026, 1, 1), urlsplit(settings.public_url).netloc),
    )


def trial_stamp(settings: Settings, passed: Passed) -> Stamp:
    """The ids and the date of a delivery, with a preview's links."""
    return sample_stamp(settings)._replace(
        delivery=passed.permit.delivery_id.hex,
        message_id=message_id(passed.permit.delivery_id, domain_of(settings)),
        date=passed.dated_at.astimezone(UTC),
    )
