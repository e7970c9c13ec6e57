"""The last look asks around: consent, complaints, answers, how often, how long, what shows."""

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import NotReady
from mailing.base.hours import spans
from mailing.base.languages import speaking
from mailing.base.limits import domain_rates
from mailing.campaigns import audience, campaigns, images
from mailing.campaigns.blocks import Block, to_body
from mailing.campaigns.content import Content
from mailing.deliveries import dispatch, drafts, hours, reached, readiness, shades
from mailing.deliveries.checks import Check, Fix, Level
from tests import road
from tests.deliveries.test_usual import NOON, sent

Set = Callable[..., None]


@pytest.fixture
def set_to(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Set:
    """Let the application run under other settings."""

    def change(**values: object) -> None:
        changed = app.extensions["kelisim"].model_copy(update=values)
        monkeypatch.setitem(app.extensions, "kelisim", changed)

    return change


def checks(number: int, at: datetime | None = NOON) -> dict[str, Check]:
    """By id, in English."""
    with speaking("en"):
        return {one.id: one for one in readiness.check(campaigns.find(number), at=at).checks}


OURS = "SELECT id FROM subscribers ORDER BY id"


def delivered(
    number: int, people: int, ago: timedelta = timedelta(hours=1), to: str = OURS
) -> None:
    """A relay took so many messages of a campaign, a while ago."""
    query = text(
        "WITH batch AS (INSERT INTO batches (campaign_id, finished_at) VALUES (:id, :at)"  # noqa: S608 - our own text
        " RETURNING id) INSERT INTO deliveries (kind, campaign_id, batch_id, subscriber_id,"
        " topic_id, state, finished_at) SELECT 'campaign', :id, batch.id, s.id, 1, 'accepted', :at"
        f" FROM batch, ({to} LIMIT :people) s"
    )
    at = clock.now() - ago
    db.session.execute(query, {"id": number, "at": at, "people": people})
    db.session.execute(
        text("UPDATE campaigns SET finished_at = :at WHERE id = :id"), {"id": number, "at": at}
    )
    db.session.commit()
    db.session.expire_all()


def complained(number: int, people: int) -> None:
    query = text(
        "INSERT INTO returns (delivery_id, subscriber_id, campaign_id, kind, status, inbound_id,"
        " at) SELECT id, subscriber_id, campaign_id, 'complaint', '', 1, now() FROM deliveries"
        " WHERE campaign_id = :id ORDER BY id LIMIT :people"
    )
    db.session.execute(query, {"id": number, "people": people})
    db.session.commit()


@pytest.mark.parametrize(
    ("sender", "is_read"),
    [
        ("Шоп <news@shop.example>", True),
        ("reply@shop.example", True),
        ("noreen@shop.example", True),
        ("Шоп <no-reply@shop.example>", False),
        ("NoReply@shop.example", False),
        ("do_not_reply@shop.example", False),
        ("donotreply+news@shop.example", False),
        ("ne-otvechat@shop.example", False),
    ],
)
def test_answers_to_nobody_deserve_a_look(
    app: Flask, set_to: Set, sender: str, is_read: bool
) -> None:
    """F2."""
    road.subscribe(road.lay(), 1)
    set_to(from_=sender)
    found = checks(road.campaign())["answers"]
    assert found.level is (Level.FINE if is_read else Level.WARN)
    assert ("where nobody reads" in found.detail) is not is_read
    assert is_read or found.fix is Fix.SETTINGS


@pytest.mark.parametrize(
    ("people", "level", "said"),
    [
        (0, Level.FINE, "Nobody complained"),
        (2, Level.WARN, "0.2 % (2 of 1000)"),
        (3, Level.STOP, "0.3 % (3 of 1000)"),
    ],
)
def test_complaints_of_thirty_days_are_judged_as_providers_do(
    app: Flask, people: int, level: Level, said: str
) -> None:
    """F4: at three in a thousand nothing more leaves, but a notice, which is owed."""
    road.subscribe(road.lay(), 1)
    before = sent(1000)
    delivered(before, 1000, to="SELECT gen_random_uuid() AS id FROM generate_series(1, 1000)")
    complained(before, people)
    number = road.campaign()
    found = checks(number)["complaints"]
    assert found.level is level
    assert said in found.detail
    stops = {one.id for one in readiness.obstacles(campaigns.find(number))}
    assert stops == ({"complaints"} if level is Level.STOP else set()), "what is said is what holds"
    if level is Level.STOP:
        with speaking("en"), pytest.raises(NotReady, match="Complaints within thirty days"):
            dispatch.start(number, road.ACTOR, now=True)
        db.session.rollback()
        db.session.execute(text("UPDATE campaigns SET started_at = now() - interval '31 days'"))
        assert checks(number)["complaints"].level is Level.FINE


def test_few_complaints_are_no_rate_and_the_operator_sets_the_limit(
    app: Flask, set_to: Set
) -> None:
    """F4: all of a few stop nothing; the limit is a setting, 0 lifts it."""
    road.subscribe(road.lay(), 1)
    before = sent(1000)
    delivered(before, 999, to="SELECT gen_random_uuid() AS id FROM generate_series(1, 999)")
    complained(before, 999)
    number = road.campaign()
    assert checks(number)["complaints"].level is Level.WARN
    delivered(before, 1, to="SELECT gen_random_uuid() AS id")
    assert checks(number)["complaints"].level is Level.STOP
    set_to(complaints_stop=0)
    assert checks(number)["complaints"].level is Level.WARN


def test_whose_yes_does_not_cover_the_purpose_is_counted_and_left_out(app: Flask) -> None:
    """A3."""
    road.subscribe(road.lay(), 5)
    number = road.campaign()
    found = checks(number)["consent"]
    assert (found.level, found.fix) == (Level.FINE, Fix.NOWHERE)
    left_out = text(
        "UPDATE standings SET policy_id = NULL WHERE subscriber_id IN"
        " (SELECT subscriber_id FROM standings ORDER BY subscriber_id LIMIT 2)"
    )
    db.session.execute(left_out)
    found = checks(number)["consent"]
    assert (found.level, found.fix) == (Level.WARN, Fix.AUDIENCE)
    assert "Left out: 2" in found.detail
    assert "People who will receive it: 3" in checks(number)["audience"].detail


def test_who_got_another_campaign_within_a_day_is_counted(app: Flask) -> None:
    """A6: of those who would get this one, each once; nothing of what is older or only tried."""
    road.subscribe(road.lay(), 6)
    number = road.campaign()
    assert "lately" not in checks(number)
    delivered(sent(6), 6, timedelta(hours=25))
    assert "lately" not in checks(number), "more than a day ago"
    db.session.execute(text("UPDATE campaigns SET finished_at = NULL WHERE audience IS NOT NULL"))
    assert "lately" not in checks(number), "it still goes out, but that was more than a day ago"
    delivered(sent(4), 4)
    delivered(sent(2), 2)
    assert "24 hours: 4." in checks(number)["lately"].detail
    assert checks(number)["lately"].level is Level.FINE
    db.session.execute(text("UPDATE deliveries SET state = 'refused'"))
    assert "lately" not in checks(number), "what a relay refused reached nobody"


def test_of_very_many_some_are_looked_at_and_the_sentence_says_so(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A6: a last look at a million people does not wait for a number that a sample tells."""
    road.subscribe(road.lay(), 6)
    delivered(sent(6), 6)
    monkeypatch.setattr(reached, "COUNTED_UP_TO", 5)
    monkeypatch.setattr(reached, "LOOKED_AT", 4)
    number = road.campaign()
    assert "Of 4 people looked at, so many got another campaign within 24 hours: 4." in (
        checks(number)["lately"].detail
    )


def test_one_pass_over_the_audience_counts_languages_and_domains(app: Flask) -> None:
    road.subscribe(road.lay(), 6)
    found = audience.look(campaigns.find(road.campaign()), ["example.com", "mail.ru"])
    assert found.audience.will_receive == 6
    assert found.languages == {"kk": 6}
    assert found.domains == {"example.com": 6}


def test_limits_say_how_long_it_takes_and_until_when(app: Flask, set_to: Set) -> None:
    """O3."""
    road.subscribe(road.lay(), 60)
    number = road.campaign()
    assert "lasting" not in checks(number), "nothing limits it"
    set_to(rate=1.0, campaign_rate=0.05)
    found = checks(number)["lasting"]
    assert found.level is Level.FINE
    assert "about 20 minutes" in found.detail
    assert "12:20 (Almaty time)" in found.detail
    set_to(domain_rates=domain_rates("example.com=0.01, *=0"))
    assert "about 2 hours" in checks(number)["lasting"].detail, "the narrowest limit counts"
    set_to(sending_hours=spans("tue 09:00-12:30"), domain_rates=domain_rates("example.com=0.01"))
    assert "1 December 2026, 10:10" in checks(number)["lasting"].detail, "and the rest next Tuesday"
    set_to(domain_rates=domain_rates("example.com=0.001"))
    found = checks(number)["lasting"]
    assert found.level is Level.WARN
    assert "more than two weeks" in found.detail


def test_hours_that_are_closed_push_the_end_back(app: Flask, set_to: Set) -> None:
    set_to(sending_hours=spans("mon-fri 09:00-21:00"))
    settings = app.extensions["kelisim"]
    friday = datetime(2026, 11, 27, 15, 59, tzinfo=UTC)  # 20:59 in Almaty
    assert hours.ends_at(settings, friday, 30) == friday + timedelta(seconds=30)
    assert hours.ends_at(settings, friday, 90) == datetime(2026, 11, 30, 4, 0, 30, tzinfo=UTC)


def png(ink: tuple[int, ...], ground: tuple[int, ...] = (0, 0, 0, 0)) -> bytes:
    """A bar on a ground."""
    picture = Image.new("RGBA", (200, 100), ground)
    picture.paste(Image.new("RGBA", (120, 30), ink), (40, 35))
    octets = io.BytesIO()
    picture.save(octets, "PNG")
    return octets.getvalue()


@pytest.mark.parametrize(
    ("picture", "lost"),
    [
        (png((20, 20, 20, 255)), True),
        (png((11, 40, 80, 255)), True),
        (png((200, 60, 60, 255)), False),
        (png((20, 20, 20, 255), (255, 255, 255, 255)), False),
        (png((20, 20, 20, 0)), False),
    ],
)
def test_a_dark_logo_that_lets_the_ground_through_is_lost_in_the_dark(
    app: Flask, picture: bytes, lost: bool
) -> None:
    """C10, on the octets that were kept."""
    assert shades.is_lost(picture) is lost
    road.subscribe(road.lay(), 1)
    name = images.keep(picture, "logo.png", road.ACTOR)
    block = Block("image", {"image": name, "alt": "Көзілдірік"})
    said = Content("kk", "Хат", to_body([block]), "blocks")
    found = checks(drafts.create("news", said, road.ACTOR).id)
    assert ("dark_picture-kk" in found) is lost
    if lost:
        assert "“logo.png”" in found["dark_picture-kk"].detail


def test_what_was_taken_out_of_a_page_is_told_and_where(app: Flask) -> None:
    """C9, C10 and C14, on the final message and on what its author wrote."""
    road.subscribe(road.lay(), 3)
    page = '<h1>Сәлем</h1><h3>Иә</h3><p style="color:#aaa">Сөз</p><video src="https://a.example/a"></video>'
    said = Content("kk", "Хат", page + "Сөз бен сөйлем. " * 30, "html")
    found = checks(drafts.create("news", said, road.ACTOR).id)
    for name, what in (
        ("heading_skipped-kk", "h1 → h3"),
        ("contrast_low-kk", "#aaaaaa / #ffffff (2.3 : 1)"),
        ("unshown-kk", "<video>"),
    ):
        assert (found[name].level, found[name].fix) == (Level.WARN, Fix.WRITE)
        assert found[name].detail.startswith("Kazakh: ")
        assert what in found[name].detail
