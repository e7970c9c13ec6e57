"""Growth by day: what is kept of the days that are over, and what is counted anew."""

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from mailing.base import clock
from mailing.base.database import db
from mailing.base.settings import Settings, current
from mailing.people import growth, ledger, subscribers, topics
from mailing.people.canonical import canonical
from mailing.people.growth import GrowthDay
from mailing.people.ledger import Kind, NewEntry
from tests import road

NOON = datetime(2026, 5, 20, 7, 0, tzinfo=UTC)
SAYS_NO = (Kind.UNSUBSCRIBED, Kind.WITHDRAWN)


class Register:
    """Entries of the ledger, each of somebody else, and what they add up to by the day."""

    def __init__(self) -> None:
        self.policy = road.lay()
        self.numbers: Counter[tuple[date, bool]] = Counter()
        self._known = 0

    def say(self, kind: Kind, at: datetime, source: str = "form") -> None:
        """One entry, written down at this moment."""
        self._known += 1
        person = subscribers.create(canonical(f"grown{self._known}@example.com"), "kk")
        with clock.use(lambda: at):
            news = topics.find("news").id
            ledger.append(NewEntry(person.id, kind, news, self.policy.id, source, "test"))
        if not (kind is Kind.GIVEN and source == "page"):
            self.numbers[
                at.astimezone(ZoneInfo(current().time_zone)).date(), kind not in SAYS_NO
            ] += 1

    def expect(self, at: datetime) -> None:
        """Growth tells of just these."""
        with clock.use(lambda: at):
            told = growth.lately()
        shown = {
            (one.day, yes): n
            for one in told.days
            for yes, n in ((True, one.joined), (False, one.left))
        }
        assert len(told.days) == growth.DAYS
        assert shown == {key: self.numbers[key] for key in shown}


@pytest.fixture
def register(app: Flask) -> Register:
    return Register()


def keep(at: datetime) -> bool:
    with clock.use(lambda: at):
        return growth.keep()


def kept() -> int:
    return db.session.query(GrowthDay).count()


def test_a_day_that_is_over_is_counted_once_and_an_hour_later(register: Register) -> None:
    register.say(Kind.GIVEN, NOON)
    register.say(Kind.UNSUBSCRIBED, NOON)
    midnight = datetime(2026, 5, 20, 19, 0, tzinfo=UTC)  # where the operator is
    assert keep(midnight + timedelta(minutes=59)), "the days before"
    assert kept() == growth.DAYS - 1
    assert not keep(midnight + timedelta(minutes=59))
    assert keep(midnight + timedelta(minutes=61))
    assert kept() == growth.DAYS - 1, "and the first one is forgotten"
    assert not keep(midnight + timedelta(hours=20))
    register.expect(midnight + timedelta(hours=2))


def test_what_comes_late_to_a_day_that_is_kept_is_counted_all_the_same(register: Register) -> None:
    register.say(Kind.GIVEN, NOON)
    tomorrow = NOON + timedelta(days=1)
    assert keep(tomorrow)
    register.say(Kind.WITHDRAWN, NOON + timedelta(hours=1))
    register.say(Kind.GIVEN, tomorrow)
    register.expect(tomorrow)
    assert not keep(tomorrow)


def test_an_entry_whose_number_was_drawn_before_midnight_and_whose_time_after_it_is_not_lost(
    register: Register,
) -> None:
    register.say(Kind.GIVEN, datetime(2026, 5, 20, 19, 0, 1, tzinfo=UTC))
    register.say(Kind.GIVEN, datetime(2026, 5, 20, 18, 59, 59, tzinfo=UTC))
    tomorrow = NOON + timedelta(days=1)
    assert keep(tomorrow)
    register.expect(tomorrow)


@pytest.mark.parametrize("seed", range(4))
def test_kept_or_not_the_numbers_are_those_of_the_ledger(register: Register, seed: int) -> None:
    chance = random.Random(seed)
    now = NOON
    for _ in range(40):
        now += timedelta(hours=chance.randrange(1, 40))
        if chance.random() < 0.5:
            keep(now)
        for _ in range(chance.randrange(3)):
            late = timedelta(days=chance.choice((0, 0, 0, 1, 20)))
            kind = chance.choice((Kind.GIVEN, Kind.ATTESTED, Kind.RESTORED, *SAYS_NO))
            register.say(kind, now - late, chance.choice(("form", "page")))
        register.expect(now)


def test_days_of_another_zone_are_counted_anew(register: Register, settings: Settings) -> None:
    register.say(Kind.GIVEN, NOON)
    tomorrow = NOON + timedelta(days=1)
    assert keep(tomorrow)
    db.session.query(GrowthDay).update({GrowthDay.zone: "Europe/Lisbon", GrowthDay.joined: 900})
    register.expect(tomorrow)
    assert keep(tomorrow)
    assert {zone for (zone,) in db.session.query(GrowthDay.zone)} == {settings.time_zone}


@pytest.mark.parametrize("wrong", [timedelta(days=10), timedelta(days=-10)])
def test_a_clock_that_was_wrong_for_a_while_loses_no_day(
    register: Register, wrong: timedelta
) -> None:
    for passed in range(45):
        register.say(Kind.GIVEN, NOON - timedelta(days=passed))
    assert keep(NOON + wrong)
    register.expect(NOON)
    assert keep(NOON)
    register.expect(NOON)
