"""The clock of a request: it stands still, goes on by itself, and is extended once."""

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid
from mailing.deliveries import answers
from mailing.deliveries.deliveries import message_id
from mailing.inbound.reading import Kind as Letter
from mailing.policies.versions import PolicyVersion
from mailing.requests import acting, answering, extending, merging, pausing, queue, rights
from mailing.requests.acting import Closing
from mailing.requests.answering import Draft
from mailing.requests.extending import Extension
from mailing.requests.kinds import Kind, PauseReason, Resolution, State
from mailing.requests.queue import Group
from mailing.requests.requests import find
from tests.person import Person
from tests.requests.desk import SENDER, asked
from tests.requests.officer import (
    OFFICER,
    WEDNESDAY,
    Paper,
    always,
    happened,
    now_of,
    on_paper,
)
from tests.requests.post import Post, showing

LATER = WEDNESDAY + timedelta(days=5)  # Monday: three working days on.


def test_a_clock_that_stood_for_three_working_days_is_later_by_three(app: Flask) -> None:
    with clock.use(lambda: WEDNESDAY):
        request = on_paper(Kind.ACCESS)
        pausing.pause(request.id, PauseReason.DOCUMENTS, OFFICER)
        before, outer = request.due_at, request.outer_due_at
    with clock.use(lambda: LATER):
        pausing.resume(request.id, OFFICER)
    # From Monday the 30th by three working days: Thursday the 3rd.
    assert (request.due_at - before).days == 3
    assert request.outer_due_at == outer
    assert happened(request)[-2:] == ["paused", "resumed"]


def test_what_is_answered_while_its_clock_stands_still_is_in_time(person: Person) -> None:
    with clock.use(lambda: WEDNESDAY):
        request = on_paper(Kind.QUESTION, paper=Paper(person.address))
        pausing.pause(request.id, PauseReason.CLARIFICATION, OFFICER)
        before = request.due_at
    with clock.use(lambda: LATER):
        answering.answer(request.id, Draft("answered", "We hold your address."), OFFICER)
    assert (request.paused_at, request.due_at - before) == (None, timedelta(days=3))
    assert rights.of(request.id)[0].due_at == request.due_at


def test_what_is_closed_while_its_clock_stands_still_is_in_time(app: Flask) -> None:
    with clock.use(lambda: WEDNESDAY):
        request = on_paper(Kind.ACCESS)
        pausing.pause(request.id, PauseReason.IDENTITY, OFFICER)
    with clock.use(lambda: LATER):
        acting.close(request.id, Closing(Resolution.NO_REPLY, "Nobody wrote back."), OFFICER)
    (right,) = rights.of(request.id)
    assert right.done_at == LATER < right.due_at


def test_a_clock_that_stands_still_is_not_extended(app: Flask) -> None:
    with clock.use(lambda: WEDNESDAY):
        request = on_paper(Kind.ACCESS)
        pausing.pause(request.id, PauseReason.IDENTITY, OFFICER)
        with pytest.raises(Conflict):
            extending.extend(request.id, Extension(date(2026, 12, 4), "It is much."), OFFICER)


def test_no_pause_moves_the_outer_limit_and_past_it_nothing_is_paused(app: Flask) -> None:
    with clock.use(lambda: WEDNESDAY):
        request = on_paper(Kind.ACCESS)
        pausing.pause(request.id, PauseReason.DOCUMENTS, OFFICER)
        outer = request.outer_due_at
    with clock.use(lambda: WEDNESDAY + timedelta(days=14)):
        assert queue.group_of(request, clock.now()) is Group.WAITING
        pausing.resume(request.id, OFFICER)
    assert request.due_at == request.outer_due_at == outer
    with clock.use(lambda: outer + timedelta(hours=1)), pytest.raises(Conflict, match="outer"):
        pausing.pause(request.id, PauseReason.DOCUMENTS, OFFICER)


def test_a_clock_that_stands_still_is_overdue_at_its_outer_limit_alone(app: Flask) -> None:
    with clock.use(lambda: WEDNESDAY):
        request = on_paper(Kind.DESTRUCTION)
        pausing.pause(request.id, PauseReason.IDENTITY, OFFICER)
        db.session.commit()
    after_due, after_outer = request.due_at, request.outer_due_at
    for moment, group in ((after_due, Group.WAITING), (after_outer, Group.OVERDUE)):
        with clock.use(always(moment + timedelta(minutes=1))):
            seen = queue.look()
            assert queue.group_of(request, clock.now()) is group
            assert seen.counts[group] == 1


