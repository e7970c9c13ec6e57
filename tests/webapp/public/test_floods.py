"""T62: a public form that anybody may post is no tool to flood a mailbox or the server with."""

from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import formatdate
from itertools import count

import pytest
from flask import Flask
from sqlalchemy import func, select

from mailing.base import clock
from mailing.base.database import db
from mailing.base.tokens import MailtoLeave, link_keys
from mailing.deliveries.deliveries import Delivery
from mailing.people import ledger, topics
from mailing.requests import incoming
from tests.webapp.conftest import With
from tests.webapp.public.conftest import Shop
from tests.webapp.public.people import Asked, ask, say_yes

EMAIL = "dana@example.com"
AGAIN = "/join/news/again"
FLOOD = 12
KnownBy = Callable[[Flask, int], Asked]


@pytest.fixture
def dana(web: Flask, shop: Shop) -> Asked:
    return say_yes(web, shop.policy)


def mails(web: Flask) -> int:
    """How many mails there are to anybody."""
    with web.app_context():
        return db.session.scalars(select(func.count()).select_from(Delivery)).one()


@pytest.mark.parametrize(("form", "known_by"), [("/privacy", say_yes), (AGAIN, ask)])
def test_many_networks_at_one_address_cost_it_two_mails_a_day(
    web: Flask, shop: Shop, with_settings: With, form: str, known_by: KnownBy
) -> None:
    """A link to whoever is known, a question to whoever has not answered: one, and one more."""
    client, networks = with_settings(join_network_hourly=1), count()
    noon = clock.now().replace(hour=12)

    def post(moment: datetime) -> bytes:
        seen = {"REMOTE_ADDR": f"203.0.{next(networks)}.7"}
        with clock.use(lambda: moment):
            answer = client.post(form, data={"email": EMAIL}, environ_base=seen)
        assert answer.status_code == 200
        return bytes(answer.data)

    with clock.use(lambda: noon):
        known_by(web, shop.policy)
    before = mails(web) - (form == AGAIN)
    told = {post(noon) for _ in range(FLOOD)}
    assert mails(web) - before == 1
    told |= {post(noon + n * timedelta(minutes=30)) for n in range(1, 48)}
    assert mails(web) - before == 2, "in a day, which midnight does not end"
    assert len(told) == 1


def test_one_network_at_many_addresses_is_told_to_wait(
    web: Flask, shop: Shop, with_settings: With
) -> None:
    client, numbers = with_settings(join_network_hourly=4), count()
    answers = [
        client.post(
            "/privacy",
            data={"email": f"somebody{next(numbers)}@example.com"},
            environ_base={"REMOTE_ADDR": "203.0.113.7"},
        ).status_code
        for _ in range(FLOOD)
    ]
    assert answers == [200] * 4 + [429] * (FLOOD - 4)
    assert mails(web) == 0


def test_a_flood_to_the_address_to_leave_by_writes_one_entry_and_no_mail(
    web: Flask, dana: Asked
) -> None:
    """The same wish again is no second fact; RFC 8058's POST is never limited, and needs not be."""
    with web.app_context():
        topic = topics.find(topics.NOTICES).id
        keys = link_keys(web.extensions["kelisim"].secret_keys)
        out = MailtoLeave(dana.subscriber, topic).address(keys, "bounce.glazik.example")
        before = mails(web), len(ledger.history(dana.subscriber))
        for number in range(FLOOD):
            raw = f"From: x{number}@example.org\r\nDate: {formatdate()}\r\n\r\nleave\r\n"
            incoming.take(raw.encode(), [out])
        after = mails(web), len(ledger.history(dana.subscriber))
    assert after == (before[0], before[1] + 1)
