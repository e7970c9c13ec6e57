"""One person on the road: what they do, through the domain's own verbs, and what may reach them."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import psycopg
from flask import Flask
from sqlalchemy import select, text

from mailing.base.database import db, dsn
from mailing.base.settings import Settings, current, load
from mailing.base.tokens import LeaveToken, OptInToken, link_keys
from mailing.bootstrap import create_base
from mailing.campaigns import audience, campaigns
from mailing.deliveries import confirmations, gate
from mailing.deliveries.deliveries import Delivery
from mailing.deliveries.queue import Claim
from mailing.leaving import links
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.receipts import Receipt
from mailing.leaving.scope import Scope
from mailing.people import ledger, optins, standings, subscribers, topics
from mailing.people.canonical import canonical
from mailing.people.ledger import Kind
from mailing.people.optins import OptIn, Submission
from mailing.people.subscribers import Subscriber
from mailing.policies.versions import PolicyVersion
from tests import road

PAGE = "http://glazik.example/join"


@dataclass
class Person:
    """Somebody with an address; each act commits."""

    policy: PolicyVersion
    address: str = "aigul@example.com"
    fields: dict[str, str] = field(default_factory=dict)
    policy_id: int = field(init=False)

    def __post_init__(self) -> None:
        self.policy_id = self.policy.id

    def ask(self, *topic_slugs: str, **given: Any) -> int:
        """Fill in the form; how many confirmations that added."""
        before = len(confirmations_of(self.address))
        values: dict[str, Any] = {
            "form_slug": "site",
            "address": self.address,
            "topics": topic_slugs or ("news",),
            "language": "kk",
            "policy_id": self.policy_id,
            "page": PAGE,
            "fields": self.fields,
        }
        confirmations.submit(Submission(**(values | given)))
        db.session.commit()
        return len(confirmations_of(self.address)) - before

    def confirm(self, optin: OptIn | None = None) -> str:
        """Press the button of the newest request, or of this one; its state."""
        seen = confirmations.confirm(token_of(optin or newest_request(), "confirm"))
        db.session.commit()
        assert seen is not None
        return seen.state

    def say_yes(self, *topic_slugs: str) -> None:
        """Fill in the form and confirm."""
        assert self.ask(*topic_slugs) == 1
        assert self.confirm() == "confirmed"

    @property
    def row(self) -> Subscriber:
        """The subscriber, as the database has them now."""
        found = subscribers.find(canonical(self.address))
        assert found is not None
        db.session.refresh(found)
        return found

    @property
    def id(self) -> UUID:
        """Their random id."""
        return self.row.id

    def link(self, topic: str = "news") -> str:
        """The token of a campaign's link to leave."""
        token = LeaveToken(self.id, topics.find(topic).id, UUID(int=7))
        return token.text(link_keys(current().secret_keys))

    def one_click(self, topic: str = "news") -> Receipt:
        """The one-click of a topic's message."""
        receipt = links.by_token(self.link(topic), 0)
        assert receipt is not None
        return receipt

    def undo(self, topic: str = "news") -> bool:
        """Take the one-click back."""
        return links.undo(self.link(topic))

    def leave(self, scope: Scope | None = None, kind: Kind = Kind.UNSUBSCRIBED) -> Receipt:
        """Leave everything, or this scope, in one of the three ways."""
        return leave(Leaving(self.id, scope or Scope.everything(), kind, "page", patience=0))

    def said(self) -> list[str]:
        """The ledger, as `kind topic`."""
        names = {topic.id: topic.slug for topic in topics.all_topics()}
        return [
            f"{e.kind} {names[e.topic_id] if e.topic_id else 'all'}"
            for e in ledger.history(self.id)
        ]

    def standing(self, topic: str = "news") -> str:
        """What the last entry says of a topic."""
        row = standings.of(self.id).get(topics.find(topic).id)
        return row.standing if row else "none"


def at_once(app: Flask, *acts: Callable[[], Any]) -> list[Any]:
    """Do these things at the same moment, each in a session of its own; what each came to."""
    ready = threading.Barrier(len(acts))

    def act(one: Callable[[], Any]) -> Any:
        with app.app_context():
            ready.wait()
            return one()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [done.result() for done in [pool.submit(act, one) for one in acts]]


@contextmanager
def elsewhere(**given: Any) -> Iterator[Flask]:
    """The application as another process sees it, with these settings changed."""
    app = create_base(load(_env_file=None, **given))
    with app.app_context():
        try:
            yield app
        finally:
            db.session.remove()
            db.engine.dispose()


def token_of(optin: OptIn, act: str) -> str:
    """The token of a request's link."""
    keys = link_keys(current().secret_keys)
    return OptInToken(optin.id, optin.subscriber_id).text(keys, act)


def newest_request() -> OptIn:
    """The request that was made last."""
    newest = select(OptIn).order_by(OptIn.created_at.desc()).limit(1)
    return db.session.scalars(newest.execution_options(populate_existing=True)).one()


def confirmations_of(address: str) -> list[Delivery]:
    """The confirmations to an address, oldest first."""
    found = subscribers.find(canonical(address))
    query = select(Delivery).where(
        Delivery.kind == "confirmation", Delivery.subscriber_id == (found.id if found else None)
    )
    fresh = query.order_by(Delivery.created_at).execution_options(populate_existing=True)
    return list(db.session.scalars(fresh))


