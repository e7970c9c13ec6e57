"""The audience of a large list: counting it, listing it, freezing it, and the status after that.

What becomes of it while a campaign goes out is measured by `scale`.
"""

import json
from contextlib import closing
from typing import Any

from sqlalchemy import text

from bench import ground, work
from bench.ground import Ground
from bench.measure import demand, ratio, spread, timed
from bench.sizes import Sizes
from bench.studio import Studio
from bench.talk import say
from mailing.base import clock
from mailing.base.database import db
from mailing.campaigns import audience, campaigns
from mailing.deliveries import dispatch, status
from mailing.people import ledger, suppression, topics
from mailing.people.canonical import canonical
from mailing.people.ledger import Kind, NewEntry
from mailing.people.subscribers import digest_of
from mailing.people.suppression import Suppression
from mailing.policies.versions import PolicyVersion
from tests import road

_TIMES = 7
_COMMANDS = 3
# One in so many has left, or is suppressed; the rest gets the campaign.
_LEFT, _SUPPRESSED = 25, 100

_BARE = """
    SELECT count(*) FROM standings st JOIN subscribers s ON s.id = st.subscriber_id
    WHERE st.topic_id = :topic
"""


def measure(sizes: Sizes) -> dict[str, Any]:
    """Milliseconds of each step, and of the count as a ratio to a bare join of the same rows."""
    with ground.ground() as place:
        _lay(sizes.people)
        number = road.campaign()
        before = _before_the_start(place, number)
        expected = before.pop("counted")
        demand(expected["considered"] == sizes.people, f"the audience is {expected}")
        found = {"people": sizes.people, "audience": expected, "database": place.database, **before}
        return found | _after_the_start(place, number, expected["will_receive"])


def _lay(count: int) -> None:
    policy = road.lay()
    work.people(policy, count)
    say("some leave, some are suppressed")
    _leave(policy, count)
    _suppress(count)
    ground.settle()


def _leave(policy: PolicyVersion, count: int) -> None:
    topic_id = topics.find("news").id
    query = text("SELECT id FROM subscribers ORDER BY id LIMIT :count")
    ids = list(db.session.scalars(query, {"count": count // _LEFT}))
    said = [
        NewEntry(one, Kind.UNSUBSCRIBED, topic_id, policy.id, "one-click", "subscriber")
        for one in ids
    ]
    ledger.append_many(said)
    db.session.commit()


def _suppress(count: int) -> None:
    since = clock.now()
    digests = [digest_of(canonical(road.address(one))) for one in range(0, count, _SUPPRESSED)]
    rows = [{"digest": one, "reason": suppression.Why.BOUNCE, "since": since} for one in digests]
    db.session.execute(Suppression.__table__.insert(), rows)  # type: ignore[attr-defined]
    db.session.commit()


def _before_the_start(place: Ground, number: int) -> dict[str, Any]:
    topic = {"topic": topics.find("news").id}
    bare = timed(lambda: _query(_BARE, topic), _TIMES)
    counted = timed(lambda: audience.count(campaigns.find(number)), _TIMES)
    command = timed(lambda: place.command("campaign", "audience", str(number), "--json"), _COMMANDS)
    start_up = timed(lambda: place.command("topic", "list", "--json"), _COMMANDS)
    with closing(Studio().open()) as pages:
        page = timed(lambda: pages.read(f"/studio/campaigns/{number}/audience"), _TIMES)
    listed = timed(lambda: demand(sum(1 for _ in _people(number)) > 0, "nobody is listed"), 2)
    say(f"count {min(counted):.0f} ms, command {min(command):.0f} ms, page {min(page):.0f} ms")
    return {
        "counted": json.loads(place.command("campaign", "audience", str(number), "--json")),
        "bare_join": spread(bare),
        "count": spread(counted),
        "count_to_bare_join": ratio(counted, bare),
        "command_audience": spread(command),
        "command_that_reads_nothing": spread(start_up),
        "studio_audience_page": spread(page),
        "people_decrypted_and_listed": spread(listed),
    }


def _after_the_start(place: Ground, number: int, expected: int) -> dict[str, Any]:
    bare = timed(lambda: _query(_BARE, {"topic": topics.find("news").id}), _TIMES)
    frozen = timed(lambda: _start(number, expected))
    stood = timed(lambda: status.status(number), _TIMES)
    command = timed(lambda: place.command("campaign", "status", str(number), "--json"), _COMMANDS)
    say(f"start {frozen[0]:.0f} ms, status {min(stood):.0f} ms")
    return {
        "start_with_snapshot": spread(frozen),
        "start_to_bare_join": ratio(frozen, bare),
        "status": spread(stood),
        "status_to_bare_join": ratio(stood, bare),
        "command_status": spread(command),
    }


def _start(number: int, expected: int) -> None:
    started = dispatch.start(number, road.ACTOR, now=True)
    db.session.commit()
    demand(started.will_receive == expected, f"{started.will_receive} instead of {expected}")


def _people(number: int) -> Any:
    return audience.people(campaigns.find(number), None)


def _query(query: str, values: dict[str, int]) -> int:
    found = int(db.session.execute(text(query), values).scalar_one())
    db.session.rollback()
    return found
