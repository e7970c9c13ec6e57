"""For whom a letter was, and what a server of ours wrote above it: read by the real reading."""

import pytest

from mailing.base.database import db
from mailing.base.settings import current
from mailing.base.tokens import MailtoLeave, ReturnPath, link_keys
from mailing.deliveries.deliveries import Delivery
from mailing.inbound import addresses, own_lists
from mailing.people import topics
from mailing.requests import incoming, kept
from mailing.staff.audit import Actor
from mailing.staff.staff import Role
from tests.person import Person
from tests.requests.post import HELPDESK, requests_now

ASKS = "\r\nWhat do you know about me?\r\n"
OFFICER = Actor("staff 1", Role.OFFICER)


def letter(*lines: str, sender: str = "aigul@example.com") -> bytes:
    return "\r\n".join([f"From: {sender}", "Subject: Hello", *lines, ASKS]).encode()


def way_out(person: Person) -> str:
    token = MailtoLeave(person.id, topics.find("news").id)
    return token.address(link_keys(current().secret_keys), current().bounce_domain)


def test_a_mailbox_that_collects_several_addresses_hides_no_way_out(person: Person) -> None:
    """By IMAP its server notes whose mailbox it is, and the way out stands in To alone."""
    raw = letter(f"Delivered-To: {HELPDESK}", f"To: {way_out(person)}")
    assert incoming.take(raw, addresses.in_header(raw)).action == "left"
    assert person.standing("news") == "unsubscribed"


def test_nor_a_signed_return_path(person: Person) -> None:
    delivery = db.session.query(Delivery).first()
    assert delivery is not None
    path = ReturnPath(delivery.id).address(
        link_keys(current().secret_keys), "bounce.glazik.example"
    )
    raw = letter(f"Delivered-To: {HELPDESK}", f"To: {path}, Berik <b@example.org>")
    assert addresses.in_header(raw) == [HELPDESK, path]


def test_anothers_unsubscribe_address_beside_ours_asks_us_for_nothing(person: Person) -> None:
    raw = letter(f"To: {HELPDESK}", "Cc: unsubscribe@shop.example", sender=person.address)
    taken = incoming.take(raw, addresses.in_header(raw))
    assert taken.kind == "question"
    assert person.standing("news") == "given"


OURS = (
    "List-Id: <helpdesk.glazik.example>",
    "List-Unsubscribe: <mailto:leave@groups.example>",
    "Precedence: list",
)


def test_a_question_by_way_of_a_group_of_ours_is_no_junk(person: Person) -> None:
    taken = incoming.take(letter(f"To: {HELPDESK}", *OURS), [HELPDESK])
    assert taken.kind == "question"
    assert [one[0] for one in requests_now()] == ["question"]


@pytest.mark.parametrize(
    "lines",
    [
        ("List-Id: News <news.shop.example>",),
        ("List-Id: <glazik.example.shop.example>",),
        (*OURS, "List-Id: <news.shop.example>"),
        (*OURS, "X-Kelisim-Delivery: 0"),
        ("List-Id:",),
    ],
)
def test_the_list_of_anybody_else_stays_one(person: Person, lines: tuple[str, ...]) -> None:
    raw = letter(f"To: {HELPDESK}", *lines)
    assert own_lists.without(raw) == raw


def test_what_was_kept_can_be_put_on_the_desk_once(person: Person) -> None:
    raw = letter("List-Id: <news.shop.example>", sender=person.address)
    taken = incoming.take(raw, [HELPDESK])
    assert (taken.action, requests_now()) == ("kept", [])
    assert [(one.id, one.kind) for one in kept.listed()] == [(taken.id, "junk")]
    for _ in range(2):
        kept.take_up(taken.id, OFFICER)
    assert requests_now() == [("unclear", person.id, "open")]
    assert kept.listed() == []
