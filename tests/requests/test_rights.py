"""Several rights in one request: clocks of their own, decisions of their own, one answer."""

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid
from mailing.base.languages import LANGUAGES
from mailing.people import ledger, subscribers
from mailing.people.ledger import Kind as Entry
from mailing.requests import acting, answering, law, rights, rulings, timeline
from mailing.requests.acting import Closing
from mailing.requests.answering import Draft
from mailing.requests.kinds import (
    RIGHTS,
    Happened,
    Kind,
    Resolution,
    RightState,
    Ruling,
    State,
)
from mailing.requests.requests import of_subscriber
from mailing.requests.rulings import Ruled
from tests.person import Person
from tests.requests.officer import (
    OFFICER,
    WEDNESDAY,
    Paper,
    decide,
    happened,
    now_of,
    on_paper,
)


def test_each_right_has_its_own_clock_and_the_request_is_due_with_the_first(app: Flask) -> None:
    with clock.use(lambda: WEDNESDAY):
        request = on_paper(Kind.ACCESS, Kind.DESTRUCTION)
        access, destruction = rights.of(request.id)
        # Three working days after Wednesday is Monday, one is Thursday; 18:00 in Almaty.
        assert f"{access.due_at:%d %H}" == "30 13"
        assert f"{destruction.due_at:%d %H}" == "26 13"
        assert request.due_at == destruction.due_at
        decide(request, Kind.DESTRUCTION, Ruling.REFUSE, "law_keeps")
    assert now_of(request).due_at == rights.named(request.id, Kind.ACCESS).due_at


def test_one_right_is_granted_and_another_refused_on_a_ground_of_the_law(app: Flask) -> None:
    request = on_paper(Kind.ACCESS, Kind.DESTRUCTION)
    decide(request, Kind.ACCESS)
    decide(request, Kind.DESTRUCTION, Ruling.REFUSE, "law_keeps")
    access, destruction = rights.of(request.id)
    assert (access.state, access.ruling, access.ground) == ("decided", "grant", None)
    assert (destruction.state, destruction.resolution) == ("done", "refused")
    said = rulings.told(now_of(request), "en")
    assert "Access to the data about you: granted." in said
    assert "Destruction of the data: refused.\nA law, or an obligation" in said
    assert "article 8, paragraph 2" in said
    assert rulings.template_of(request) == "partly_refused"


@pytest.mark.parametrize("ground", ["", "nonsense", "accurate"])
def test_a_refusal_without_a_ground_that_fits_is_refused_itself(app: Flask, ground: str) -> None:
    request = on_paper(Kind.DESTRUCTION)
    right = rights.named(request.id, Kind.DESTRUCTION)
    with pytest.raises(Invalid) as refused:
        rulings.rule(right.id, Ruled(Ruling.REFUSE, ground), OFFICER)
    assert refused.value.field == "ground"
    assert rights.find(right.id).is_open


def test_nothing_is_granted_to_whoever_nobody_has_made_sure_of(app: Flask) -> None:
    request = on_paper(Kind.ACCESS, Kind.QUESTION, is_proved=False)
    with pytest.raises(Conflict, match="Make sure first"):
        decide(request, Kind.ACCESS)
    decide(request, Kind.QUESTION)
    decide(request, Kind.ACCESS, Ruling.REFUSE, "not_proved")
    assert [one.resolution for one in rights.of(request.id)] == ["refused", "done"]


def test_a_right_is_decided_once_and_again_only_after_the_request_is_taken_up(app: Flask) -> None:
    request = on_paper(Kind.ACCESS)
    decide(request, Kind.ACCESS, Ruling.REFUSE, "not_held")
    with pytest.raises(Conflict, match="decided already"):
        decide(request, Kind.ACCESS)
    acting.close(request.id, Closing(Resolution.REFUSED, "Told by letter"), OFFICER)
    acting.take_up(request.id, OFFICER)
    decide(request, Kind.ACCESS)
    assert happened(request).count("ruled") == 2


def test_a_request_is_not_done_while_one_of_its_rights_is_undecided(app: Flask) -> None:
    request = on_paper(Kind.ACCESS, Kind.RECTIFICATION)
    decide(request, Kind.ACCESS)
    with pytest.raises(Conflict, match="rectification"):
        acting.close(request.id, Closing(Resolution.DONE, "Answered"), OFFICER)
    decide(request, Kind.RECTIFICATION, Ruling.REFUSE, "accurate")
    closed = acting.close(request.id, Closing(Resolution.DONE, "Answered"), OFFICER)
    assert closed.state == State.CLOSED
    assert {one.state for one in rights.of(request.id)} == {RightState.DONE}


def is_blocked(person: Person) -> bool:
    return person.row.blocked_at is not None


