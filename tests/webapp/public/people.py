"""People of the tests: who asked, who said yes, and the links that their mail would hold."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from flask import Flask
from sqlalchemy import select

from mailing.base.database import db
from mailing.base.settings import current
from mailing.base.tokens import LeaveToken, OptInToken, link_keys
from mailing.deliveries import confirmations, stamps
from mailing.people import ledger, optins, standings, topics
from mailing.people.optins import OptIn, Submission


@dataclass(frozen=True)
class Asked:
    """An open request: its links as the confirmation mail holds them."""

    subscriber: UUID
    confirm: str
    cancel: str


def ask(app: Flask, policy: int, *topic_slugs: str, address: str = "dana@example.com") -> Asked:
    """Fill in the form, in Russian."""
    with app.app_context():
        confirmations.submit(
            Submission(
                form_slug="news",
                address=address,
                topics=topic_slugs or ("offers",),
                language="ru",
                policy_id=policy,
                page="http://127.0.0.1:8080/join/news",
            )
        )
        db.session.commit()
        newest = select(OptIn).order_by(OptIn.created_at.desc()).limit(1)
        return _links(db.session.scalars(newest).one())


def say_yes(app: Flask, policy: int, *topic_slugs: str, address: str = "dana@example.com") -> Asked:
    """Fill in the form and confirm it."""
    asked = ask(app, policy, *topic_slugs, address=address)
    with app.app_context():
        assert confirmations.confirm(asked.confirm) is not None
        db.session.commit()
    return asked


def leave_link(app: Flask, subscriber: UUID, topic_slug: str = "offers") -> str:
    """The address in a List-Unsubscribe header."""
    with app.app_context():
        token = LeaveToken(subscriber, topics.find(topic_slug).id, uuid4())
        return f"/u/{token.text(link_keys(current().secret_keys))}"


def preview_link(app: Flask) -> str:
    """The way out that a preview shows."""
    with app.app_context():
        return stamps.sample_stamp(current()).leave_url.removeprefix(current().public_url)


def standing(app: Flask, subscriber: UUID, topic_slug: str = "offers") -> str:
    """What the last entry says."""
    with app.app_context():
        row = standings.of(subscriber).get(topics.find(topic_slug).id)
        return str(row.standing) if row else "none"


def kinds(app: Flask, subscriber: UUID) -> list[str]:
    """The kinds of the subscriber's entries, oldest first."""
    with app.app_context():
        return [str(entry.kind) for entry in ledger.history(subscriber)]


def optin_state(app: Flask) -> str:
    """The state of the only request."""
    with app.app_context():
        return db.session.scalars(select(optins.OptIn)).one().standing


def _links(optin: OptIn) -> Asked:
    keys, token = link_keys(current().secret_keys), OptInToken(optin.id, optin.subscriber_id)
    return Asked(
        subscriber=optin.subscriber_id,
        confirm=token.text(keys, "confirm"),
        cancel=token.text(keys, "cancel"),
    )
