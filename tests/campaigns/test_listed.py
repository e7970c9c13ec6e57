"""The list of campaigns: page by page, found by words, each in exactly one place."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.campaigns import listed
from mailing.campaigns.campaigns import Campaign, State
from mailing.campaigns.listed import Page, Wanted
from mailing.people import topics
from tests import road

EVERYTHING = Wanted()
DRAFTS = (State.DRAFT,)


@pytest.fixture
def drafts(app: Flask) -> list[int]:
    """Sixty drafts, three of each moment; their numbers, newest first."""
    road.lay()
    _drafts("news", 60)
    return list(range(60, 0, -1))


def _drafts(topic: str, count: int, subject: str = "Хат") -> None:
    """Written by SQL: the drafts' own verb compiles each."""
    query = """
        WITH made AS (
            INSERT INTO campaigns (kind, topic_id, state, language, created_by, created_at)
            SELECT 'campaign', :topic, 'draft', 'kk', 'test', :at + make_interval(secs => n / 3)
            FROM generate_series(1, :count) n RETURNING id)
        INSERT INTO campaign_bodies (campaign_id, language, subject, format, body)
        SELECT id, 'kk', :subject, 'markdown', 'Сәлем.' FROM made
    """
    at = clock.now() - timedelta(days=1)
    values = {"topic": topics.find(topic).id, "count": count, "subject": subject, "at": at}
    db.session.execute(text(query), values)
    db.session.commit()


def _numbers(page: Page) -> list[int]:
    return [one.id for one in page.rows]


def test_pages_follow_each_other_and_lead_back_without_losing_anything(drafts: list[int]) -> None:
    first = listed.page(DRAFTS, EVERYTHING)
    second = listed.page(DRAFTS, EVERYTHING, older_than=first.older or "")
    third = listed.page(DRAFTS, EVERYTHING, older_than=second.older or "")
    assert [*_numbers(first), *_numbers(second), *_numbers(third)] == drafts
    assert (first.newer, third.older, len(third.rows)) == (None, None, 10)
    back = listed.page(DRAFTS, EVERYTHING, newer_than=third.newer or "")
    assert _numbers(back) == _numbers(second)
    start = listed.page(DRAFTS, EVERYTHING, newer_than=back.newer or "")
    assert (_numbers(start), start.newer) == (_numbers(first), None)


def test_what_is_written_meanwhile_moves_nothing_on_the_next_page(drafts: list[int]) -> None:
    first = listed.page(DRAFTS, EVERYTHING)
    road.campaign()
    following = listed.page(DRAFTS, EVERYTHING, older_than=first.older or "")
    assert _numbers(following) == drafts[25:50]


@pytest.mark.parametrize(
    "cursor",
    ["", "_", "x_1", "1_x", "1_99999999999", "nan_1", "inf_1", "1e30_1", "1", "1_-2", "1_٣"],
)
def test_a_cursor_that_is_none_of_ours_begins_at_the_beginning(
    drafts: list[int], cursor: str
) -> None:
    assert _numbers(listed.page(DRAFTS, EVERYTHING, older_than=cursor)) == drafts[:25]


def test_what_leaves_next_stands_first_among_the_scheduled(drafts: list[int]) -> None:
    query = "UPDATE campaigns SET state = 'scheduled', release_at = now() + id * interval '1 hour'"
    db.session.execute(text(query + " WHERE id <= 3"))
    db.session.commit()
    assert _numbers(listed.page((State.SCHEDULED,), EVERYTHING)) == [1, 2, 3]


@pytest.mark.parametrize(
    "words",
    ["Қыс", "қыс", "кыс", "КЫС", "ҚЫСҚЫ", "үлгі", "улги", "100 %", "#7", "7"],
)
def test_words_are_found_as_people_type_them(app: Flask, words: str) -> None:
    road.lay()
    _drafts("news", 6)
    _drafts("news", 1, "Қысқы үлгі: 100 % жүн")
    found = _numbers(listed.page(DRAFTS, Wanted(words)))
    assert found == [7]
    assert listed.count(Wanted(words)) == {"draft": 1}


@pytest.mark.parametrize("words", ["%", "_", "\\", "' OR 1 = 1 --", "99999999999"])
def test_what_a_pattern_would_take_for_everything_is_taken_as_it_is(
    drafts: list[int], words: str
) -> None:
    assert _numbers(listed.page(DRAFTS, Wanted(words))) == []


def test_the_counts_of_a_filter_are_the_rows_that_it_shows(app: Flask) -> None:
    road.lay()
    _drafts("news", 4)
    _drafts("offers", 3)
    db.session.execute(text("UPDATE campaigns SET state = 'stopped' WHERE id IN (1, 5)"))
    db.session.commit()
    wanted = Wanted(topic="offers")
    assert listed.count(wanted) == {"draft": 2, "stopped": 1}
    assert listed.count(EVERYTHING) == {"draft": 5, "stopped": 2}
    rows: list[Campaign] = listed.page(tuple(State), wanted).rows
    assert {one.id for one in rows} == {5, 6, 7}
