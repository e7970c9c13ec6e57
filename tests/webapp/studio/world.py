"""A small invented world that the studio's tests look at."""

from dataclasses import dataclass
from datetime import date

from flask import Flask
from sqlalchemy import text

from mailing.base.database import db
from mailing.campaigns import audience, campaigns
from mailing.campaigns.campaigns import State
from mailing.campaigns.content import Content
from mailing.deliveries import batches
from mailing.people import forms, subscribers, topics
from mailing.people.canonical import canonical
from mailing.people.ledger import Kind, NewEntry, append_many
from mailing.policies import versions
from mailing.policies.versions import NewText
from mailing.staff import staff
from mailing.staff.audit import Actor
from mailing.staff.staff import Role

PASSWORD = "four unrelated words here"
MARKETER = Actor("staff 2", Role.MARKETER)


@dataclass(frozen=True)
class World:
    """Numbers of what `make_world` made."""

    topic_id: int
    policy_id: int
    campaign_id: int


def make_crew(web: Flask) -> None:
    """One person of each role: admin@, marketer@, officer@, viewer@example.com."""
    with web.app_context():
        for role in Role:
            staff.add(f"{role}@example.com", role, PASSWORD)
        db.session.commit()


def make_world(web: Flask) -> World:
    """A policy, the form `site`, a draft, and the topic `offers`.

    The topic has nine yeses, one open request and two who left.
    """
    with web.app_context():
        policy = _policy()
        topic = topics.add("offers", "special_offers", "Ұсыныстар", "Предложения", "Offers")
        forms.add("site", ["https://shop.example"], ["offers"])
        _people(topic.id, policy.id)
        content = Content("kk", "Қараша хаты", "Құрметті оқырман, **жаңалық** бар.")
        campaign = campaigns.create("offers", content, MARKETER)
        made = World(topic.id, policy.id, campaign.id)
        db.session.commit()
    return made


def _policy() -> versions.PolicyVersion:
    kept = versions.import_text("Саясат\n".encode(), NewText("kk", date(2024, 10, 1)))
    return versions.publish(versions.find(kept.policy_id))


def _people(topic_id: int, policy_id: int) -> None:
    yes = [Kind.REQUESTED, Kind.GIVEN]
    stories = [yes] * 9 + [[Kind.REQUESTED], [*yes, Kind.UNSUBSCRIBED], [*yes, Kind.UNSUBSCRIBED]]
    entries = []
    for number, kinds in enumerate(stories):
        person = subscribers.create(canonical(f"person{number}@example.com"), "kk").id
        entries += [NewEntry(person, kind, topic_id, policy_id, "form", "person") for kind in kinds]
    append_many(entries)


def let_go(web: Flask, world: World, outcomes: list[str]) -> None:
    """Put the campaign on its way, with these outcomes; the rest waits."""
    with web.app_context():
        campaign = campaigns.lock(world.campaign_id)
        audience.snapshot(campaign)
        campaign.state, campaign.started_at = State.SENDING.value, campaign.created_at
        batches.lay(campaign.id)
        db.session.flush()
        ids = db.session.scalars(
            text("SELECT unnest(subscriber_ids) FROM audience_chunks WHERE reason IS NULL")
        ).all()
        for person, state in zip(ids, outcomes, strict=False):
            _deliver(world, person, state)
        db.session.commit()


def _deliver(world: World, person: object, state: str) -> None:
    query = """
        INSERT INTO deliveries (kind, campaign_id, batch_id, subscriber_id, topic_id, state,
                                reason, owner, retry_at, sealed_at, finished_at)
        SELECT 'campaign', campaign_id, id, :person, :topic, :state, 'unsubscribed',
               gen_random_uuid(), now() + interval '5 minutes', now(), now()
        FROM batches WHERE campaign_id = :campaign
    """
    values = {"campaign": world.campaign_id, "topic": world.topic_id}
    db.session.execute(text(query), {**values, "person": person, "state": state})
