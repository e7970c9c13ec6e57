"""Counting clicks: off until wanted, the same octets whatever happens, sums that only grow."""

import email
import email.policy
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, Missing
from mailing.base.settings import Settings
from mailing.campaigns import approvals, campaigns, counting, notices
from mailing.campaigns.content import Content
from mailing.deliveries import clicks, counted_links, drafts, laying, links, meter, trials, trying
from mailing.deliveries.letters import Letters
from mailing.deliveries.meter import BURST_LINKS, Meter
from mailing.deliveries.trying import Wish
from tests import road
from tests.campaigns.test_notices import version
from tests.deliveries.conftest import Sender
from tests.deliveries.test_letters import retry

MANY = laying.FEWEST
NOON = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
BODY = (
    "[Дүкен](https://shop.example/a?x=1&y=2) [Қыс](https://shop.example/winter) "
    "[Сізге](https://shop.example/{{ email }})"
)


def draft(readers: int = MANY, is_on: bool = True, body: str = BODY) -> int:
    """A draft that wants its clicks counted, to so many people."""
    road.subscribe(road.lay(), readers)
    counting.switch(True, road.ACTOR)
    number = road.campaign(body=body)
    counting.choose(number, True, road.ACTOR)
    counting.switch(is_on, road.ACTOR)
    db.session.commit()
    return number


def started(readers: int = MANY, is_on: bool = True) -> int:
    number = draft(readers, is_on)
    road.start(number)
    road.write_out()
    return number


def said_by(octets: bytes) -> str:
    """The text part."""
    read = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(read, EmailMessage)
    part = read.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def ours(octets: bytes) -> list[str]:
    """The tokens of the counted links, in the order of the text part."""
    return re.findall(r"http://127\.0\.0\.1:8080/c/([\w-]{12})", said_by(octets))


def test_every_reader_gets_the_same_addresses_which_lead_to_what_was_written(
    sender: Sender, settings: Settings
) -> None:
    number = started()
    letters = Letters(settings)
    found = {tuple(ours(letters.write(one).message)) for one in sender.ask(sender.claim())}
    (tokens,) = found
    assert [counted_links.led(token).target for token in tokens] == [
        "https://shop.example/a?x=1&y=2",
        "https://shop.example/winter",
    ]
    laid = [(one.number, one.words) for one in counted_links.of(number)]
    assert laid == [(1, "Дүкен"), (2, "Қыс")]


def test_a_retry_has_the_same_octets_after_the_installation_has_stopped_counting(
    sender: Sender, settings: Settings
) -> None:
    started()
    [one] = sender.ask(sender.claim(1))
    first = Letters(settings).write(one)
    counting.switch(False, road.ACTOR)
    db.session.commit()
    retry(sender)
    again = {one.permit.delivery_id: one for one in sender.ask(sender.claim())}
    assert Letters(settings).write(again[one.permit.delivery_id]) == first
    assert len(ours(first.message)) == 2


@pytest.mark.parametrize("way", ["the installation", "the campaign", "few read it"])
def test_where_it_is_off_or_few_read_it_the_octets_are_those_of_a_plain_campaign(
    sender: Sender, settings: Settings, way: str
) -> None:
    number = draft(readers=MANY - 1 if way == "few read it" else MANY)
    if way == "the campaign":
        counting.choose(number, False, road.ACTOR)
    if way == "the installation":
        counting.switch(False, road.ACTOR)
    road.start(number)
    [one] = sender.ask(sender.claim(1))
    octets = Letters(settings).write(one)
    assert counted_links.of(number) == []
    db.session.execute(text("UPDATE campaigns SET counts_clicks = false"))
    db.session.execute(text("UPDATE installation SET clicks_counted = false"))
    db.session.commit()
    assert Letters(settings).write(one) == octets
    assert "(https://shop.example/winter)" in said_by(octets.message)
    assert "кім ашқанын" not in said_by(octets.message)


def test_a_language_that_few_read_leads_straight_while_another_is_counted(app: Flask) -> None:
    number = draft(MANY + 3)
    other = Content("ru", "Новости", "[Зима](https://b.test)")
    drafts.edit(campaigns.find(number), other, road.ACTOR)
    three = (
        "UPDATE subscribers SET language = 'ru' WHERE id IN (SELECT id FROM subscribers LIMIT 3)"
    )
    db.session.execute(text(three))
    road.start(number)
    assert {one.language for one in counted_links.of(number)} == {"kk"}


