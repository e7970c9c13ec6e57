"""The last look compares: with other campaigns, other words, other hours; and it reads samples."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.languages import speaking
from mailing.base.settings import current
from mailing.base.tokens import LeaveToken
from mailing.campaigns import audience, campaigns
from mailing.deliveries import finished, links, proofs, readiness, usual
from mailing.deliveries.checks import Check, Level
from mailing.deliveries.links import Finding, Found
from mailing.leaving import links as leaving
from mailing.leaving import replay
from mailing.people.subscribers import Sealer
from tests import road

# A Tuesday in Almaty, which is five hours ahead.
NOON = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)


def checks(number: int, at: datetime | None = NOON) -> dict[str, Check]:
    """By id, in English."""
    with speaking("en"):
        return {one.id: one for one in readiness.check(campaigns.find(number), at=at).checks}


def sent(size: int, topic: str = "news", subject: str = "Бұрынғы") -> int:
    """A campaign that went to so many."""
    number = road.campaign(topic, subject)
    query = text(
        "UPDATE campaigns SET state = 'done', audience = :size, started_at = :at, finished_at = :at"
        " WHERE id = :id"
    )
    db.session.execute(query, {"size": size, "at": clock.now(), "id": number})
    db.session.commit()
    db.session.expire_all()
    return number


def test_twice_as_many_as_usual_deserves_a_look_and_the_number_typed(app: Flask) -> None:
    """A2."""
    road.subscribe(road.lay(), 10)
    number = road.campaign()
    assert checks(number)["usual_number"].level is Level.FINE, "nothing to compare with"
    for size in (4, 5, 6):
        sent(size)
    sent(5000, "offers")
    found = checks(number)["usual_number"]
    assert found.level is Level.WARN
    assert "10 people get it" in found.detail
    assert "about 5" in found.detail
    campaign = campaigns.find(number)
    assert usual.wants_the_number(campaign, 10)
    assert not usual.wants_the_number(campaign, 9)
    assert usual.wants_the_number(campaign, usual.MANY)
    sent(40)
    sent(40)
    assert checks(number)["usual_number"].level is Level.FINE


def test_the_same_words_to_the_same_topic_are_told_of(app: Flask) -> None:
    """A5, T47: a copy sent once more by somebody who did not know."""
    road.subscribe(road.lay(), 1)
    first = sent(1, subject="Қараша жаңалықтары")
    copy = road.campaign()
    assert f"Campaign {first} said exactly this" in checks(copy)["said_before"].detail
    assert "said_before" not in checks(road.campaign("offers"))
    assert "said_before" not in checks(road.campaign(body="Басқа сөз"))
    db.session.execute(text("UPDATE campaigns SET started_at = now() - interval '31 days'"))
    assert "said_before" not in checks(copy)


@pytest.mark.parametrize(
    ("at", "level", "said"),
    [
        (NOON, Level.FINE, "12:00 (Almaty time)"),
        (NOON.replace(hour=1, minute=59), Level.WARN, "when most people sleep"),
        (NOON.replace(hour=2), Level.FINE, "07:00"),
        (NOON.replace(hour=17), Level.WARN, "when most people sleep"),
        (NOON + timedelta(days=4), Level.WARN, "no working day"),
        (datetime(2026, 12, 16, 7, tzinfo=UTC), Level.WARN, "no working day"),
    ],
)
def test_an_hour_of_sleep_or_a_holiday_deserves_a_look(
    app: Flask, at: datetime, level: Level, said: str
) -> None:
    """O2."""
    road.subscribe(road.lay(), 1)
    found = checks(road.campaign(), at)["hour"]
    assert found.level is level
    assert said in found.detail


def rename(ids: list[UUID], names: Callable[[int], str]) -> None:
    """Give these people these names."""
    sealer = Sealer()
    for number, person in enumerate(ids):
        sealed = sealer.seal(
            {"email": road.address(number), "given_name": names(number)}, person.bytes
        )
        query = text("UPDATE subscribers SET personal = :sealed WHERE id = :id")
        db.session.execute(query, {"sealed": sealed, "id": person})
    db.session.commit()


def test_the_samples_are_the_hardest_real_readers_and_their_way_out_is_theirs(app: Flask) -> None:
    """C1: the address in the octets would leave for this person, and looking changed no row."""
    replay.run()
    people = road.subscribe(road.lay(), 9)
    rename(people, lambda number: "Ә" * (number * 7))
    campaign = campaigns.find(road.campaign())
    before = db.session.scalars(text("SELECT count(*) FROM ledger")).one()
    found = list(finished.of(campaign, "kk", finished.readers(campaign)))
    assert len(found) == 3
    lengths = [one.reader.length for one in found if one.reader]
    assert (max(lengths), min(lengths)) == (56, 0)
    assert all(proofs.would_leave(campaign, one) for one in found)
    assert db.session.scalars(text("SELECT count(*) FROM ledger")).one() == before
    token = found[0].leave_address.removeprefix(f"{current().public_url}/u/")
    reader = found[0].reader
    assert reader is not None
    assert leaving.by_token(token, 0) is not None
    explained = audience.reason_now(campaign, reader.id)
    assert explained == (True, "unsubscribed"), "what was judged is what happens"


def test_a_way_out_of_somebody_else_or_of_nobody_stops_the_start(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T39, T41: a link that looks like one and lets nobody leave."""
    road.subscribe(road.lay(), 2)
    number = road.campaign()
    assert "one_click_dead-kk" not in checks(number)
    monkeypatch.setattr(LeaveToken, "text", lambda *_: "A" * 80, raising=True)
    assert checks(number)["one_click_dead-kk"].level is Level.STOP


def test_fields_that_people_lack_are_counted_with_what_they_read_instead(app: Flask) -> None:
    """C3."""
    people = road.subscribe(road.lay(), 5)
    rename(people, lambda number: "" if number < 2 else "Айгүл")
    found = checks(road.campaign())["field-given_name-kk"]
    assert found.level is Level.FINE
    assert "Of 5 people looked at, 2 have no given_name; they read: “оқырман”." in found.detail


def test_what_links_lead_to_is_said_and_forgotten_after_a_day(app: Flask) -> None:
    """C5."""
    road.subscribe(road.lay(), 1)
    number = road.campaign(body="[Сөре](https://a.example/x) [Баға](https://b.example/y)")
    assert "2" in checks(number)["links_unseen"].detail
    links.ask(campaigns.find(number), road.ACTOR)
    found = Found("https://b.example/y", Finding.BROKEN, "404")
    links.keep([Found("https://a.example/x", Finding.FINE, "200"), found])
    db.session.commit()
    told = checks(number)
    assert told["link"].detail == "https://b.example/y answers: 404."
    assert told["link"].level is Level.WARN, "never what stops"
    later = clock.now() + timedelta(hours=25)
    with clock.use(lambda: later):
        assert "2" in checks(number)["links_unseen"].detail
