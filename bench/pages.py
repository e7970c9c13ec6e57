"""The studio's pages over ten thousand campaigns, while one to a large list goes out.

Server time: the request in this process, without a network and without a browser. What was sent
before is laid by SQL, as the sweep leaves it: each campaign with its tally, and the batches of the
one that goes out with theirs, but for those of the last seconds. The large list was imported some
days ago, and the days since then are counted, as the sweep does it each night.
"""

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import text

from bench import crowd, goals, ground
from bench.measure import demand, spread, timed
from bench.sizes import Sizes
from bench.studio import Studio
from bench.talk import say
from mailing.base import clock
from mailing.base.database import db
from mailing.deliveries import batch_tallies, dispatch, status
from mailing.people import growth
from tests import road

_TIMES = 9
_SINCE = timedelta(days=3)
# One in so many has left.
_LEFT = 25

_SENT = """
    WITH made AS (
        INSERT INTO campaigns (kind, topic_id, state, language, created_by, created_at, started_at,
                               finished_at, audience, considered)
        SELECT 'campaign', :topic, CASE WHEN n % 20 = 0 THEN 'stopped' ELSE 'done' END, 'kk',
            'staff 1', at, at, at + interval '10 minutes', 1000, 1040
        FROM generate_series(1, :campaigns) n,
            LATERAL (SELECT now() - n * interval '3 hours' AS at) t
        RETURNING id)
    , said AS (
        INSERT INTO campaign_bodies (campaign_id, language, subject, preheader, format, body)
        SELECT id, tongue, 'Хат ' || id, 'Бұл аптада', 'markdown', repeat('Сәлем. ', 200)
        FROM made, unnest(ARRAY['kk', 'ru', 'en']) tongue)
    INSERT INTO campaign_tallies (campaign_id, outcomes, is_final, counted_at)
    SELECT id, '{"accepted": 980, "refused": 9, "uncertain": 0, "deferred": 0, "pending": 0,
                 "sending": 0, "held": {"unsubscribed": 11}}', true, now() FROM made
"""
# Seven tenths answered in the last half hour, some refused; a few batches are in work, and the rest
# is not written yet.
_HALFWAY = """
    WITH begun AS (
        UPDATE batches b SET written_at = now(), due_at = NULL,
            finished_at = CASE WHEN place.share < 0.7
                THEN now() - (0.7 - place.share) / 0.7 * interval '30 minutes' END
        FROM (SELECT id, percent_rank() OVER (ORDER BY id) AS share
              FROM batches WHERE campaign_id = :campaign) place
        WHERE b.id = place.id AND place.share < 0.701
        RETURNING b.id, b.campaign_id, b.chunk, b.finished_at
    )
    INSERT INTO deliveries (kind, campaign_id, batch_id, subscriber_id, topic_id, state, reply_code,
                            reply_text, finished_at, attempts)
    SELECT 'campaign', b.campaign_id, b.id, m.id, :topic,
        CASE WHEN random() < 0.01 THEN 'refused'
             WHEN b.finished_at IS NOT NULL OR random() < 0.7 THEN 'accepted'
             ELSE 'pending' END, 550, '550 5.1.1 no such user',
        coalesce(b.finished_at, now()) - random() * interval '5 seconds', 1
    FROM begun b JOIN audience_chunks c ON c.campaign_id = b.campaign_id AND c.number = b.chunk
    CROSS JOIN unnest(c.subscriber_ids) m (id)
"""
# What the last sweep had not seen yet.
_SINCE_THE_SWEEP = """
    DELETE FROM batch_tallies WHERE batch_id IN (
        SELECT batch_id FROM batch_tallies ORDER BY batch_id DESC LIMIT 70)
"""


# Whoever is meant, by a sentence that leaves nobody out: the dearest of each kind.
_SENTENCES = {
    "everybody": ("topic.none_of", "offers"),
    "by language": ("language.one_of", "kk"),
    "by day": ("joined.within", "30"),
    "by campaigns": ("received.none_within", "30"),
}


