"""A campaign is shown to the spam filter by a worker, as an invented person would get it."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict
from mailing.base.jobs import SPAM, queue_of
from mailing.base.languages import speaking
from mailing.base.settings import current
from mailing.campaigns import campaigns
from mailing.campaigns.campaigns import Campaign
from mailing.campaigns.content import Content
from mailing.deliveries import drafts, readiness, spam_checks
from mailing.deliveries.checks import Check, Level
from tests import road
from tests.peers import rspamd as real
from tests.peers.spam_filter import Filter, answering, recorded
from worker import spam, sweep
from worker.process import connect
from worker.tasks import register


@pytest.fixture
def filtered(app: Flask) -> Iterator[Filter]:
    """A spam filter that lets everything pass."""
    with answering(recorded("passed")) as filter:
        configure(app, filter.url)
        yield filter


def configure(app: Flask, url: str | None, password: str | None = None) -> None:
    told = {"rspamd_url": url, "rspamd_password": password}
    app.extensions["kelisim"] = current().model_copy(update=told)


def draft() -> Campaign:
    """A campaign in Kazakh and Russian, with somebody who would get it."""
    road.subscribe(road.lay(), 1)
    campaign = campaigns.find(road.campaign())
    drafts.edit(campaign, Content("ru", "Новости ноября", "Есть **новость**."), road.ACTOR)
    db.session.commit()
    return campaign


def judge(campaign: Campaign) -> dict[str, Check]:
    """Ask, let a worker go, and read what the last look says of it, in English."""
    assert spam_checks.ask(campaign, road.ACTOR) == 2
    db.session.commit()
    assert spam.judge_waiting() == 2
    return told(campaign)


def told(campaign: Campaign) -> dict[str, Check]:
    with speaking("en"):
        return {
            one.id: one for one in readiness.check(campaign).checks if one.id.startswith("spam-")
        }


def body_of(raw: bytes) -> bytes:
    return raw.partition(b"\r\n\r\n")[2]


def later(hours: float) -> Callable[[], datetime]:
    moment = clock.now() + timedelta(hours=hours)
    return lambda: moment


def test_where_no_filter_is_set_up_nothing_is_said_asked_or_waited_for(app: Flask) -> None:
    campaign = draft()
    assert told(campaign) == {}
    with pytest.raises(Conflict, match="KELISIM_RSPAMD_URL"):
        spam_checks.ask(campaign, road.ACTOR)
    assert not spam_checks.is_waited_for()
    assert spam.judge_waiting() == 0


def test_every_language_is_judged_once_and_again_when_its_words_change(
    filtered: Filter,
) -> None:
    campaign = draft()
    assert {one.level for one in told(campaign).values()} == {Level.WARN}
    found = judge(campaign)
    assert {one.level for one in found.values()} == {Level.FINE}
    assert spam_checks.ask(campaign, road.ACTOR) == 0, "judged within ten minutes"
    drafts.edit(campaign, Content("ru", "Новости ноября", "Другая новость."), road.ACTOR)
    db.session.commit()
    again = told(campaign)
    assert again["spam-kk"] == found["spam-kk"]
    assert "since the last change" in again["spam-ru"].detail
    assert spam_checks.ask(campaign, road.ACTOR) == 1
    db.session.commit()
    spam.judge_waiting()
    assert told(campaign)["spam-ru"].level is Level.FINE
    assert len(filtered.shown) == 3
    with clock.use(later(25)):
        assert "within a day" in told(campaign)["spam-kk"].detail


def test_what_is_shown_is_the_final_message_of_an_invented_person_dated_now(
    filtered: Filter, app: Flask
) -> None:
    campaign = draft()
    configure(app, f"{filtered.url}/rspamd/", "a secret")
    judge(campaign)
    path, headers, raw = filtered.shown[0]
    assert path == "/rspamd/checkv2"
    assert headers["Password"] == "a secret"
    assert headers["User-Agent"] == "rspamc", "so that it counts for no reputation"
    message = message_from_bytes(raw, policy=policy.default)
    assert message["To"] == headers["Rcpt"] == "aigul@example.com"
    assert abs(parsedate_to_datetime(message["Date"]) - clock.now()) < timedelta(minutes=5)
    finished = {body_of(drafts.preview(campaign, one).raw) for one in ("kk", "ru")}
    assert {body_of(one[2]) for one in filtered.shown} == finished
    assert not any(road.address(0).encode() in one[2] for one in filtered.shown)


def test_a_filter_that_would_mark_it_warns_with_the_three_rules_that_weigh_most(
    filtered: Filter,
) -> None:
    filtered.body = recorded("marked")
    found = judge(draft())["spam-kk"]
    assert found.level is Level.WARN
    assert found.detail.startswith("Kazakh: ")
    assert "rspamd would mark it as spam (“add header”)." in found.detail
    assert "It refuses from 15 points on." in found.detail
    assert len(found.quoted) == 3


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (b'{"error":"Unauthorized"}', 401, "KELISIM_RSPAMD_PASSWORD"),
        (b"<html>hello</html>", 200, "does not speak as rspamd does"),
        (b"gone", 500, "does not speak as rspamd does"),
        (b'{"is_skipped":true,"score":0.0,"action":"no action"}', 200, "without a look"),
    ],
)
def test_an_answer_that_is_no_verdict_is_told_and_stops_nothing(
    filtered: Filter, body: bytes, status: int, sentence: str
) -> None:
    campaign = draft()
    filtered.body, filtered.status = body, status
    found = judge(campaign)["spam-ru"]
    assert (found.level, found.quoted) == (Level.WARN, ())
    assert sentence in found.detail
    assert readiness.check(campaign).is_ready
    filtered.body, filtered.status = recorded("passed"), 200
    assert judge(campaign)["spam-ru"].level is Level.FINE, "trouble may be asked about at once"


def test_a_filter_that_is_away_or_slow_is_told_so(
    filtered: Filter, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = draft()
    monkeypatch.setattr("mailing.base.rspamd.SECONDS", 0.2)
    filtered.seconds = 60
    assert "took longer than 0.2 seconds" in judge(campaign)["spam-kk"].detail
    configure(app, "http://127.0.0.1:9")
    assert "no rspamd answers at KELISIM_RSPAMD_URL" in judge(campaign)["spam-kk"].detail
    assert readiness.check(campaign).is_ready


def test_two_workers_never_judge_the_same_and_one_that_died_is_followed(filtered: Filter) -> None:
    campaign = draft()
    spam_checks.ask(campaign, road.ACTOR)
    db.session.commit()
    assert "has not answered yet" in told(campaign)["spam-kk"].detail
    assert spam_checks.is_waited_for()
    assert len(spam_checks.take()) == 2
    db.session.commit()
    assert spam_checks.take() == []
    assert not spam_checks.is_waited_for()
    query = "UPDATE spam_checks SET taken_at = now() - interval '2 minutes', asked_at = taken_at"
    db.session.execute(text(query))
    db.session.commit()
    assert spam.judge_waiting() == 2


def test_whoever_asks_anew_while_it_is_judged_gets_the_newer_words_judged(filtered: Filter) -> None:
    campaign = draft()
    spam_checks.ask(campaign, road.ACTOR)
    db.session.commit()
    shown = [made for one in spam_checks.take() if (made := spam_checks.exhibit(one))]
    drafts.edit(campaign, Content("ru", "Новости ноября", "Другая новость."), road.ACTOR)
    spam_checks.ask(campaign, road.ACTOR)
    db.session.commit()
    spam_checks.keep(spam.judge(one, current()) for one in shown)
    db.session.commit()
    assert "has not answered yet" in told(campaign)["spam-ru"].detail
    assert spam.judge_waiting() == 2
    assert {one.level for one in told(campaign).values()} == {Level.FINE}


def test_what_cannot_be_made_any_longer_is_waited_for_by_nobody(filtered: Filter) -> None:
    campaign = draft()
    spam_checks.ask(campaign, road.ACTOR)
    broken = Content("ru", "Новости", "{{ given_name }}")
    campaigns.edit(campaign, broken, road.ACTOR)
    db.session.commit()
    assert spam.judge_waiting() == 1
    assert not spam_checks.is_waited_for()
    assert set(told(campaign)) == {"spam-kk"}


def test_the_sweep_rings_for_what_a_lost_wake_up_left_and_the_task_judges_it(
    filtered: Filter, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = draft()
    spam_checks.ask(campaign, road.ACTOR)
    db.session.commit()
    rung: list[str] = []
    monkeypatch.setattr("mailing.base.jobs.ring_now", lambda _, name, ids: rung.append(name))
    with connect(current()) as database:
        sweep.ring_for_the_due(database)
    assert rung == [SPAM]
    celery = queue_of(app)
    register(app, celery)
    celery.tasks[SPAM]()
    db.session.rollback()
    assert {one.level for one in told(campaign).values()} == {Level.FINE}


def test_a_real_rspamd_judges_a_campaign_and_says_which_rules_weigh_most(app: Flask) -> None:
    with real.running() as filter:
        campaign = draft()
        configure(app, filter.normal)
        passed = judge(campaign)
        shouting = Content(
            "ru", "Re: URGENT $$$ 100% FREE!!!", "[https://a.example](http://192.0.2.7)"
        )
        campaigns.edit(campaign, shouting, road.ACTOR)
        configure(app, filter.controller)
        locked = judge_what_changed(campaign)
        configure(app, filter.controller, real.PASSWORD)
        shouted = judge_what_changed(campaign)
    assert {one.level for one in passed.values()} == {Level.FINE}
    assert "rspamd would let it through." in passed["spam-kk"].detail
    assert "It refuses from 15 points on." in passed["spam-kk"].detail
    rules = [one.words for one in passed["spam-kk"].quoted]
    assert "DATE" not in " ".join(rules), "a preview's date is years old, and a rule of its own"
    assert "KELISIM_RSPAMD_PASSWORD" in locked["spam-ru"].detail
    assert shouted["spam-ru"].level is Level.WARN
    rules = [one.words for one in shouted["spam-ru"].quoted]
    assert "SUBJ_ALL_CAPS: All capital letters in subject" in rules
    assert len(rules) == 3


def judge_what_changed(campaign: Campaign) -> dict[str, Check]:
    assert spam_checks.ask(campaign, road.ACTOR) == 1
    db.session.commit()
    spam.judge_waiting()
    return told(campaign)
