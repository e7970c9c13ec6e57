"""`kelisim unsubscribe` and `kelisim withdraw`: the same verb as the web, for staff."""

from typing import Any

import click

from console.frame import actor, verb
from console.output import Answer
from mailing.leaving import by_staff
from mailing.leaving.receipts import Receipt
from mailing.leaving.scope import Scope
from mailing.people import profile, topics
from mailing.people.ledger import Kind
from mailing.requests import withdrawals


@click.command()
@click.argument("email")
@click.option("--topic", help="The slug of one topic; without it everything.")
@verb
def unsubscribe(email: str, topic: str | None) -> Answer:
    """Let somebody leave one topic, or everything."""
    scope = Scope.of_topics(topics.find(topic).id) if topic else Scope.everything()
    person = profile.of_address(email)
    receipt = by_staff.stop(person.id, scope, Kind.UNSUBSCRIBED, actor())
    return Answer(_document(receipt), f"{email} has left {receipt.topic}.{_in_flight(receipt)}")


@click.command()
@click.argument("email")
@click.option("--reason", required=True, help="Why; goes into the evidence.")
@verb
def withdraw(email: str, reason: str) -> Answer:
    """Record that somebody took back the consent to processing; mailing ends at once, and a request
    to destroy their data is opened."""
    subscriber = profile.of_address(email)
    receipt, asked = withdrawals.by_staff(subscriber.id, actor(), reason)
    number = asked.number if asked else None
    document = {**_document(receipt), "destroyed": asked is None, "request": number}
    said = f" Request {number} asks for the destruction of the data." if number else ""
    return Answer(document, f"{email} has withdrawn.{said}{_in_flight(receipt)}")


def _document(receipt: Receipt) -> dict[str, Any]:
    """As the one-click answers it (contract.md)."""
    return {
        "receipt": receipt.id,
        "topic": receipt.topic,
        "recorded_at": receipt.recorded_at,
        "in_flight": receipt.in_flight,
    }


def _in_flight(receipt: Receipt) -> str:
    """What could not be stopped any more, by name; empty where nothing is on its way."""
    if not receipt.in_flight:
        return " Nothing more will be sent."
    named = ", ".join(str(one["message_id"]) for one in receipt.in_flight)
    return f" Already handed over, and not to be stopped: {named}"
