"""Approval: a second person's yes, bound to what they saw, void at any change."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from mailing.base.database import db
from mailing.base.errors import Conflict, NotAllowed
from mailing.base.languages import speaking
from mailing.campaigns import approvals, campaigns, segments, sentences
from mailing.campaigns.content import Content
from mailing.deliveries import dispatch
from mailing.staff.audit import Actor
from mailing.staff.staff import Role
from tests import road

COLLEAGUE = Actor("staff 7", Role.OFFICER)
THIRD = Actor("staff 8", Role.MARKETER)


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | {"KELISIM_APPROVAL": "true"}


@pytest.fixture
def number(app: Flask) -> int:
    """A draft to three people, narrowed by a segment that leaves them all."""
    road.subscribe(road.lay(), 3)
    made = segments.save("Кесім", kazakh(), road.ACTOR)
    draft = road.campaign()
    campaigns.narrow(draft, made, road.ACTOR)
    db.session.commit()
    return draft


def kazakh(value: str = "kk") -> sentences.Conditions:
    said = {"about": "language", "how": "one_of", "values": [value]}
    return sentences.read({"sentences": [said]})


def approved(number: int) -> None:
    approvals.ask(number, road.ACTOR, "Қараңызшы")
    approvals.approve(number, COLLEAGUE, approvals.bound_to(campaigns.find(number)))
    db.session.commit()


def test_nothing_starts_without_a_second_persons_yes(app: Flask, number: int) -> None:
    for now in (True, False):
        with pytest.raises(NotAllowed), speaking("en"):
            dispatch.start(number, road.ACTOR, now=now)
    approvals.ask(number, road.ACTOR)
    with pytest.raises(Conflict, match="review"):
        dispatch.start(number, road.ACTOR, now=True)
    approvals.approve(number, COLLEAGUE, approvals.bound_to(campaigns.find(number)))
    assert dispatch.start(number, road.ACTOR, now=True).will_receive == 3
    names = [(one.step, one.actor, one.will_receive) for one in approvals.story(number)]
    assert names == [("asked", "test", 3), ("approved", "staff 7", 3)]
    db.session.commit()
    own = app.extensions["kelisim"]
    app.extensions["kelisim"] = own.model_copy(update={"from_": "later@glazik.example"})
    assert approvals.approver(campaigns.find(number)) == COLLEAGUE.name, "shown for ever"


def test_nobody_approves_what_they_wrote_changed_narrowed_or_asked_for(number: int) -> None:
    campaigns.edit(campaigns.find(number), Content("kk", "Тақырып", "Мәтін"), THIRD)
    fourth = Actor("staff 9", Role.MARKETER)
    campaigns.narrow(number, None, fourth)
    asker = Actor("staff 10", Role.MARKETER)
    approvals.ask(number, asker)
    seen = approvals.bound_to(campaigns.find(number))
    for own in (road.ACTOR, THIRD, fourth, asker):
        with pytest.raises(NotAllowed), speaking("en"):
            approvals.approve(number, own, seen)
    approvals.approve(number, COLLEAGUE, seen)


def change_segment(number: int) -> None:
    made = segments.everyone()[0]
    segments.change(made, made.name, kazakh("ru"), road.ACTOR)


def change(assignment: str) -> Callable[[int], None]:
    def act(_: int) -> None:
        db.session.execute(text(assignment))

    return act


CHANGES: dict[str, Callable[[int], None]] = {
    "a letter of the body": change("UPDATE campaign_bodies SET body = body || '.'"),
    "the subject": change("UPDATE campaign_bodies SET subject = subject || '!'"),
    "the preview text": change("UPDATE campaign_bodies SET preheader = 'Сәлем'"),
    "the format": change("UPDATE campaign_bodies SET format = 'html'"),
    "a language more": change(
        "INSERT INTO campaign_bodies (campaign_id, language, subject, format, body) "
        "SELECT id, 'ru', 'Тема', 'markdown', 'Текст' FROM campaigns"
    ),
    "the topic": change(
        "UPDATE campaigns SET topic_id = (SELECT id FROM topics WHERE slug = 'offers')"
    ),
    "another segment": change("UPDATE campaigns SET segment_id = NULL"),
    "what the segment says": change_segment,
}


@pytest.mark.parametrize("what", CHANGES)
def test_any_change_leaves_an_approval_void(number: int, what: str) -> None:
    approved(number)
    assert approvals.standing(campaigns.find(number))
    CHANGES[what](number)
    db.session.commit()
    db.session.expire_all()
    assert approvals.standing(campaigns.find(number)) is None
    with pytest.raises(NotAllowed), speaking("en"):
        dispatch.start(number, road.ACTOR, now=True)


def test_another_sender_leaves_it_void(number: int, app: Flask) -> None:
    approved(number)
    own = app.extensions["kelisim"]
    app.extensions["kelisim"] = own.model_copy(update={"from_": "other@glazik.example"})
    assert approvals.standing(campaigns.find(number)) is None


def test_a_change_between_the_look_and_the_yes_is_refused(number: int) -> None:
    approvals.ask(number, road.ACTOR)
    seen = approvals.bound_to(campaigns.find(number))
    change_segment(number)
    for stale in (seen, approvals.bound_to(campaigns.find(number)), ""):
        with pytest.raises(Conflict), speaking("en"):
            approvals.approve(number, COLLEAGUE, stale)


def test_taken_back_or_sent_back_it_is_a_draft_and_needs_a_new_yes(number: int) -> None:
    approved(number)
    approvals.take_back(number, road.ACTOR)
    assert campaigns.find(number).state == "draft"
    with pytest.raises(NotAllowed), speaking("en"):
        dispatch.start(number, road.ACTOR)
    approvals.ask(number, road.ACTOR)
    approvals.send_back(number, COLLEAGUE, "Тақырыбы тым ұзын")
    assert campaigns.find(number).state == "draft"
    assert approvals.story(number)[-1].note == "Тақырыбы тым ұзын"
    with pytest.raises(NotAllowed), speaking("en"):
        dispatch.start(number, road.ACTOR)


def test_in_review_nothing_changes_and_a_call_back_keeps_the_yes(number: int) -> None:
    approvals.ask(number, road.ACTOR)
    with pytest.raises(Conflict):
        campaigns.edit(campaigns.find(number), Content("kk", "Тақырып", "Мәтін"), THIRD)
    with pytest.raises(Conflict):
        campaigns.narrow(number, None, THIRD)
    approvals.approve(number, COLLEAGUE, approvals.bound_to(campaigns.find(number)))
    dispatch.start(number, road.ACTOR)
    dispatch.hold(number, road.ACTOR)
    assert dispatch.start(number, road.ACTOR, now=True).state == "sending"


def test_the_story_cannot_be_rewritten(number: int) -> None:
    approved(number)
    for statement in ("UPDATE approvals SET actor = 'me'", "DELETE FROM approvals"):
        with pytest.raises(DBAPIError, match="append-only"):
            db.session.execute(text(statement))
        db.session.rollback()
