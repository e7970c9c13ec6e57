"""What every benchmark that mails needs: people, a text, the wait for its end, its outcomes."""

import time
from collections.abc import Callable
from typing import Any

from bench.measure import demand
from bench.sink import Sink
from bench.talk import say
from mailing.base.database import db, each_by_itself
from mailing.base.roundtrip import Said
from mailing.base.saying import ask
from mailing.campaigns import campaigns
from mailing.campaigns.content import Content
from mailing.deliveries import drafts
from mailing.policies.versions import PolicyVersion
from tests import road

_STEP = 5_000
_STALLED_AFTER = 60.0
_TELL_EVERY = 3.0
_LOOK_EVERY = 0.25
_PARAGRAPH = (
    "{number}. Құрметті {{{{ given_name|default('оқырман') }}}}, қараша айында біз жаңа "
    "[өнімдерді](https://glazik.example/news/{number}) ұсынамыз: **жеңілдік** он пайыз, "
    "жеткізу тегін, ал сұрақтарыңызға қолдау қызметі күн сайын жауап береді.\n\n"
)


def people(policy: PolicyVersion, count: int, topic: str = "news", first: int = 0) -> None:
    """So many people with a yes to the topic, through the domain's verbs."""
    say(f"{count:,} people say yes to {topic}")
    for start in range(0, count, _STEP):
        road.subscribe(policy, min(_STEP, count - start), topic, first + start)


def body(octets: int) -> str:
    """A text whose message has at least so many octets."""
    written, number = "", 0
    while len(_message(written or "-")) < octets or not written:
        number += 1
        written += _PARAGRAPH.format(number=number)
    return written


def size_of(campaign_id: int) -> int:
    """The octets of a campaign's message."""
    return len(drafts.preview(campaigns.find(campaign_id), "kk").raw)


def outcomes(campaign_id: int) -> dict[str, Any]:
    """The outcomes of a campaign; they add up to its audience."""
    found = road.outcomes(campaign_id)
    db.session.rollback()
    return found


def until_done(campaign_id: int, into: Sink, each: Callable[[], None] = lambda: None) -> None:
    """Wait until a campaign is done; raises DoesNotCount when nothing moves for a minute.

    While the sink counts, the database is not asked: that would be work that the reference has not.
    """
    told, moved, last = time.monotonic(), time.monotonic(), into.messages
    while into.messages != last or not _is_done(campaign_id):
        now = time.monotonic()
        if into.messages != last:
            moved, last = now, into.messages
        demand(now - moved < _STALLED_AFTER, f"the campaign stands still at {last} messages")
        if now - told > _TELL_EVERY:
            told = now
            say(f"the sink has counted {last:,}")
        each()
        time.sleep(_LOOK_EVERY)


def _is_done(campaign_id: int) -> bool:
    with each_by_itself():
        return bool(ask(Said(_DONE, {"campaign": str(campaign_id)}))[0][0][0])


_DONE = "SELECT state = 'done' FROM campaigns WHERE id = %(campaign)s::integer"


def _message(written: str) -> bytes:
    """The octets of a message, without leaving a draft behind."""
    draft = drafts.create("news", Content("kk", "Қараша жаңалықтары", written), road.ACTOR)
    raw = drafts.preview(draft, "kk").raw
    db.session.rollback()
    return raw
