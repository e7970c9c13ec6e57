"""A mail about a login through the real engine: it comes again where its answer was lost."""

import re

import pytest
from flask import Flask

from mailing.base.database import db
from mailing.deliveries import account_mails
from mailing.staff import staff
from mailing.staff.staff import Role
from tests import road
from tests.peers.faults import Cut, Fault, Stage
from tests.peers.smtp_peer import SmtpPeer
from tests.worker.conftest import Desk

NEW = "another four good words"


@pytest.fixture
def environment(environment: dict[str, str], peer: SmtpPeer) -> dict[str, str]:
    return environment | {"KELISIM_SMTP_URL": peer.url}


def test_an_invitation_whose_answer_is_lost_comes_again_to_the_octet_and_its_link_opens(
    app: Flask, desk: Desk, peer: SmtpPeer
) -> None:
    road.lay()
    person = account_mails.invite("aigul@example.com", Role.MARKETER, "en", road.ACTOR)
    db.session.commit()
    peer.behave(Fault(Stage.DOT, cut=Cut.AFTER, times=1))
    desk.work()
    assert desk.states() == {"deferred": 1}
    desk.ripen()
    desk.work()
    assert desk.states() == {"accepted": 1}
    first, second = peer.records.finished
    assert first.raw == second.raw
    assert (second.sender, second.recipients) == ("", ["aigul@example.com"])
    link = re.search(rb"/studio/password/([\w=-]+)\?lang=en", second.raw.replace(b"=\r\n", b""))
    assert link
    taken = account_mails.take(link[1].decode(), NEW)
    db.session.commit()
    assert taken is not None
    assert taken.id == person.id
    assert staff.authenticate("aigul@example.com", NEW) is not None


def test_nothing_leaves_for_a_login_that_is_closed_before_the_worker_comes(
    app: Flask, desk: Desk, peer: SmtpPeer
) -> None:
    road.lay()
    person = account_mails.invite("aigul@example.com", Role.MARKETER, "kk", road.ACTOR)
    staff.deactivate(person)
    db.session.commit()
    desk.work()
    assert peer.records.finished == []
    assert desk.states() == {"held": 1}
