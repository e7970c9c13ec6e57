"""A campaign and the worker that sends it, as every benchmark that mails needs them."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from flask import Flask
from sqlalchemy import text

from bench.ground import Ground
from bench.measure import demand
from bench.sink import Sink
from bench.talk import say
from console.daemons import wait_until
from mailing.base.database import db
from mailing.base.settings import current
from mailing.campaigns import campaigns
from mailing.campaigns.content import Content
from mailing.deliveries import drafts
from mailing.policies.versions import PolicyVersion
from tests import road
from tests.road import Worker

_STEP = 5_000
_STALLED_AFTER = 60.0
_PARAGRAPH = (
    "{number}. Құрметті {{{{ given_name|default('оқырман') }}}}, қараша айында біз жаңа "
    "[өнімдерді](https://glazik.example/news/{number}) ұсынамыз: **жеңілдік** он пайыз, "
    "жеткізу тегін, ал сұрақтарыңызға қолдау қызметі күн сайын жауап береді.\n\n"
)


def settings(place: Sink, connections: int, batch: int) -> dict[str, str]:
    """What a worker needs to send into this sink."""
    return {
        "KELISIM_SMTP_URL": place.url,
        "KELISIM_SMTP_CONNECTIONS": str(connections),
        "KELISIM_SEND_BATCH": str(batch),
    }


def people(policy: PolicyVersion, count: int, topic: str = "news", first: int = 0) -> None:
    """So many people with a yes to the topic."""
    say(f"{count:,} people say yes to {topic}")
    for start in range(0, count, _STEP):
        road.subscribe(policy, min(_STEP, count - start), topic, first + start)


def body(octets: int) -> str:
    """A text whose message has at least so many octets."""
    written, number = "", 0
    while len(_message(written or "-")) < octets:
        number += 1
        written += _PARAGRAPH.format(number=number)
    return written


def size_of(campaign_id: int) -> int:
    """The octets of a campaign's message."""
    return len(drafts.preview(campaigns.find(campaign_id), "kk").raw)


@contextmanager
def worker(place: Ground, concurrency: int) -> Iterator[Worker]:
    """A real worker that consumes."""
    log = place.directory / "worker.log"
    with road.working(place.environment, log, concurrency) as started:
        ready = wait_until(partial(_answers, place.app), 60.0)
        demand(ready, f"the worker does not answer: {log.read_text()[-2000:]}")
        try:
            yield started
        except BaseException:
            # A worker that stands still would not end by itself, and hide why the run failed.
            started.kill()
            raise


def until_done(campaign_id: int, into: Sink, each: Callable[[], None] = lambda: None) -> None:
    """Wait until a campaign is done; raises DoesNotCount when nothing moves for a minute."""
    told, moved, last = time.monotonic(), time.monotonic(), into.messages
    while not _is_done(campaign_id):
        now = time.monotonic()
        if into.messages != last:
            moved, last = now, into.messages
        demand(now - moved < _STALLED_AFTER, f"the campaign stands still at {last} messages")
        if now - told > 3:
            told = now
            say(f"the sink has counted {last:,}")
        each()
        time.sleep(0.1)


def last_result(campaign_id: int) -> float:
    """When the last result was written down, as a Unix time."""
    query = text("SELECT extract(epoch FROM max(finished_at)) FROM deliveries WHERE campaign_id=:c")
    found = float(db.session.execute(query, {"c": campaign_id}).scalar_one())
    db.session.rollback()
    return found


def _is_done(campaign_id: int) -> bool:
    query = text("SELECT state = 'done' FROM campaigns WHERE id = :campaign")
    done = bool(db.session.execute(query, {"campaign": campaign_id}).scalar_one())
    db.session.rollback()
    return done


def _message(written: str) -> bytes:
    """The octets of a message, without leaving a draft behind."""
    draft = drafts.create("news", Content("kk", "Қараша жаңалықтары", written), road.ACTOR)
    raw = drafts.preview(draft, "kk").raw
    db.session.rollback()
    return raw


def _answers(app: Flask) -> bool:
    demand(current().smtp_url != (), "no relay")
    return bool(app.extensions["kelisim_queue"].control.ping(timeout=1.0, limit=1))