def measure(sizes: Sizes) -> dict[str, Any]:
    """Milliseconds of each page, the first look (nothing is kept in the process) apart, and of
    counting segments while they are written.

    Raises DoesNotCount where a page does not answer or the large campaign does not add up.
    """
    with ground.ground() as place:
        stay = _people(place, sizes.large)
        topic = _topic()
        values = {"topic": topic, "campaigns": sizes.campaigns}
        db.session.execute(text(_SENT), values)
        draft, number = road.campaign(), road.campaign()
        dispatch.start(number, road.ACTOR, now=True)
        db.session.execute(text(_HALFWAY), {"topic": topic, "campaign": number})
        while batch_tallies.keep():
            pass
        db.session.execute(text(_SINCE_THE_SWEEP))
        db.session.commit()
        ground.settle()
        _demand_sums(number, stay)
        with closing(Studio().open()) as studio:
            pages = _timed(studio, _paths(number, sizes.campaigns))
            counts = _timed(studio, _counted_pages(draft)) | _segments(studio)
        return {
            "people": sizes.large,
            "campaigns": sizes.campaigns,
            "database": place.database,
            "pages": pages,
            "counts": counts,
            "figures": goals.figures(
                studio_page_ms=_slowest(pages), studio_count_ms=_slowest(counts)
            ),
        }


def _people(place: ground.Ground, count: int) -> int:
    """So many people who joined some days ago; how many have not left."""
    then = clock.now() - _SINCE
    with clock.use(lambda: then):
        stay = crowd.lay(place, road.lay().id, count, _LEFT)
    growth.keep()
    db.session.commit()
    return stay


def _topic() -> int:
    return int(db.session.execute(text("SELECT id FROM topics WHERE slug = 'news'")).scalar_one())


def _demand_sums(number: int, people: int) -> None:
    told = status.status(number)
    outcomes = dict(told["outcomes"])
    held = sum(outcomes.pop("held").values())
    demand(held + sum(outcomes.values()) == people == told["audience"], f"it is {told}")


def _timed(studio: Studio, paths: dict[str, str]) -> dict[str, Any]:
    return {name: _looks(studio, name, partial(studio.read, path)) for name, path in paths.items()}


def _segments(studio: Studio) -> dict[str, Any]:
    found = {}
    for name, (kind, value) in _SENTENCES.items():
        form = {"topic": "news", "kind-0": kind, "value-0": value, "live": "1"}
        press = partial(studio.press, "/studio/segments/new", form)
        found[f"a segment, {name}"] = _looks(studio, f"a segment, {name}", press)
    return found


def _looks(studio: Studio, name: str, look: Callable[[], None]) -> dict[str, Any]:
    look()  # A template is compiled once in the life of a process.
    studio.forget()
    first, again = timed(look), timed(look, _TIMES)
    found = {"first_ms": round(first[0], 1), **spread(again)}
    say(f"{name}: first {first[0]:.0f} ms, then {found['p50_ms']:.0f} ms")
    return found


def _slowest(found: dict[str, Any]) -> float:
    return max(float(one["first_ms"]) for one in found.values())


def _counted_pages(draft: int) -> dict[str, str]:
    """Those that count everybody whom a campaign is meant for."""
    return {
        "the audience of a draft": f"/studio/campaigns/{draft}/audience",
        "ready to send?": f"/studio/campaigns/{draft}/ready",
    }


def _paths(number: int, campaigns: int) -> dict[str, str]:
    listed = "/studio/campaigns?tab=sent"
    return {
        "today": "/studio/",
        "campaigns": "/studio/campaigns",
        "campaigns, sent": listed,
        "campaigns, sent, found by words": f"{listed}&words=хат+{campaigns // 2}",
        "campaigns, sent, a page far behind": f"{listed}&before=1600000000_1",
        "people": "/studio/people",
        "people, of a topic": "/studio/people?topic=news&standing=given",
        "people, unsubscribed from all": "/studio/people?standing=unsubscribed",
        "live": f"/studio/campaigns/{number}/live",
        "report": f"/studio/campaigns/{campaigns // 2}/report",
        "segments": "/studio/segments",
    }
