"""A campaign held in its middle by the relay, for as long as a test needs: no clock decides it."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from uuid import UUID

from sqlalchemy import text

from mailing.base.database import db
from tests.peers.faults import Fault, Stage
from tests.peers.smtp_peer import SmtpPeer

# Neither handed over nor on its way: written or not, claimed or not.
_WAITING = """
    SELECT s.id FROM subscribers s
    LEFT JOIN deliveries d ON d.subscriber_id = s.id AND d.campaign_id = :campaign
    WHERE d.id IS NULL OR d.state IN ('pending', 'claimed') ORDER BY s.id LIMIT :number
"""
_ACCEPTED = """
    SELECT subscriber_id FROM deliveries WHERE campaign_id = :campaign AND state = 'accepted'
"""


@contextmanager
def held_after(messages: int, peer: SmtpPeer, go_on: Event) -> Iterator[Fault]:
    """The relay answers for so many messages and then for none until `go_on` is set; at the end of
    the block it is, so that whoever waits for an answer is not waited for."""
    hold = Fault(Stage.DOT, skip=messages, until=go_on)
    peer.behave(hold)
    try:
        yield hold
    finally:
        go_on.set()


def waiting(campaign: int, number: int) -> list[UUID]:
    """So many people whose message has not been begun."""
    values = {"campaign": campaign, "number": number}
    found = list(db.session.scalars(text(_WAITING), values))
    db.session.rollback()
    assert len(found) == number, "the relay held nothing back"
    return found


def handed_over(campaign: int, number: int) -> list[UUID]:
    """The people whose message has been accepted, as soon as there are so many; until then none."""
    found = list(db.session.scalars(text(_ACCEPTED), {"campaign": campaign}))
    db.session.rollback()
    return found if len(found) >= number else []
