"""O1: somebody who got a test mail says that it looks right, and a change leaves that void."""

from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base.database import db
from mailing.base.errors import Conflict, NotAllowed
from mailing.base.languages import speaking
from mailing.campaigns import approvals, campaigns
from mailing.campaigns.campaigns import Campaign
from mailing.campaigns.content import Content
from mailing.deliveries import nods, readiness, trying
from mailing.deliveries.checks import Check, Fix, Level
from mailing.deliveries.trying import Wish
from mailing.staff import staff
from mailing.staff.audit import Actor
from mailing.staff.staff import Role
from tests import road

BOSS = "boss@shop.example"


@pytest.fixture
def boss(app: Flask) -> Actor:
    """A colleague who only reads."""
    person = staff.add(BOSS, Role.VIEWER, "four unrelated words here")
    return Actor(person.name, Role.VIEWER)


@pytest.fixture
def draft(app: Flask) -> Campaign:
    road.lay()
    return campaigns.find(road.campaign())


def tried(campaign: Campaign, address: str, state: str = "accepted") -> None:
    """A test mail of what it says now, and what became of it."""
    trying.send(campaign, Wish("kk", "usual", [address]), road.ACTOR)
    db.session.execute(text("UPDATE deliveries SET state = :state"), {"state": state})
    db.session.commit()


def check_of(campaign: Campaign, language: str = "kk") -> Check:
    with speaking("en"):
        found = readiness.check(campaigns.find(campaign.id)).checks
    return next(one for one in found if one.id == f"nod-{language}")


def nod(campaign: Campaign, actor: Actor) -> None:
    nods.nod(campaign.id, "kk", nods.said_in(campaign, "kk"), actor)


def test_whoever_got_a_test_mail_says_so_and_the_last_look_names_them(
    draft: Campaign, boss: Actor
) -> None:
    assert (check_of(draft).level, check_of(draft).fix) == (Level.WARN, Fix.TEST)
    tried(draft, BOSS)
    nod(draft, boss)
    found = check_of(draft)
    assert found.level is Level.FINE
    assert f"it looks right, said {BOSS}, " in found.detail
    assert "(Almaty time)" in found.detail
    assert not approvals.is_own(draft, boss), "looking is no hand in it: the boss may approve"


@pytest.mark.parametrize("state", ["pending", "refused", "uncertain"])
def test_nobody_nods_to_what_no_relay_took_or_what_went_to_others(
    draft: Campaign, boss: Actor, state: str
) -> None:
    """T53: "sent" is said only on evidence."""
    tried(draft, BOSS, state)
    for somebody in (boss, road.ACTOR):
        with pytest.raises(NotAllowed):
            nod(draft, somebody)
    db.session.execute(text("DELETE FROM trials"))
    tried(draft, "other@shop.example")
    stranger = Actor("staff 99", Role.MARKETER)
    assert not nods.may_nod(draft, "kk", stranger)
    assert not nods.may_nod(draft, "kk", boss)
    assert nods.may_nod(draft, "kk", road.ACTOR), "whoever sent it reads that mailbox"


def test_a_change_of_words_or_topic_leaves_it_void_and_the_same_words_again_do_not(
    draft: Campaign, boss: Actor
) -> None:
    tried(draft, BOSS)
    seen = nods.said_in(draft, "kk")
    nod(draft, boss)
    before = draft.content_in("kk")
    campaigns.edit(draft, replace(before, preheader="Алдын ала"), road.ACTOR)
    assert check_of(draft).level is Level.WARN
    with pytest.raises(Conflict):
        nods.nod(draft.id, "kk", seen, boss)
    with pytest.raises(NotAllowed):
        nod(draft, boss)
    campaigns.edit(draft, before, road.ACTOR)
    assert check_of(draft).level is Level.FINE, "it says again what was looked at"
    campaigns.address(draft, "offers", road.ACTOR)
    assert check_of(draft).level is Level.WARN, "the footer names another topic"
    assert not nods.may_nod(draft, "kk", boss)


def test_each_language_is_looked_at_for_itself(draft: Campaign, boss: Actor) -> None:
    tried(draft, BOSS)
    campaigns.edit(draft, Content("ru", "Письмо", "Есть новость."), road.ACTOR)
    nod(draft, boss)
    assert check_of(draft).level is Level.FINE
    assert check_of(draft, "ru").level is Level.WARN
    assert not nods.may_nod(draft, "ru", boss)


def test_what_has_been_let_go_takes_no_nod(draft: Campaign, boss: Actor) -> None:
    tried(draft, BOSS)
    db.session.execute(text("UPDATE campaigns SET state = 'scheduled'"))
    with pytest.raises(Conflict):
        nod(draft, boss)
