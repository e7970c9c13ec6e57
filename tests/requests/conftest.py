"""People who ask for themselves: their links, the gate that is asked, what it let through."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select, text

from mailing.base.database import db, dsn
from mailing.base.settings import Settings, current
from mailing.base.tokens import AddressToken, LeaveToken, link_keys
from mailing.deliveries import answers, gate, queue
from mailing.deliveries.answers import Answer, AnswerKind
from mailing.deliveries.gate import Passed
from mailing.people import address_changes, topics
from mailing.policies.versions import PolicyVersion
from mailing.requests import fresh, incoming
from tests import road
from tests.person import Person
from tests.requests.post import Post


@pytest.fixture
def policy(app: Flask) -> PolicyVersion:
    return road.lay()


@pytest.fixture
def person(policy: PolicyVersion) -> Person:
    found = Person(policy, fields={"given_name": "Айгүл", "phone": "+7 701 000 00 00"})
    found.say_yes("news", "offers")
    settle()
    return found


@dataclass
class Asker:
    """The real gate, asked about whatever waits."""

    settings: Settings
    connection: psycopg.Connection
    owner: UUID

    def claims(self) -> list[queue.Claim]:
        db.session.commit()
        with self.connection.transaction():
            return queue.claim(self.connection, self.owner, 100)

    def passed(self) -> list[Passed]:
        return gate.ask(self.connection, self.settings, self.owner, self.claims())

    def reasons(self) -> list[str]:
        query = "SELECT reason FROM deliveries WHERE kind = 'correspondence' AND state = 'held'"
        return [row[0] for row in self.connection.execute(query)]


@pytest.fixture
def asker(app: Flask, settings: Settings) -> Iterator[Asker]:
    with psycopg.connect(dsn(settings.database)) as connection:
        yield Asker(settings, connection, uuid4())


def settle() -> None:
    """Let what waits be over, so that only what comes next is claimed."""
    db.session.execute(
        text("UPDATE deliveries SET state = 'held', reason = 'request_closed', finished_at = now()")
    )
    db.session.execute(text("UPDATE batches SET due_at = NULL, finished_at = now()"))
    db.session.commit()


def fresh_token(person: Person) -> str:
    """The token of a fresh link that was just mailed to somebody."""
    fresh.mail_to(person.address)
    db.session.commit()
    return token_of(newest())


def newest(kind: AnswerKind = AnswerKind.LINK) -> Answer:
    """The answer that was written last."""
    query = select(Answer).where(Answer.kind == kind.value).order_by(Answer.created_at.desc())
    return db.session.scalars(query.limit(1).execution_options(populate_existing=True)).one()


def token_of(answer: Answer) -> str:
    """The token that stands in the mail of an answer with a fresh link."""
    notices = topics.find(topics.NOTICES).id
    token = LeaveToken(answer.subscriber_id, notices, answer.delivery_id)
    return token.text(link_keys(current().secret_keys))


def end_token(end: str, person: Person) -> str:
    """The token in the mail to one end of the newest change of somebody."""
    change = address_changes.of(person.id)[-1]
    return AddressToken(change.id, end).text(link_keys(current().secret_keys))


def written(person: Person) -> list[str]:
    """The kinds of what was written to somebody for themselves."""
    return [one.kind for one in answers.of(person.id)]


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Post:
    """Letters that say what the test says."""
    opened = Post()
    monkeypatch.setattr(incoming, "read", opened.read)
    return opened
