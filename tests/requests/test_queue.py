"""The queue: counts that add up whatever there is, and a desk that stays quick under a flood."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as tries
from hypothesis import strategies as st
from sqlalchemy import update

from mailing.base import clock
from mailing.base.database import db
from mailing.requests import queue
from mailing.requests.kinds import Kind, State
from mailing.requests.queue import Group
from mailing.requests.requests import NewRequest, Request, RequestYear, open_request
from tests.requests.desk import asked

NOW = datetime(2026, 11, 25, 6, tzinfo=UTC)  # A Wednesday, eleven o'clock in Almaty.


# The group is a function of the row and the moment: the same application serves every example.
@tries(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(list(State)), st.integers(-24 * 20, 24 * 20))
def test_every_request_is_in_one_group_which_its_due_date_explains(
    app: Flask, state: State, hours: int
) -> None:
    due_at = NOW + timedelta(hours=hours)
    found = queue.group_of(Request(state=state.value, due_at=due_at), NOW)
    if state in (State.ANSWERED, State.CLOSED):
        assert found is Group.DONE
    elif due_at <= NOW:
        assert found is Group.OVERDUE
    elif state is State.WAITING:
        assert found is Group.WAITING
    else:
        wanted = {Group.TODAY: 13, Group.WEEK: 13 + 24 * 4}
        within = [one for one, end in wanted.items() if hours < end]
        assert found is (within[0] if within else Group.LATER)


def test_a_flood_is_counted_whole_and_shown_in_part_and_soon(app: Flask) -> None:
    first = asked(Kind.UNCLEAR)
    sealed, who = first.sender, first.correspondent_id
    for number in range(2000):
        db.session.add(
            Request(
                number=f"2026-{number + 2:04}", kind="unclear", channel="mail", sender=sealed,
                correspondent_id=who, received_at=NOW, due_at=NOW, outer_due_at=NOW, state="open",
            )
        )  # fmt: skip
    db.session.execute(update(RequestYear).values(last=2001))
    db.session.commit()
    begun = time.perf_counter()
    with clock.use(lambda: NOW):
        seen = queue.look()
    assert time.perf_counter() - begun < 3
    assert seen.total == 2001
    assert len(seen.lines[Group.OVERDUE]) == queue.SHOWN
    assert open_request(NewRequest(Kind.QUESTION)).number == "2026-2002"


@pytest.mark.parametrize("hour", [0, 6, 18, 19, 23])
def test_the_database_groups_as_the_desk_does(app: Flask, hour: int) -> None:
    """Around midnight and Monday in Almaty, where UTC is still on the day before. What a line says
    of its group is told by `group_of`; which group it was found in, by the database."""
    now = NOW.replace(hour=hour)
    for number, hours in enumerate([-30, -1, 0, 1, 5, 12, 13, 24, 90, 100, 108, 109, 120, 300]):
        state = "waiting" if number % 5 == 4 else "open"
        one = open_request(NewRequest(Kind.UNCLEAR))
        one.outer_due_at, one.due_at = now + timedelta(days=30), now + timedelta(hours=hours)
        one.state = state
    db.session.commit()
    with clock.use(lambda: now):
        seen = queue.look()
    assert all(line.group is group for group, lines in seen.lines.items() for line in lines)
    shown = {one: len(lines) for one, lines in seen.lines.items()}
    assert shown == {one: n for one, n in seen.counts.items() if one not in queue.APART}
    assert seen.total == 14