def test_the_persons_reply_lets_it_go_on_and_is_a_request_of_its_own(
    policy: PolicyVersion, post: Post
) -> None:
    request = asked(Kind.QUESTION)
    answering.answer(request.id, Draft("need_identity", "Which address do you mean?"), OFFICER)
    pausing.pause(request.id, PauseReason.CLARIFICATION, OFFICER)
    db.session.commit()
    (_, sent) = answers.of_request(request.id)[-1]
    ids = [message_id(sent.id, "glazik.example").strip("<>")]
    taken = post.comes(Letter.QUESTION, SENDER, is_answerable=True, **showing(ids=ids))
    again = now_of(request)
    assert (again.state, again.paused_at) == (State.OPEN.value, None)
    assert taken.request_id
    assert taken.request_id != request.id
    assert happened(request)[-2:] == ["replied", "resumed"]
    merging.merge(taken.request_id, request.id, OFFICER)
    assert find(taken.request_id).resolution == "duplicate"


def test_a_letter_that_leads_to_nothing_of_ours_moves_nothing(
    policy: PolicyVersion, post: Post
) -> None:
    request = asked(Kind.QUESTION)
    pausing.pause(request.id, PauseReason.CLARIFICATION, OFFICER)
    db.session.commit()
    post.comes(
        Letter.QUESTION, SENDER, is_answerable=True, **showing(ids=["0" * 32 + "@x.example"])
    )
    assert now_of(request).state == State.WAITING


def test_it_is_extended_once_within_the_outer_limit_and_the_person_reads_why(
    person: Person,
) -> None:
    with clock.use(lambda: WEDNESDAY):
        request = on_paper(Kind.ACCESS, paper=Paper(person.address))
        for day in (date(2026, 11, 30), date(2026, 12, 11)):
            with pytest.raises(Invalid) as refused:
                extending.extend(request.id, Extension(day, "It is much."), OFFICER)
            assert refused.value.field == "until"
        extending.extend(request.id, Extension(date(2026, 12, 4), "It is much."), OFFICER)
        db.session.commit()
        assert request.due_at == datetime(2026, 12, 4, 13, tzinfo=UTC)
        assert rights.of(request.id)[0].due_at == request.due_at
        (answer, _) = answers.of_request(request.id)[-1]
        said = answers.said_in(answer)
        assert said
        assert "It is much." in said.text
        assert "4 December 2026, 18:00" in said.text
        with pytest.raises(Conflict, match="once"):
            extending.extend(request.id, Extension(date(2026, 12, 7), "Again."), OFFICER)


def test_whoever_has_no_address_is_told_otherwise_and_a_reason_is_due_all_the_same(
    app: Flask,
) -> None:
    with clock.use(lambda: WEDNESDAY):
        request = on_paper(Kind.ACCESS)
        with pytest.raises(Invalid):
            extending.extend(request.id, Extension(date(2026, 12, 4), " "), OFFICER)
        extending.extend(request.id, Extension(date(2026, 12, 4), "It is much."), OFFICER)
    assert happened(request)[-1] == "extended"


def test_two_requests_of_one_person_are_answered_as_one_with_the_earlier_clock(
    app: Flask,
) -> None:
    paper = Paper("alma@example.com")
    with clock.use(lambda: WEDNESDAY):
        first = on_paper(Kind.ACCESS, paper=paper)
    with clock.use(lambda: LATER):
        second = on_paper(Kind.ACCESS, Kind.BLOCKING, paper=paper)
        assert [one.id for one in merging.others_of(second)] == [first.id]
        merging.merge(first.id, second.id, OFFICER)
    assert rights.named(second.id, Kind.ACCESS).due_at == first.due_at
    assert (find(first.id).merged_into, find(first.id).resolution) == (second.id, "duplicate")
    assert merging.merged_into(second.id) == [first]


def test_requests_of_two_people_are_not_merged(app: Flask) -> None:
    first, second = (on_paper(Kind.ACCESS, paper=Paper(f"{n}@example.com")) for n in "ab")
    with pytest.raises(Conflict, match="same person"):
        merging.merge(first.id, second.id, OFFICER)
    with pytest.raises(Conflict, match="itself"):
        merging.merge(first.id, first.id, OFFICER)
