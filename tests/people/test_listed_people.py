"""The list of people: the set, not only the count, equals what another query finds; a walk by the
cursor meets everybody once, whoever comes meanwhile."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st
from sqlalchemy import text

from mailing.base import paging
from mailing.base.database import db
from mailing.base.errors import Missing
from mailing.people import counted, listed
from mailing.people.listed import Page
from mailing.people.standings import Said
from mailing.people.suppression import Why, suppress
from mailing.people.wanted import Bar, Wanted
from tests import road

Row = Any

PEOPLE = 70
PROVIDERS = ("example.com", "mail.example", "bk.example")
LANGUAGES = ("kk", "ru", "en")
ZONE = ZoneInfo("Asia/Almaty")
FIRST = date(2026, 3, 1)
DAYS = [FIRST + timedelta(days=number) for number in range(12)]


@pytest.fixture
def crowd(app: Flask) -> None:
    """People drawn by chance: standings on three topics, domains, languages, days, bars, and some
    who are destroyed or never said anything."""
    populate(random.Random(7))


def populate(chance: random.Random) -> None:
    people = road.subscribe(road.lay(), PEOPLE)
    run("DELETE FROM standings")
    for person in people:
        at = datetime.combine(chance.choice(DAYS), time(chance.randrange(24)), ZONE)
        run(
            "UPDATE subscribers SET provider = :provider, language = :language, created_at = :at, "
            "blocked_at = :blocked, paused_until = :paused, "
            "personal = CASE WHEN :gone THEN NULL ELSE personal END WHERE id = :id",
            id=person,
            provider=chance.choice(PROVIDERS),
            language=chance.choice(LANGUAGES),
            at=at,
            blocked=at if chance.random() < 0.1 else None,
            paused=chance.choice([None, at, datetime.now(UTC) + timedelta(days=2)]),
            gone=chance.random() < 0.1,
        )
        for slug in ("news", "offers", "notices"):
            if chance.random() < (0.2 if slug == "notices" else 0.7):
                stand(person, slug, chance.choice(list(Said)), at + timedelta(days=1), chance)
        if chance.random() < 0.2:
            digest = run("SELECT digest FROM subscribers WHERE id = :id", id=person).scalar_one()
            suppress(digest, chance.choice(list(Why)))


def stand(person: UUID, slug: str, said: Said, since: datetime, chance: random.Random) -> None:
    run(
        "INSERT INTO standings (subscriber_id, topic_id, standing, quarantined, since) "
        "SELECT :person, id, :said, :waits, :since FROM topics WHERE slug = :slug",
        person=person,
        slug=slug,
        said=said.value,
        since=since,
        waits=said is Said.NONE and chance.random() < 0.5,
    )


def run(query: str, **values: object) -> Any:
    return db.session.execute(text(query), values)


def everybody(wanted: Wanted) -> list[UUID]:
    """Who is met on a walk from the first page to the last, in order."""
    return [one.id for page in pages(wanted) for one in page.rows]


def pages(wanted: Wanted) -> Iterator[Page]:
    page = listed.page(wanted)
    yield page
    while page.older:
        page = listed.page(wanted, page.older)
        yield page


def found_otherwise(wanted: Wanted, known: list[Row] | None = None) -> set[UUID]:
    """The same asked in another way: every person with all that is known of them, judged here."""
    rows = all_known() if known is None else known
    return {row.id for row in rows if row.says and _fits(wanted, row)}


def all_known() -> list[Row]:
    query = (
        "SELECT s.id, s.provider, s.language, s.created_at, s.blocked_at, "
        "coalesce(s.paused_until > now(), false) AS paused, "
        "s.digest IN (SELECT digest FROM suppressions) AS suppressed, "
        "(SELECT json_object_agg(t.slug, json_build_array(o.standing, o.quarantined, o.since)) "
        "FROM standings o JOIN topics t ON t.id = o.topic_id "
        "WHERE o.subscriber_id = s.id) AS says "
        "FROM subscribers s WHERE s.personal IS NOT NULL"
    )
    return list(run(query).all())


def _fits(wanted: Wanted, row: Row) -> bool:
    own = row.says.get(wanted.topic)
    if wanted.topic and own is None:
        return False
    at = datetime.fromisoformat(own[2]) if own else row.created_at
    day = at.astimezone(ZONE).date()
    waits = own[1] if own else any(one[1] for one in row.says.values())
    barred = {
        None: True,
        Bar.SUPPRESSED: row.suppressed,
        Bar.BLOCKED: row.blocked_at is not None,
        Bar.QUARANTINED: waits,
        Bar.PAUSED: row.paused,
    }
    return (
        wanted.standing in (None, own[0] if own else _overall(row.says))
        and wanted.provider in ("", row.provider)
        and wanted.language in ("", row.language)
        and (wanted.since is None or day >= wanted.since)
        and (wanted.until is None or day <= wanted.until)
        and bool(barred[wanted.bar])
    )


def _overall(says: dict[str, list[str]]) -> str:
    words = {one[0] for slug, one in says.items() if slug != "notices" or one[0] != "given"}
    order = ("given", "withdrawn", "requested", "unsubscribed")
    return next((one for one in order if one in words), "none")


WANTED = st.builds(
    Wanted,
    topic=st.sampled_from(["", "", "news", "offers", "notices"]),
    standing=st.sampled_from([None, *Said]),
    provider=st.sampled_from(["", "", *PROVIDERS, "none.example"]),
    language=st.sampled_from(["", "", *LANGUAGES]),
    since=st.sampled_from([None, None, *DAYS]),
    until=st.sampled_from([None, None, *DAYS]),
    bar=st.sampled_from([None, None, *Bar]),
)


def test_whoever_is_wanted_is_listed_once_and_nobody_else_and_the_counts_are_theirs(
    crowd: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listed, "A_PAGE", 9)
    known = all_known()

    @how(
        max_examples=80,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(WANTED)
    def agree(wanted: Wanted) -> None:
        met = everybody(wanted)
        assert len(met) == len(set(met))
        assert set(met) == found_otherwise(wanted, known)
        counts = counted.count(wanted)
        assert counts.total.is_whole
        for standing in Said:
            own = Wanted(**{**vars(wanted), "standing": standing})
            assert counts.of[standing].people == len(found_otherwise(own, known)), standing
        of_all = found_otherwise(Wanted(**{**vars(wanted), "standing": None}), known)
        assert counts.total.people == len(of_all)

    agree()


@pytest.mark.parametrize("topic", ["", "news"])
def test_a_walk_meets_everybody_once_while_people_are_added(
    crowd: None, monkeypatch: pytest.MonkeyPatch, topic: str
) -> None:
    monkeypatch.setattr(listed, "A_PAGE", 8)
    wanted, chance = Wanted(topic), random.Random(3)
    were = found_otherwise(wanted)
    met, added = [], 0
    for page in pages(wanted):
        met += [one.id for one in page.rows]
        added += 1
        (person,) = road.subscribe(road.lay(), 1, "offers", first=1000 + added)
        stand(person, "news", Said.GIVEN, datetime.now(UTC), chance)
    assert added > 4
    assert len(met) == len(set(met))
    assert were <= set(met)


def test_back_from_the_last_page_one_meets_the_same_the_other_way_round(
    crowd: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listed, "A_PAGE", 8)
    forth = list(pages(Wanted("offers")))
    assert forth[0].newer is None
    back, page = [forth[-1]], forth[-1]
    while page.newer:
        page = listed.page(Wanted("offers"), newer_than=page.newer)
        back.append(page)
    assert [one.rows for one in reversed(back)] == [one.rows for one in forth]


def test_a_person_stands_with_what_they_say_and_what_bars_them(app: Flask) -> None:
    policy = road.lay()
    (person,) = road.subscribe(policy, 1)
    road.say_yes(policy, [person], "offers")
    run("UPDATE subscribers SET blocked_at = now() WHERE id = :id", id=person)
    (one,) = listed.page(Wanted()).rows
    assert (one.id, one.address, one.language) == (person, road.address(0), "kk")
    assert sorted(one.says.values()) == ["given", "given"]
    assert one.bars == (Bar.BLOCKED,)


def test_where_there_are_many_counting_ends_and_says_so(
    crowd: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, of_one = counted.count(Wanted("news")), Wanted(provider="mail.example")
    there = counted.count(of_one).total.people
    assert there > 0
    monkeypatch.setattr(counted, "MOST_COUNTED", whole.of[Said.GIVEN].people - 1)
    ended = counted.count(Wanted("news"))
    assert not ended.of[Said.GIVEN].is_whole
    assert not ended.total.is_whole
    monkeypatch.undo()
    monkeypatch.setattr(counted, "MOST_LOOKED_AT", 3)
    assert not counted.count(Wanted()).total.is_whole
    monkeypatch.setattr(counted, "MOST_LOOKED_AT", there - 1)
    assert not counted.count(of_one).total.is_whole
    assert counted.count(Wanted(provider="none.example")).total.is_whole


def test_a_topic_that_is_not_there_is_missing(app: Flask) -> None:
    road.lay()
    for look in (listed.page, counted.count):
        with pytest.raises(Missing):
            look(Wanted("nothing"))


@pytest.mark.parametrize(
    "text", ["", "_", "x_y", "1_", "9" * 30 + "_" + "0" * 32, "-1_" + "0" * 32]
)
def test_what_is_no_cursor_of_ours_begins_at_the_beginning(text: str) -> None:
    assert paging.place(text) is None


def test_a_cursor_is_the_place_that_it_was_made_from() -> None:
    at, number = datetime(2026, 3, 5, 12, 0, 0, 123457, tzinfo=UTC), UUID(int=7)
    assert paging.place(paging.cursor(at, number)) == (at, number)
