"""A letter that was passed on: its author is whoever wrote the message inside it.

T23. Whoever forwards another's withdrawal keeps their own yes; whoever wrote it is blocked and
asked, as for any claim.
"""

from email.message import EmailMessage

import pytest

from mailing.inbound import inner
from mailing.inbound.reading import Kind, Reading
from mailing.policies.versions import PolicyVersion
from mailing.requests import incoming
from tests.person import Person
from tests.requests.conftest import settle
from tests.requests.post import HELPDESK, Post, claim_mails, requests_now, sure


@pytest.fixture
def forwarder(policy: PolicyVersion) -> Person:
    somebody = Person(policy, "berik@example.com")
    somebody.say_yes("news")
    settle()
    return somebody


def passing_on(sender: str, body: str) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, HELPDESK, "Fwd: mark"
    message.set_content(body)
    return message.as_bytes()


def comes(post: Post, forwarder: Person, author: str) -> incoming.Taken:
    raw = passing_on(forwarder.address, f"Forwarded message\nFrom: X <{author}>\n\nwithdraw")
    said = sure(is_passed_on=True)
    post.readings[raw] = Reading(Kind.WITHDRAWAL, "passed on", sender=forwarder.address, **said)
    return incoming.take(raw, [HELPDESK])


def test_the_author_inside_is_blocked_and_asked_and_the_forwarder_is_not(
    person: Person, forwarder: Person, post: Post
) -> None:
    assert comes(post, forwarder, person.address).action == "blocked"
    assert person.said()[-1] == "blocked all"
    assert len(claim_mails(person.id)) == 1
    assert forwarder.standing("news") == "given"
    assert "blocked all" not in forwarder.said()
    assert ("destruction", forwarder.id, "open") not in requests_now()


def test_of_an_author_who_is_not_known_nobody_is_blocked(forwarder: Person, post: Post) -> None:
    assert comes(post, forwarder, "nobody@example.org").action == "queued"
    assert forwarder.said()[-1] == "given news"
    assert requests_now() == [("withdrawal", None, "open")]


def test_whoever_passes_on_their_own_letter_is_asked(forwarder: Person, post: Post) -> None:
    assert comes(post, forwarder, forwarder.address).action == "blocked"
    assert forwarder.said()[-1] == "blocked all"


@pytest.mark.parametrize(
    "line",
    ["From: A <a@example.com>", "> От: A <a@example.com>", "*Кімнен:* a@example.com"],
)
def test_the_line_above_the_inner_text_says_who_wrote_it(line: str) -> None:
    assert inner.senders(passing_on("b@example.com", f"see\n{line}\nTo: c@example.com")) == [
        "a@example.com"
    ]


def test_an_attached_message_says_it_in_its_own_header() -> None:
    attached, outer = EmailMessage(), EmailMessage()
    attached["From"] = "A <a@example.com>"
    attached.set_content("withdraw")
    outer["From"] = "b@example.com"
    outer.set_content("see below")
    outer.add_attachment(attached)
    assert inner.senders(outer.as_bytes()) == ["a@example.com"]


@pytest.mark.parametrize("raw", [b"", b"\xff\0", b"Content-Type: a/b;" + b";a*0*=b" * 9000])
def test_no_octets_raise(raw: bytes) -> None:
    assert inner.senders(raw) == []