def test_blocking_stops_the_mail_at_once_and_its_end_brings_back_the_same_yes(
    person: Person,
) -> None:
    paper = Paper(person.address)
    decide(on_paper(Kind.BLOCKING, paper=paper), Kind.BLOCKING)
    assert is_blocked(person)
    again = on_paper(Kind.UNBLOCKING, paper=paper)
    decide(again, Kind.UNBLOCKING)
    assert not is_blocked(person)
    assert [one.kind for one in ledger.history(person.id)][-2:] == [Entry.BLOCKED, Entry.RESTORED]
    assert happened(again)[-1] == "acted"


def test_what_a_letter_in_their_name_blocked_the_desk_does_not_lift(person: Person) -> None:
    """T21: a "no" ends by the person's own yes; an officer's press is none."""
    subscriber = subscribers.lock(person.id)
    assert subscriber
    subscriber.blocked_at = clock.now()
    ledger.append(
        ledger.NewEntry(person.id, Entry.BLOCKED, None, None, "mail", "kelisim", {"scope": "all"})
    )
    db.session.commit()
    with pytest.raises(Conflict, match="their own answer"):
        decide(on_paper(Kind.UNBLOCKING, paper=Paper(person.address)), Kind.UNBLOCKING)
    db.session.rollback()
    assert person.row.blocked_at is not None


def test_a_withdrawal_that_is_granted_ends_consent_and_asks_for_destruction(
    person: Person,
) -> None:
    request = on_paper(Kind.WITHDRAWAL, paper=Paper(person.address))
    decide(request, Kind.WITHDRAWAL)
    assert ledger.history(person.id)[-1].kind == Entry.WITHDRAWN
    asked = {one.kind: one for one in of_subscriber(person.id)}
    assert asked["destruction"].identity == "staff"
    assert rights.named(request.id, Kind.WITHDRAWAL).resolution == "done"


def test_nobody_known_has_nothing_to_stop(app: Flask) -> None:
    with pytest.raises(Conflict, match="Nobody is known"):
        decide(on_paper(Kind.BLOCKING), Kind.BLOCKING)


def test_what_else_a_letter_asks_for_is_added_with_the_clock_of_its_day(app: Flask) -> None:
    with clock.use(lambda: WEDNESDAY):
        request = on_paper(Kind.ACCESS)
    acting.add_right(request.id, Kind.BLOCKING, OFFICER)
    db.session.commit()
    assert f"{now_of(request).due_at:%d %H}" == "26 13"
    with pytest.raises(Conflict):
        acting.add_right(request.id, Kind.BLOCKING, OFFICER)


def test_an_answer_that_leaves_a_right_undone_leaves_the_request_open(person: Person) -> None:
    request = on_paper(Kind.ACCESS, Kind.DESTRUCTION, paper=Paper(person.address))
    decide(request, Kind.ACCESS)
    assert rulings.template_of(request) == "data_ready"
    answering.answer(request.id, Draft("data_ready", "It is attached."), OFFICER)
    db.session.commit()
    assert now_of(request).state == State.OPEN
    assert rights.named(request.id, Kind.ACCESS).resolution == "done"
    decide(request, Kind.DESTRUCTION)
    answering.answer(request.id, Draft("answered", "It will be destroyed."), OFFICER)
    assert request.state == State.OPEN
    with pytest.raises(Conflict, match="not carried out"):
        acting.close(request.id, Closing(Resolution.DONE, "Answered"), OFFICER)
    rulings.finish(request.id, Kind.DESTRUCTION, "staff 3")
    answering.answer(request.id, Draft("destroyed", "All of it."), OFFICER)
    assert request.state == State.ANSWERED


def test_what_is_granted_is_over_only_once_it_has_been_done(app: Flask) -> None:
    request = on_paper(Kind.ACCESS)
    decide(request, Kind.ACCESS)
    rulings.finish(request.id, Kind.ACCESS, "staff 3")
    rulings.finish(request.id, Kind.ACCESS, "staff 3")
    assert rights.named(request.id, Kind.ACCESS).resolution == "done"
    assert happened(request).count("finished") == 1


@pytest.mark.parametrize("statement", ["UPDATE request_events SET actor = 'x'",
    "DELETE FROM request_events", "TRUNCATE request_events"])  # fmt: skip
def test_the_timeline_only_grows(app: Flask, statement: str) -> None:
    request = on_paper(Kind.ACCESS)
    with pytest.raises(DBAPIError) as refused:
        db.session.execute(text(statement))
    assert isinstance(refused.value.orig, psycopg.errors.RestrictViolation)
    db.session.rollback()
    assert timeline.of(request.id)[0].what == Happened.OPENED


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_right_has_a_ground_and_every_ground_an_article_in_each_language(
    language: str,
) -> None:
    for kind in RIGHTS:
        assert law.grounds(kind)
        assert law.right_in(kind, language)
        for one in law.grounds(kind):
            assert one.sentence(language)
            assert "94-V" in one.citation(language)
    said = {one.sentence(language) for one in law.grounds()}
    assert language == "en" or not said & {one.sentence("en") for one in law.grounds()}
