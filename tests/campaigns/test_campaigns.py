"""Campaigns: one message to one topic; what is sent is what was last written, whole."""

import pytest
from flask import Flask

from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid, Missing
from mailing.campaigns import campaigns
from mailing.campaigns.campaigns import State
from mailing.campaigns.content import Content
from mailing.policies.versions import PolicyVersion
from tests import road
from tests.person import at_once

TEXT = Content("kk", "Тақырып", "Мәтін")


@pytest.fixture
def policy(app: Flask) -> PolicyVersion:
    return road.lay()


def test_the_topic_notices_is_for_policy_changes(policy: PolicyVersion) -> None:
    with pytest.raises(Invalid, match="policy"):
        campaigns.create("notices", TEXT, road.ACTOR)
    with pytest.raises(Missing):
        campaigns.create("other", TEXT, road.ACTOR)


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (Content("fr", "a", "b"), "language"),
        (Content("kk", " ", "b"), "subject"),
        (Content("kk", "a", "\n"), "body"),
        (Content("kk", "a", "b", "word"), "format"),
    ],
)
def test_what_cannot_be_sent_is_no_draft(
    policy: PolicyVersion, content: Content, field: str
) -> None:
    with pytest.raises(Invalid) as raised:
        campaigns.create("news", content, road.ACTOR)
    assert raised.value.field == field


def test_each_language_is_written_for_itself_and_read_with_a_fallback(
    policy: PolicyVersion,
) -> None:
    campaign = campaigns.create("news", TEXT, road.ACTOR)
    campaigns.edit(campaign, Content("ru", "Тема", "Текст"), road.ACTOR)
    campaigns.edit(campaign, Content("ru", "Тема 2", "Текст"), road.ACTOR)
    assert [body.language for body in campaign.bodies] == ["kk", "ru"]
    said = {language: campaign.content_in(language).subject for language in ("kk", "ru", "en")}
    assert said == {"kk": "Тақырып", "ru": "Тема 2", "en": "Тақырып"}


@pytest.mark.parametrize("state", [state for state in State if state is not State.DRAFT])
def test_only_a_draft_is_written(policy: PolicyVersion, state: State) -> None:
    campaign = campaigns.create("news", TEXT, road.ACTOR)
    campaign.audience = 0
    campaign.state = state.value
    db.session.commit()
    with pytest.raises(Conflict, match="only a draft"):
        campaigns.edit(campaign, TEXT, road.ACTOR)


def test_what_was_looked_at_before_the_start_is_not_written_after_it(
    app: Flask, policy: PolicyVersion
) -> None:
    """A page that was opened while it was a draft must not change what half of them have had."""
    number = road.campaign("news")
    road.subscribe(policy, 1)
    seen = campaigns.find(number)
    assert seen.state == State.DRAFT

    def start() -> None:
        road.start(number)

    at_once(app, start)
    with pytest.raises(Conflict):
        campaigns.edit(seen, Content("kk", "Late", "Late"), road.ACTOR)
    db.session.rollback()
    assert campaigns.find(number).content_in("kk").subject != "Late"


def test_a_start_and_an_edit_at_once_end_in_one_order(app: Flask, policy: PolicyVersion) -> None:
    number = road.campaign("news")
    road.subscribe(policy, 1)

    def edit() -> str:
        try:
            campaigns.edit(campaigns.find(number), Content("kk", "Late", "Late"), road.ACTOR)
            db.session.commit()
        except Conflict:
            db.session.rollback()
            return "refused"
        return "written"

    said = at_once(app, lambda: road.start(number), edit)
    subject = campaigns.find(number).content_in("kk").subject
    assert (said[1] == "written") == (subject == "Late")


def test_a_copy_says_the_same_to_the_same_topic_as_a_draft(policy: PolicyVersion) -> None:
    campaign = campaigns.create("news", Content("ru", "Тема", "Текст"), road.ACTOR)
    campaigns.edit(campaign, TEXT, road.ACTOR)
    campaign.state = State.STOPPED.value
    copy = campaigns.duplicate(campaign, road.ACTOR)
    assert (copy.id != campaign.id, copy.state, copy.language) == (True, "draft", "ru")
    for language in ("kk", "ru"):
        assert copy.content_in(language) == campaign.content_in(language)
