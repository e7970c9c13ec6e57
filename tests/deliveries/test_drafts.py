"""Drafts are compiled before they are kept."""

import pytest
from flask import Flask

from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid, Missing
from mailing.campaigns import campaigns
from mailing.campaigns.content import Content
from mailing.deliveries import dispatch, drafts
from tests import road


@pytest.mark.parametrize(
    "body", ["{{ given_name", "{% for x in y %}{% endfor %}", "{{ ''.__class__ }}", "{{ iin }}"]
)
def test_what_does_not_compile_is_not_kept(app: Flask, body: str) -> None:
    road.lay()
    with pytest.raises(Invalid):
        drafts.create("news", Content("kk", "Тақырып", body), road.ACTOR)
    db.session.rollback()
    assert campaigns.by_state() == []


def test_an_edit_that_does_not_compile_leaves_the_draft_as_it_was(app: Flask) -> None:
    road.lay()
    draft = campaigns.find(road.campaign())
    with pytest.raises(Invalid):
        drafts.edit(draft, Content("kk", "Тақырып", "{{ given_name"), road.ACTOR)
    db.session.rollback()
    assert campaigns.find(draft.id).content_in("kk").body == road.BODY


def test_a_campaign_that_has_begun_is_not_edited(app: Flask) -> None:
    number, _ = road.under_way(1)
    with pytest.raises(Conflict, match="only a draft"):
        drafts.edit(campaigns.find(number), Content("kk", "Басқа", "Басқа"), road.ACTOR)


def test_an_unknown_topic_is_named(app: Flask) -> None:
    road.lay()
    with pytest.raises(Missing, match="sport"):
        drafts.create("sport", Content("kk", "Тақырып", "Мәтін"), road.ACTOR)


def test_a_preview_is_the_whole_message_and_belongs_to_nobody(app: Flask) -> None:
    number, _ = road.under_way(1)
    seen = drafts.preview(campaigns.find(number), "ru")
    assert "Айгүл" in seen.text
    assert seen.subject == "Қараша жаңалықтары"
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in seen.raw
    assert dispatch.finish() == []
