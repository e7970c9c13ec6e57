"""An unsubscribe by letter: by its address, by the message it answers, by who wrote it.

T23. However sure its author is: a "stop" is carried out and confirmed by no mail.
"""

from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base.database import db
from mailing.base.settings import current
from mailing.base.tokens import LeaveToken, MailtoLeave, link_keys
from mailing.deliveries import answers
from mailing.inbound.reading import Kind, Trust
from mailing.leaving.links import NOBODY
from mailing.people import topics
from mailing.policies.versions import PolicyVersion
from mailing.requests import incoming
from tests.person import Person, at_once
from tests.requests.post import HELPDESK, Post, requests_now, rows_now, showing, sure


def way_out(person: Person, topic: str = "news") -> str:
    """The `mailto:` address of a topic's messages."""
    token = MailtoLeave(person.id, topics.find(topic).id)
    return token.address(link_keys(current().secret_keys), "bounce.glazik.example")


def both(person: Person) -> tuple[str, str]:
    return person.standing("news"), person.standing("offers")


def test_a_letter_to_the_way_out_leaves_its_topic_alone(person: Person, post: Post) -> None:
    """RFC 2369 3.2: the address alone is enough, whoever writes to it."""
    taken = post.comes(Kind.UNSUBSCRIBE, "x@example.org", to=[way_out(person)])
    assert (taken.kind, taken.action, taken.subscriber) == ("unsubscribe", "left", person.id)
    assert both(person) == ("unsubscribed", "given")
    assert person.said()[-1] == "unsubscribed news"


def test_mail_systems_may_shout(person: Person, post: Post) -> None:
    assert post.comes(Kind.UNSUBSCRIBE, to=[way_out(person).upper()]).action == "left"


def test_one_letter_to_two_ways_out_leaves_both(person: Person, post: Post) -> None:
    post.comes(Kind.UNSUBSCRIBE, to=[way_out(person, "news"), way_out(person, "offers")])
    assert both(person) == ("unsubscribed", "unsubscribed")


@pytest.mark.parametrize("first", [HELPDESK, "offers"])
def test_the_copies_of_one_letter_are_each_acted_upon(
    person: Person, post: Post, first: str
) -> None:
    """A mail system may hand over one copy for each address: the same octets every time."""
    raw = post.write(Kind.UNSUBSCRIBE, None)
    incoming.take(raw, [way_out(person, "offers") if first == "offers" else first])
    assert incoming.take(raw, [way_out(person, "news")]).action == "left"
    assert person.standing("news") == "unsubscribed"
    assert len(rows_now()) == 2


def test_a_forged_way_out_leaves_nobody(person: Person, post: Post) -> None:
    name, _, domain = way_out(person).partition("@")
    forged = f"{name[:-1]}{'a' if name[-1] != 'a' else 'b'}@{domain}"
    assert post.comes(Kind.UNSUBSCRIBE, to=[forged]).action == "queued"
    assert both(person) == ("given", "given")


def test_a_way_out_of_somebody_whom_we_do_not_know_is_shown_to_a_person(
    person: Person, post: Post
) -> None:
    """Signed by us, and the database was restored since: nobody has left, and it is not dropped."""
    token = MailtoLeave(uuid4(), topics.find("news").id)
    address = token.address(link_keys(current().secret_keys), "bounce.glazik.example")
    assert post.comes(Kind.UNSUBSCRIBE, to=[address]).action == "queued"


def test_a_preview_s_way_out_belongs_to_nobody(person: Person, post: Post) -> None:
    nobody = LeaveToken(NOBODY, topics.find("news").id, UUID(int=0))
    shown = showing(nobody.text(link_keys(current().secret_keys)))
    assert post.comes(Kind.UNSUBSCRIBE, **shown).action == "queued"


def test_the_topic_is_that_of_the_message_answered(person: Person, post: Post) -> None:
    taken = post.comes(Kind.UNSUBSCRIBE, person.address, **sure(**showing(person.link("offers"))))
    assert taken.action == "left"
    assert both(person) == ("given", "unsubscribed")


