"""Retention: nothing without a term, the plan changes nothing, the run does what the plan said."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import clock, terms
from mailing.base.database import db
from mailing.base.errors import Invalid
from mailing.base.settings import current
from mailing.deliveries.answers import Answer
from mailing.inbound.messages import InboundMessage
from mailing.people.subscribers import Subscriber
from mailing.requests import certificates, holds, long_gone, retention, sweeping
from mailing.requests.requests import Request
from mailing.requests.retention_rules import RULES
from tests import road
from tests.person import Person
from tests.requests.desk import asked, came_in, letter
from tests.requests.destroying import OFFICER

OLD = timedelta(days=400)


@pytest.fixture
def limits(app: Flask) -> Any:
    """From now on these terms hold."""

    def set_(**kinds: int) -> None:
        given = tuple((kind.replace("_", "-"), days) for kind, days in kinds.items())
        app.extensions["kelisim"] = current().model_copy(update={"retention": given})

    return set_


@pytest.mark.parametrize(
    "wrong", ["junk", "junk=0", "junk=x", "mail=3", "junk=3,junk=4", "junk=-1", "junk=99999999"]
)
def test_a_term_that_is_none_is_refused_by_name(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"junk|mail"):
        terms.terms(wrong)
    assert terms.terms("junk=90, left = 1095") == (("junk", 90), ("left", 1095))


def test_every_kind_that_can_have_a_term_has_a_rule() -> None:
    assert {rule.kind for rule in RULES} | {long_gone.KIND} == set(terms.KINDS)


def test_without_a_term_nothing_goes_however_old_it_is(app: Flask) -> None:
    _everything_is_old()
    plan = retention.plan()
    assert (plan.rows, {line.days for line in plan.lines}) == (0, {None})
    retention.run_when_due()
    assert db.session.query(InboundMessage).filter(InboundMessage.sealed.is_(None)).count() == 0
    with pytest.raises(Invalid):
        retention.run(OFFICER, ("junk",))


def test_the_plan_says_what_the_run_does_and_changes_nothing(app: Flask, limits: Any) -> None:
    kept, request = _everything_is_old()
    limits(junk=365, letters=365, answers=365, left=365)
    plan = retention.plan()
    said = {line.kind: line.rows for line in plan.lines}
    assert said | {"junk": 1, "letters": 2, "answers": 1, "left": 1} == said
    assert retention.plan() == plan
    assert retention.run(OFFICER) == {"junk": 1, "letters": 2, "answers": 1, "left": 1}
    db.session.expire_all()
    assert db.session.get_one(InboundMessage, kept).sealed is None
    emptied = db.session.get_one(Request, request)
    assert (emptied.sender, emptied.kind, emptied.resolution) == (None, "question", "done")
    assert db.session.query(Answer).filter(Answer.content.is_not(None)).count() == 0
    assert retention.plan().rows == 0


def test_who_left_everything_long_ago_is_destroyed_with_a_certificate(
    app: Flask, limits: Any
) -> None:
    _everything_is_old()
    limits(left=365)
    retention.run(OFFICER)
    assert sweeping.run() == 0, "for a minute a hold may still be placed"
    with clock.use(lambda: datetime.now(UTC) + timedelta(minutes=2)):
        assert sweeping.run() == 1
    certificate = certificates.newest()
    assert certificate is not None
    assert (certificate.said["ground"], certificate.said["request"]) == ("retention", None)


def test_what_is_younger_than_its_term_and_who_is_held_stay(app: Flask, limits: Any) -> None:
    _everything_is_old()
    limits(junk=500, letters=500, answers=500, left=500)
    assert retention.plan().rows == 0
    limits(left=365)
    person = db.session.query(Subscriber).one()
    until = clock.today(current().time_zone) + timedelta(days=9)
    holds.place(person.id, "Case 7/2026", until, OFFICER)
    db.session.commit()
    assert retention.plan().rows == 0
    assert retention.run(OFFICER) == {"left": 0}


def test_what_a_request_still_needs_stays(app: Flask, limits: Any) -> None:
    _everything_is_old()
    db.session.execute(
        text("UPDATE requests SET state = 'open', closed_at = NULL, resolution = NULL")
    )
    db.session.commit()
    limits(letters=365, answers=365, left=365)
    found = {line.kind: line.rows for line in retention.plan().lines}
    assert (found["letters"], found["answers"]) == (0, 0)


def test_it_runs_once_after_each_sunday(app: Flask, limits: Any) -> None:
    limits(junk=30)
    sunday = datetime.fromisoformat("2026-11-28T22:00:00+00:00")
    assert retention.next_run(sunday - timedelta(hours=1)) == sunday
    assert retention.next_run(sunday) == sunday + timedelta(days=7)
    assert retention.last_run(sunday) == sunday
    for moment, runs in ((sunday, 1), (sunday + timedelta(days=6), 1), (sunday + timedelta(7), 2)):
        with clock.use(lambda now=moment: now):  # type: ignore[misc]
            retention.run_when_due()
        assert db.session.query(retention.RetentionRun).count() == runs


def _everything_is_old() -> tuple[int, int]:
    """Somebody who left everything, junk, and a question that was answered and closed, all of more
    than a year ago; the ids of the junk and of the question."""
    person = Person(road.lay())
    person.say_yes()
    person.leave()
    request = asked()
    junk = came_in(letter("Buy now"))
    for change in (
        "UPDATE inbound_messages SET received_at = received_at - :old, state = 'acted'",
        "UPDATE inbound_messages SET kind = 'junk' WHERE id = :junk",
        "UPDATE requests SET state = 'closed', resolution = 'done', closed_at = now() - :old",
        "UPDATE answers SET created_at = created_at - :old, expires_at = expires_at - :old",
        "UPDATE standings SET since = since - :old",
    ):
        values = {"old": OLD, "junk": junk}
        db.session.execute(text(change), {k: v for k, v in values.items() if f":{k}" in change})
    db.session.commit()
    return junk, request.id