def days_pass(person: UUID) -> None:
    """Move their confirmations so far back that no cap of a minute or a day is in the way."""
    db.session.execute(text(_DAYS_PASS), {"person": person})
    db.session.commit()


# Each time further back than before, so that no two meet on one day.
_DAYS_PASS = """
    UPDATE deliveries d SET created_at = created_at - past.days * interval '1 day',
        confirmation_day = confirmation_day - past.days
    FROM (SELECT 10 * (1 + count(*)::int) AS days FROM deliveries
          WHERE subscriber_id = :person AND created_at < now() - interval '2 days') past
    WHERE d.subscriber_id = :person AND d.created_at > now() - interval '2 days'
"""


def open_request(person: Person) -> OptIn:
    """A request of theirs that stands open whatever else is so, as a race could leave it."""
    asked = optins.Asked(
        subscriber_id=person.id,
        form_id=1,
        form_version=1,
        policy_id=person.policy.id,
        language="kk",
        page=PAGE,
        wordings={topics.find("news").id: "0" * 64},
        typed={},
    )
    optin = optins.open_request(asked)
    db.session.commit()
    return optin


@dataclass
class Gate:
    """The real gate, asked about one message at a time; what it lets through is taken back."""

    settings: Settings
    connection: psycopg.Connection
    sending: dict[str, int]
    drafts: dict[str, int]
    owner: UUID = field(default_factory=uuid4)

    def says(self, kind: str, topic: str, person: UUID, optin: UUID | None = None) -> str | None:
        """The reason why this person is not written to now; None lets the message through."""
        campaign = None if optin else self.sending[topic]
        values = {
            "kind": kind,
            "campaign": campaign,
            "optin": optin,
            "person": person,
            "topic": topics.find(topic).id,
            "owner": self.owner,
            "number": 1 if optin else None,
        }
        db.session.rollback()
        row = self.connection.execute(_CLAIMED, values).fetchone()
        assert row is not None
        self.connection.commit()
        topic_id, batch_id = topics.find(topic).id, row[1]
        claim = Claim(row[0], 1, kind, campaign, person, topic_id, batch_id, optin)
        passed = gate.ask(self.connection, self.settings, self.owner, [claim])
        query = "DELETE FROM deliveries WHERE id = %s RETURNING state, reason"
        outcome = self.connection.execute(query, [row[0]]).fetchone()
        self.connection.execute("DELETE FROM batches WHERE id = %s", [row[1]])
        self.connection.commit()
        assert outcome is not None
        state, reason = outcome
        assert (state == "open", reason is None) == (bool(passed), bool(passed))
        return str(reason) if reason else None

    def audience_says(self, topic: str, person: UUID) -> str | None:
        """What the audience says beforehand; `not_considered` for who has nothing to do with it."""
        campaign = campaigns.find(self.drafts[topic])
        considered, reason = audience.reason_now(campaign, person)
        counted = audience.count(campaign)
        assert counted.considered == counted.will_receive + sum(counted.held.values())
        db.session.rollback()
        return reason if considered else "not_considered"


_CLAIMED = """
    WITH batch AS (
        INSERT INTO batches (campaign_id, written_at) VALUES (%(campaign)s, now()) RETURNING id
    )
    INSERT INTO deliveries (kind, campaign_id, batch_id, optin_id, subscriber_id, topic_id, state,
                            owner, fence, confirmation_day, confirmation_number)
    SELECT %(kind)s, %(campaign)s, batch.id, %(optin)s, %(person)s, %(topic)s, 'claimed',
           %(owner)s, 1, CASE WHEN %(number)s::int IS NOT NULL THEN date '2000-01-01' END,
           %(number)s
    FROM batch RETURNING id, batch_id
"""


@contextmanager
def gate_of(settings: Settings, policy: PolicyVersion) -> Iterator[Gate]:
    """A gate with campaigns that are being sent, and the same again as drafts to be counted."""
    sending = {slug: road.campaign(slug) for slug in ("news", "offers")}
    drafts = {slug: road.campaign(slug) for slug in ("news", "offers")}
    for names, label in ((sending, "first"), (drafts, "second")):
        names["notices"] = _notice(policy, label)
    db.session.execute(
        text("UPDATE campaigns SET state = 'sending', audience = 0 WHERE id = ANY (:ids)"),
        {"ids": list(sending.values())},
    )
    db.session.commit()
    with psycopg.connect(dsn(settings.database)) as connection:
        yield Gate(settings, connection, sending, drafts)


def _notice(policy: PolicyVersion, label: str) -> int:
    """A notice by SQL: which version it announces plays no part here."""
    version = db.session.execute(
        text(
            "INSERT INTO policy_versions (label, effective_on, purposes, fields) "
            "SELECT :label, effective_on, purposes, fields FROM policy_versions WHERE id = :id "
            "RETURNING id"
        ),
        {"label": label, "id": policy.id},
    ).scalar_one()
    notice = db.session.execute(
        text(
            "INSERT INTO campaigns (kind, topic_id, policy_id, state, language, created_by, "
            "created_at) SELECT 'notice', id, :version, 'draft', 'kk', 'test', now() "
            "FROM topics WHERE slug = 'notices' RETURNING id"
        ),
        {"version": version},
    ).scalar_one()
    return int(notice)