def test_a_message_is_known_by_its_id(person: Person, post: Post) -> None:
    """A-P4: In-Reply-To; the id of a delivery can be guessed by nobody."""
    query = "SELECT id, topic_id FROM deliveries WHERE subscriber_id = :id LIMIT 1"
    row = db.session.execute(text(query), {"id": person.id}).one()
    ids = [f"{row.id.hex}@glazik.example"]
    post.comes(Kind.UNSUBSCRIBE, "x@example.org", **showing(ids=ids))
    left = {topic: person.standing(topic) for topic in ("news", "offers")}
    named = {topics.find(topic).id: topic for topic in left}
    assert left[named[row.topic_id]] == "unsubscribed"


@pytest.mark.parametrize("trust", [Trust.ALIGNED, Trust.UNKNOWN])
def test_without_a_message_it_is_everything(person: Person, post: Post, trust: Trust) -> None:
    taken = post.comes(Kind.UNSUBSCRIBE, person.address, trust=trust)
    assert (taken.action, taken.subscriber) == ("left", person.id)
    assert person.said()[-1] == "unsubscribed all"


def test_no_mail_confirms_it(person: Person, post: Post) -> None:
    before = len(answers.of(person.id))
    taken = post.comes(Kind.UNSUBSCRIBE, person.address)
    assert len(answers.of(person.id)) == before
    assert taken.request_id is None


def test_an_unknown_sender_without_a_token_is_shown_to_a_person(person: Person, post: Post) -> None:
    taken = post.comes(Kind.UNSUBSCRIBE, "stranger@example.org", **sure())
    assert taken.action == "queued"
    assert requests_now() == [("unsubscribe", None, "open")]
    assert both(person) == ("given", "given")


def test_the_same_letter_after_an_undo_changes_nothing(person: Person, post: Post) -> None:
    address = way_out(person)
    raw = post.write(Kind.UNSUBSCRIBE, None)
    incoming.take(raw, [address])
    assert person.undo("news")
    again = incoming.take(raw, [address])
    assert (again.action, again.is_new) == ("left", False)
    assert person.standing("news") == "given"


def test_the_same_letter_several_times_at_once_is_one_leaving(
    app: Flask, person: Person, post: Post
) -> None:
    address = way_out(person)
    raw = post.write(Kind.UNSUBSCRIBE, None)
    taken = at_once(app, *[lambda: incoming.take(raw, [address])] * 4)
    assert [one.action for one in taken] == ["left"] * 4
    assert sum(one.is_new for one in taken) == 1
    assert person.said().count("unsubscribed news") == 1


@pytest.mark.parametrize("kind", [Kind.AUTO_REPLY, Kind.JUNK])
def test_a_signed_way_out_is_obeyed_by_whatever_program_it_was_sent(
    person: Person, post: Post, kind: Kind
) -> None:
    """RFC 2369 3.3: a mail program that sends it by itself says `Auto-Submitted` (T23)."""
    taken = post.comes(kind, "x@example.org", to=[way_out(person)], is_answerable=False)
    assert (taken.kind, taken.action) == ("unsubscribe", "left")
    assert both(person) == ("unsubscribed", "given")


def test_an_automatic_reply_to_anything_else_of_ours_leaves_nothing(
    person: Person, post: Post
) -> None:
    forged = f"unsubscribe+{'a' * 42}@bounce.glazik.example"
    for to in (HELPDESK, "unsubscribe@bounce.glazik.example", forged):
        assert post.comes(Kind.AUTO_REPLY, person.address, to=[to]).action == "kept"
    assert both(person) == ("given", "given")


def test_a_sure_author_leaves_for_themselves_below_anothers_message(
    person: Person, policy: PolicyVersion, post: Post
) -> None:
    friend = Person(policy, "berik@example.com")
    friend.say_yes("news")
    token = LeaveToken(friend.id, topics.find("news").id, uuid4()).text(
        link_keys(current().secret_keys)
    )
    post.comes(Kind.UNSUBSCRIBE, person.address, **sure(**showing(token)))
    assert friend.standing("news") == "given"
    assert both(person) == ("unsubscribed", "unsubscribed")
