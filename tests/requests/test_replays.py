"""Replayed letters: what was signed once may be brought again by anybody who has it.

RFC 6376 8.6: a signature says who wrote, to whom and when, and nothing of who delivers it today.
"""

from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.inbound.reading import Kind
from mailing.people.ledger import Kind as Said
from mailing.people.optins import OptIn
from mailing.requests.incoming import Taken
from tests.person import Person, days_pass, newest_request
from tests.requests.post import Post, requests_now, sure

NEWS = "join+news@bounce.glazik.example"
OFFERS = "join+offers@bounce.glazik.example"


@pytest.fixture
def person(person: Person) -> Person:
    """They said their yes some days ago, and have withdrawn since."""
    days_pass(person.id)
    person.leave(kind=Said.WITHDRAWN)
    return person


def joins(person: Person, post: Post, to: str = NEWS, **header: str) -> Taken:
    """Their own server says that they wrote it; its header says to whom and when."""
    named = {name.replace("_", "-"): value for name, value in header.items()}
    return post.comes(Kind.JOIN, person.address, to=[to], header=named, **sure())


def asked() -> int:
    return db.session.query(OptIn).filter(OptIn.letter.is_not(None)).count()


def dated(**ago: float) -> str:
    return format_datetime(clock.now() - timedelta(**ago))


@pytest.mark.parametrize(
    "header",
    [
        {"To": "friend@example.org"},
        {"To": "friend@example.org", "Cc": NEWS},
        {"To": "helpdesk@glazik.example", "Delivered_To": NEWS},
        {"To": ""},
        {"To": f"{NEWS}\r\nTo: friend@example.org"},
    ],
)
def test_a_letter_to_somebody_else_asks_nobody_wherever_it_is_delivered(
    person: Person, post: Post, header: dict[str, str]
) -> None:
    """What a signature need not cover may have been put there since: Cc, a second To."""
    assert joins(person, post, **header).action == "queued"
    assert asked() == 0
    assert ("join", person.id, "open") in requests_now()


@pytest.mark.parametrize("date", ["", "yesterday", "Fri, 99 Foo 2026 99:99:99 +9999"])
def test_a_letter_without_a_date_is_for_a_person(person: Person, post: Post, date: str) -> None:
    assert joins(person, post, Date=date).action == "queued"
    assert asked() == 0


@pytest.mark.parametrize(
    ("ago", "action"), [(8, "queued"), (6.9, "asked"), (-0.9, "asked"), (-1.1, "queued")]
)
def test_only_a_letter_of_these_days_is_meant_now(
    person: Person, post: Post, ago: float, action: str
) -> None:
    assert joins(person, post, Date=dated(days=ago)).action == action


def test_a_letter_counts_once_however_its_other_lines_are_changed(
    person: Person, post: Post
) -> None:
    sent = {"Date": dated(minutes=1), "Message_ID": "<join-1@example.com>"}
    assert joins(person, post, **sent).action == "asked"
    again = joins(person, post, **sent, X_Loop="1")
    assert (again.action, again.is_new, asked()) == ("repeated", True, 1)
    assert "join" not in {kind for kind, _, _ in requests_now()}


@pytest.mark.parametrize("changed", ["Message_ID", "Date"])
def test_a_letter_is_known_by_its_id_and_by_its_author_and_date(
    person: Person, post: Post, changed: str
) -> None:
    """Either of the two may stand outside of what was signed."""
    sent = {"Date": dated(minutes=1), "Message_ID": "<join-1@example.com>"}
    other = {"Date": dated(minutes=2), "Message_ID": "<join-2@example.com>"}
    joins(person, post, **sent)
    assert joins(person, post, **(sent | {changed: other[changed]})).action == "repeated"


def test_the_letter_names_the_topics_and_not_whoever_brings_it(person: Person, post: Post) -> None:
    """Brought to the address of another topic, it asks for its own."""
    joins(person, post, to=OFFERS, To=NEWS)
    (topic,) = newest_request().topic_ids
    slug = db.session.execute(text("SELECT slug FROM topics WHERE id = :id"), {"id": topic})
    assert slug.scalar_one() == "news"


def test_a_second_letter_of_another_day_is_a_second_wish(person: Person, post: Post) -> None:
    joins(person, post)
    days_pass(person.id)
    assert joins(person, post, Date=dated(seconds=30)).action == "asked"


def test_what_a_letter_is_known_by_goes_when_its_date_alone_refuses_it(
    person: Person, post: Post
) -> None:
    def later() -> datetime:
        return began + timedelta(days=15)

    began = clock.now()
    joins(person, post)
    kept = text("SELECT count(*), min(at) FROM join_letters")
    assert db.session.execute(kept).one()[0] == 2
    with clock.use(later):
        joins(person, post)
    number, oldest = db.session.execute(kept).one()
    assert (number, oldest > began + timedelta(days=1)) == (2, True)