def test_a_preview_leads_straight_and_shows_the_footer_and_a_test_mail_has_neither(
    sender: Sender, settings: Settings
) -> None:
    number = draft()
    seen = drafts.preview(campaigns.find(number), "kk")
    assert "(https://shop.example/winter)" in seen.text
    assert "кім ашқанын ешқашан тіркемейміз" in seen.text
    shop, winter = "https://shop.example/a?x=1&y=2", "https://shop.example/winter"
    assert links.of(campaigns.find(number)) == [shop, winter], "what a worker looks up"
    trying.send(campaigns.find(number), Wish("kk", "usual", ["me@staff.example"]), road.ACTOR)
    db.session.commit()
    [one] = sender.ask(sender.claim())
    assert trials.find(one.permit.delivery_id)
    said = said_by(Letters(settings).write(one).message)
    assert "(https://shop.example/winter)" in said
    assert "кім ашқанын" not in said


def test_a_draft_alone_can_be_changed_and_a_notice_is_never_counted(app: Flask) -> None:
    number = started()
    with pytest.raises(Conflict, match="only a draft"):
        counting.choose(number, False, road.ACTOR)
    notice = notices.publish(version("2"), road.ACTOR)
    assert notice is not None
    with pytest.raises(Conflict):
        counting.choose(notice.id, True, road.ACTOR)
    with pytest.raises(IntegrityError, match="notice_counts_no_clicks"):
        db.session.execute(text("UPDATE campaigns SET counts_clicks = true WHERE kind = 'notice'"))
    db.session.rollback()
    counting.switch(False, road.ACTOR)
    with pytest.raises(Conflict):
        counting.choose(road.campaign(), True, road.ACTOR)


def test_an_approval_holds_for_what_was_seen_counted_or_not(app: Flask) -> None:
    number = draft(is_on=False)
    found = campaigns.find(number)
    silent = approvals.bound_to(found)
    counting.switch(True, road.ACTOR)
    counted = approvals.bound_to(found)
    counting.choose(number, False, road.ACTOR)
    assert counted != silent == approvals.bound_to(found)
    copy = campaigns.duplicate(counting.choose(number, True, road.ACTOR), road.ACTOR)
    assert copy.counts_clicks


def test_what_is_none_of_ours_leads_nowhere(app: Flask) -> None:
    with pytest.raises(Missing):
        counted_links.led("https://evil.example")


def test_a_month_after_the_start_a_link_leads_on_and_is_not_counted(app: Flask) -> None:
    number = started()
    token = counted_links.of(number)[0].token
    at = clock.now()
    assert counted_links.led(token).is_counted
    with clock.use(lambda: at + counted_links.COUNTED_FOR + timedelta(minutes=1)):
        late = counted_links.led(token)
    assert (late.target, late.is_counted) == ("https://shop.example/a?x=1&y=2", False)


@contextmanager
def a_meter(settings: Settings) -> Iterator[Meter]:
    with Redis.from_url(settings.queue, decode_responses=True) as redis:
        yield Meter(settings, redis)


def gathered(at: datetime = NOON) -> int:
    with clock.use(lambda: at):
        grown = clicks.gather()
    db.session.commit()
    return grown


def sums(number: int) -> list[tuple[int, int]]:
    return [(one.people, one.machines) for one in clicks.of(campaigns.find(number)).lines]


def test_sums_are_gathered_once_however_often_and_after_a_death_in_between(
    app: Flask, settings: Settings
) -> None:
    number = started()
    shop, winter = (one.token for one in counted_links.of(number))
    with a_meter(settings) as counter:
        for token, is_machine in ((shop, False), (shop, False), (shop, True), (winter, True)):
            counter.count(token, NOON, is_machine, None)
        clicks.keep(meter.read(settings, NOON))
        db.session.rollback()  # killed after the reading: nothing is written, and nothing is lost
        assert [gathered(), gathered(), gathered()] == [2, 0, 0]
        assert sums(number) == [(2, 1), (0, 1)]
        counter.count(winter, NOON + timedelta(hours=1), False, None)
        counter.count(shop, NOON, False, None)
        assert gathered(NOON + timedelta(hours=2)) == 2
    assert sums(number) == [(3, 1), (1, 1)]


def test_a_valkey_that_lost_everything_takes_no_click_back(app: Flask, settings: Settings) -> None:
    number = started()
    token = counted_links.of(number)[0].token
    with a_meter(settings) as counter:
        for _ in range(3):
            counter.count(token, NOON, False, None)
        gathered()
        _forget(settings)
        counter.count(token, NOON, True, None)
        assert gathered() == 1
    report = clicks.of(campaigns.find(number))
    assert (report.people + report.machines, report.machines) == (3, 1)


def _forget(settings: Settings) -> None:
    with Redis.from_url(settings.queue, decode_responses=True) as redis:
        for key in redis.scan_iter(match=f"{settings.queue_prefix}clicks:*"):
            redis.delete(key)


def test_a_burst_of_different_links_is_a_machines_from_its_first_click_on(
    app: Flask, settings: Settings
) -> None:
    """T28: what a scanner opens is not counted as people's doing, nor a person who presses two."""
    body = " ".join(f"[с{n}](https://shop.example/{n})" for n in range(BURST_LINKS))
    number = draft(body=body)
    road.start(number)
    tokens = [one.token for one in counted_links.of(number)]
    with a_meter(settings) as counter:
        for token in tokens:
            counter.count(token, NOON, False, "one network")
        counter.count(tokens[0], NOON, False, "one network")
        for token in tokens[1:]:
            counter.count(token, NOON, False, "another network")
        counter.count(tokens[1], NOON, False, "another network")
    gathered()
    # The second network opened all but one of them, and is believed.
    assert sorted(sums(number)) == sorted([(0, 2), (2, 1), *[(1, 1)] * (BURST_LINKS - 2)])


def test_nothing_in_the_meter_stays_or_names_anybody(app: Flask, settings: Settings) -> None:
    number = started()
    with a_meter(settings) as counter:
        counter.count(counted_links.of(number)[0].token, NOON, False, "digest")
    with Redis.from_url(settings.queue, decode_responses=True) as redis:
        found = {
            key.partition("clicks:")[2].partition(":")[0]: redis.ttl(key)
            for key in redis.scan_iter(match=f"{settings.queue_prefix}clicks:*")
        }
    assert 0 < found["burst"] <= meter.BURST_SECONDS
    assert 0 < found["hour"] <= meter.KEPT_HOURS * 3600
    assert set(found) == {"burst", "hour"}


def test_with_valkey_away_gathering_does_nothing_and_ends(
    app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    started()
    away = settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
    monkeypatch.setitem(app.extensions, "kelisim", away)
    assert gathered() == 0


def test_a_click_on_a_link_that_is_gone_is_no_row(app: Flask, settings: Settings) -> None:
    """As after a restore: Valkey may know links that the database does not."""
    number = started()
    with a_meter(settings) as counter:
        counter.count("a-lost-token", NOON, False, None)
    assert gathered() == 0
    assert sums(number) == [(0, 0), (0, 0)]


def test_the_report_adds_up_and_shares_are_of_peoples_clicks(app: Flask) -> None:
    number = started()
    shop, winter = (one.token for one in counted_links.of(number))
    clicks.keep({NOON: {shop: (4, 1), winter: (3, 2)}, NOON + timedelta(hours=1): {shop: (5, 0)}})
    report = clicks.of(campaigns.find(number))
    assert [(one.target, one.people, one.machines) for one in report.lines] == [
        ("https://shop.example/a?x=1&y=2", 8, 1),
        ("https://shop.example/winter", 1, 2),
    ]
    assert (report.people, report.machines, report.most) == (9, 3, 9)
    assert sum(report.share(line) for line in report.lines) == pytest.approx(100)


def test_the_database_takes_no_more_machines_than_clicks(app: Flask) -> None:
    number = started()
    token = counted_links.of(number)[0].token
    with pytest.raises(IntegrityError, match="machines_are_among_the_clicks"):
        clicks.keep({NOON: {token: (1, 2)}})
    db.session.rollback()
