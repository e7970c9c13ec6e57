"""Seams: where destruction meets the desk, the bundle, the clock and what comes in between."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid, NotAllowed
from mailing.base.languages import speaking
from mailing.base.settings import ROOT
from mailing.people import subscribers
from mailing.people.canonical import canonical
from mailing.people.subscribers import Subscriber
from mailing.requests import (
    acting,
    answering,
    carrying,
    certificates,
    destructions,
    erasing,
    granting,
    holds,
    identifying,
    long_gone,
    merging,
    pausing,
    planning,
    registering,
    requests,
    retention_rules,
    rights,
    saying,
    sweeping,
)
from mailing.requests.acting import Closing
from mailing.requests.answering import Draft
from mailing.requests.bundles import making, state
from mailing.requests.bundles.state import BundlePiece
from mailing.requests.disclosures import deciding, exporting
from mailing.requests.disclosures import state as disclosed
from mailing.requests.disclosures.deciding import Wish
from mailing.requests.identifying import Vouching
from mailing.requests.kinds import Identity, Kind, PauseReason, Resolution, Ruling
from mailing.requests.registering import Asking
from mailing.requests.requests import NewRequest, Request, open_request
from mailing.staff.audit import Actor, AuditEntry
from mailing.staff.staff import Role
from tests import road
from tests.person import Person, days_pass
from tests.requests.desk import asked
from tests.requests.destroying import (
    MORNING,
    OFFICER,
    SECOND,
    at,
    granted,
    two_officers,
    withdrawn,
)
from tests.requests.disclosed import GROUNDS
from tests.requests.officer import WEDNESDAY, Paper, decide, now_of, on_paper, token_of


@pytest.fixture
def mine(app: Flask) -> UUID:
    return road.subscribe(road.lay(), 2)[0]


def asked_by_anybody(mine: UUID, identity: Identity = Identity.UNKNOWN) -> Request:
    """What a forged letter comes to, once somebody of the staff has read it as destruction."""
    found = open_request(NewRequest(Kind.DESTRUCTION, subscriber_id=mine, identity=identity))
    db.session.commit()
    return found


@pytest.mark.parametrize("identity", [Identity.UNKNOWN, Identity.ASKED, Identity.DENIED])
def test_nobody_is_destroyed_by_a_request_that_anybody_may_have_written(
    mine: UUID, identity: Identity
) -> None:
    """Forged withdrawals: destroy only when authenticated or confirmed. Nor does the mail end."""
    asked = asked_by_anybody(mine, identity)
    for yes in (granting.approve, granting.decide):
        with speaking("en"), pytest.raises(Conflict, match="Make sure first"):
            yes(asked.id, OFFICER)
        db.session.rollback()
    assert destructions.of_subscriber(mine) == []
    assert planning.of(asked, OFFICER).next == "identify"
    assert db.session.scalars(text("SELECT count(*) FROM suppressions")).one() == 0
    if identity is not Identity.DENIED:
        identifying.vouch(asked.id, Vouching("Passport shown at the counter"), OFFICER)
        assert granting.approve(asked.id, OFFICER).state == "decided"


def test_it_was_not_them_holds_also_for_whoever_has_withdrawn(mine: UUID) -> None:
    asked = withdrawn(mine)
    asked.identity = Identity.DENIED.value
    db.session.commit()
    with pytest.raises(Conflict):
        granting.approve(asked.id, OFFICER)


def test_a_form_that_a_stranger_filled_in_keeps_nobody_from_being_destroyed(mine: UUID) -> None:
    """It waits, paused, for a button that nobody presses."""
    registering.file_by_form(Asking((Kind.DESTRUCTION, Kind.QUESTION), road.address(0)))
    registering.file_by_form(Asking((Kind.WITHDRAWAL,), road.address(0)))
    db.session.commit()
    asked = withdrawn(mine)
    assert not asked.is_unconfirmed, "what they asked for themselves is seen at once"
    granting.approve(asked.id, OFFICER)
    granting.expedite(asked.id, "a test does not wait", OFFICER)
    db.session.commit()
    certificate = carrying.carry_out(asked.id, OFFICER)
    assert certificate.said["verification"]["rows_found"] == 0
    ended = [now_of(one) for one in requests.of_subscriber(mine)]
    assert {one.state for one in ended} == {"closed"}
    undone = [right for one in ended for right in rights.of(one.id) if right.state != "done"]
    assert undone == [], "the register counts nothing as open that nobody can answer"


def test_a_form_that_a_stranger_fills_in_afterwards_hides_no_request_of_theirs(
    mine: UUID,
) -> None:
    """It was taken for the same request, which then waited for a button, and was closed."""
    asked = withdrawn(mine)
    filed = registering.file_by_form(Asking((Kind.DESTRUCTION,), road.address(0)))
    db.session.commit()
    assert filed.id != asked.id
    with at(clock.now(), timedelta(days=8)):
        saying.forget_unanswered()
        db.session.commit()
    assert now_of(filed).resolution == "no_reply"
    assert (now_of(asked).state, now_of(asked).paused_at) == ("open", None)


def test_a_letter_on_paper_is_not_lost_where_destruction_is_asked_for_already(mine: UUID) -> None:
    before = withdrawn(mine)
    paper = Paper(road.address(0), words="Destroy it. And who has had my data?")
    written = on_paper(Kind.DESTRUCTION, Kind.QUESTION, paper=paper)
    assert (written.id != before.id, written.words) == (True, paper.words)
    assert [one.what for one in rights.of(written.id)] == [Kind.DESTRUCTION, Kind.QUESTION]


def test_the_form_filled_in_twice_tells_nobody_who_is_known(mine: UUID) -> None:
    for address in (road.address(0), "nobody@example.org"):
        numbers = [
            registering.file_by_form(Asking((Kind.DESTRUCTION,), address)).number for _ in range(2)
        ]
        assert numbers[0] != numbers[1], address


def test_both_requests_by_the_form_are_over_with_one_button_and_one_destruction(
    mine: UUID,
) -> None:
    filed = [registering.file_by_form(Asking((Kind.DESTRUCTION,), road.address(0))) for _ in "ab"]
    db.session.commit()
    saying.say(token_of(filed[0]), is_yes=True)
    db.session.commit()
    assert [now_of(one).identity for one in filed] == ["link", "link"]
    granting.approve(filed[0].id, OFFICER)
    with pytest.raises(Conflict):
        granting.approve(filed[1].id, OFFICER)
    db.session.rollback()
    granting.approve(filed[0].id, OFFICER)
    granting.expedite(filed[0].id, "a test does not wait", OFFICER)
    db.session.commit()
    carrying.carry_out(filed[0].id, OFFICER)
    assert [now_of(one).state for one in filed] == ["closed", "closed"]


def test_the_yes_on_the_page_of_destruction_is_the_decision_on_the_right(mine: UUID) -> None:
    asked = withdrawn(mine)
    granting.approve(asked.id, OFFICER)
    right = rights.named(asked.id, Kind.DESTRUCTION)
    assert (right.state, right.ruling, right.ruled_by) == ("decided", "grant", OFFICER.name)
    granting.call_off(asked.id, OFFICER)
    assert (rights.find(right.id).state, rights.find(right.id).ruling) == ("open", None)
    granting.approve(asked.id, OFFICER)
    granting.expedite(asked.id, "it was right", OFFICER)
    db.session.commit()
    carrying.carry_out(asked.id, OFFICER)
    done = rights.find(right.id)
    assert (done.state, done.ruling, done.resolution) == ("done", "grant", "done")


def test_a_right_that_was_refused_destroys_nobody(person: Person) -> None:
    asked = on_paper(Kind.DESTRUCTION, Kind.ACCESS, paper=Paper(person.address))
    decide(asked, Kind.DESTRUCTION, Ruling.REFUSE, "law_keeps")
    with pytest.raises(Conflict):
        granting.approve(asked.id, OFFICER)
    assert destructions.of_request(asked.id) is None


def test_what_the_same_letter_asks_for_besides_is_answered_first(person: Person) -> None:
    """'Send me my data, then destroy them.'"""
    with at(MORNING):
        asked = on_paper(Kind.ACCESS, Kind.DESTRUCTION, paper=Paper(person.address))
        decide(asked, Kind.DESTRUCTION)
        granting.expedite(asked.id, "a test does not wait", OFFICER)
        db.session.commit()
        found = destructions.of_request(asked.id)
        assert found is not None
        assert sweeping.waiting_beside(found) == [asked.number]
        assert sweeping.run() == 0
        decide(asked, Kind.ACCESS)
        assert sweeping.run() == 0, "granted, and not handed over"
        answering.answer(asked.id, Draft("data_ready", "Here they are."), OFFICER)
        db.session.commit()
        assert sweeping.waiting_beside(found) == []
        assert sweeping.run() == 1
    assert now_of(asked).resolution == "done"


def test_what_they_asked_before_they_were_known_is_answered_first(app: Flask) -> None:
    policy = road.lay()
    with at(MORNING):
        before = asked(sender="aigul@example.com")
        person = Person(policy)
        person.say_yes()
        destruction = granted(person.id)
        found = destructions.of_request(destruction.id)
        assert found is not None
        assert sweeping.waiting_beside(found) == [before.number]
        assert sweeping.run() == 0


def test_a_refusal_is_told_before_nobody_can_be_told(person: Person) -> None:
    with at(MORNING):
        asked = on_paper(Kind.DESTRUCTION, Kind.ACCESS, paper=Paper(person.address))
        decide(asked, Kind.DESTRUCTION)
        decide(asked, Kind.ACCESS, Ruling.REFUSE, "not_proved")
        granting.expedite(asked.id, "a test does not wait", OFFICER)
        db.session.commit()
        assert sweeping.run() == 0
        answering.answer(asked.id, Draft("partly_refused", "Because."), OFFICER)
        db.session.commit()
        assert sweeping.run() == 1


def test_a_bundle_that_is_read_while_its_person_goes_is_not_kept(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = granted(person.id)
    bundle = making.order(asked, OFFICER)
    db.session.commit()
    made = making.make

    def slowly(*told: object) -> object:
        packed = made(*told)  # type: ignore[arg-type]
        db.session.commit()
        carrying.carry_out(asked.id, OFFICER)
        return packed

    monkeypatch.setattr(making, "make", slowly)
    making.work_on(bundle.id)
    assert db.session.scalars(select(func.count()).select_from(BundlePiece)).one() == 0
    assert state.find(bundle.id).state in ("expired", "failed")


@pytest.mark.parametrize("stands", ["waiting", "ready"])
def test_a_bundle_of_somebody_destroyed_is_over(person: Person, stands: str) -> None:
    asked = granted(person.id)
    bundle = making.order(asked, OFFICER)
    db.session.commit()
    if stands == "ready":
        making.work_on(bundle.id)
    assert state.find(bundle.id).state == stands
    carrying.carry_out(asked.id, OFFICER)
    assert state.find(bundle.id).state == "expired"


def test_a_pause_makes_nothing_that_was_late_be_in_time(app: Flask) -> None:
    with clock.use(lambda: WEDNESDAY):
        request = on_paper(Kind.DESTRUCTION, Kind.ACCESS)
    late, other = rights.of(request.id)[1], rights.of(request.id)[0]
    assert (late.what, other.what) == (Kind.DESTRUCTION, Kind.ACCESS)
    due_at, other_due = late.due_at, other.due_at
    with clock.use(lambda: WEDNESDAY + timedelta(days=2)):
        pausing.pause(request.id, PauseReason.DOCUMENTS, OFFICER)
    with clock.use(lambda: WEDNESDAY + timedelta(days=6)):
        pausing.resume(request.id, OFFICER)
    assert rights.find(late.id).due_at == due_at
    assert rights.find(other.id).due_at > other_due
    assert request.due_at == due_at


def test_what_was_granted_is_not_called_something_else_before_it_is_done(person: Person) -> None:
    asked = on_paper(Kind.DESTRUCTION, paper=Paper(person.address))
    decide(asked, Kind.DESTRUCTION)
    with pytest.raises(Conflict, match="waits to be done"):
        acting.reclassify(asked.id, Kind.QUESTION, OFFICER)


def test_what_was_granted_is_not_lost_in_a_merge(person: Person) -> None:
    first = on_paper(Kind.ACCESS, paper=Paper(person.address))
    second = on_paper(Kind.QUESTION, paper=Paper(person.address))
    decide(first, Kind.ACCESS)
    with pytest.raises(Conflict, match="waits to be done"):
        merging.merge(first.id, second.id, OFFICER)
    db.session.rollback()
    assert merging.merge(second.id, first.id, OFFICER).id == first.id


def test_what_was_granted_and_closed_undone_is_decided_anew(person: Person) -> None:
    asked = on_paper(Kind.DESTRUCTION, paper=Paper(person.address))
    decide(asked, Kind.DESTRUCTION)
    granting.expedite(asked.id, "a test does not wait", OFFICER)
    acting.close(asked.id, Closing(Resolution.REFUSED, "The law has them kept"), OFFICER)
    acting.take_up(asked.id, OFFICER)
    db.session.commit()
    assert rights.named(asked.id, Kind.DESTRUCTION).is_open
    assert sweeping.run() == 0, "nobody is destroyed by a yes of before"
    decide(asked, Kind.DESTRUCTION)
    assert destructions.of_request(asked.id) is not None


def test_a_part_is_kept_from_destruction_by_a_hold_and_not_by_words(person: Person) -> None:
    asked = on_paper(Kind.DESTRUCTION, paper=Paper(person.address))
    with pytest.raises(Conflict, match="hold"):
        decide(asked, Kind.DESTRUCTION, Ruling.PART, "law_keeps")
    db.session.rollback()
    assert destructions.of_request(asked.id) is None
    until = clock.now().date() + timedelta(days=30)
    holds.place(person.id, "Civil case 7", until, OFFICER, ["inbound_messages"])
    decide(asked, Kind.DESTRUCTION, Ruling.PART, "law_keeps")
    assert destructions.of_request(asked.id) is not None


def test_whoever_comes_back_before_retention_destroys_them_stays(person: Person) -> None:
    """A hold may lie for a year between the rule and the deed."""
    person.leave()
    past = clock.now() + timedelta(days=1)
    assert long_gone.run(past) == 1
    db.session.commit()
    days_pass(person.id)
    person.say_yes("news")
    with at(clock.now(), timedelta(minutes=2)):
        assert sweeping.run() == 0
    (found,) = destructions.of_subscriber(person.id)
    assert found.state == "called_off"
    assert db.session.get_one(Subscriber, person.id).personal is not None


def test_how_somebody_was_recognised_names_nobody_in_what_stays(person: Person) -> None:
    asked = on_paper(Kind.ACCESS, paper=Paper(person.address), is_proved=False)
    for how in (f"Wrote from {person.address}", "Called from +7 701 000-00-00", "It is Айгүл"):
        with pytest.raises(Invalid):
            identifying.vouch(asked.id, Vouching(how), OFFICER)
        db.session.rollback()
    told = db.session.scalars(select(AuditEntry.details["how"].astext)).all()
    assert set(told) == {None}


def test_what_was_told_and_what_was_read_goes_with_the_letters(person: Person) -> None:
    asked = on_paper(Kind.ACCESS, paper=Paper(person.address))
    decide(asked, Kind.ACCESS, Ruling.REFUSE, "not_held")
    acting.close(asked.id, Closing(Resolution.REFUSED, "Told by letter"), OFFICER)
    db.session.commit()
    rules = [one for one in retention_rules.RULES if one.kind == "letters"]
    gone = sum(one.run(clock.now() + timedelta(days=1)) for one in rules)
    assert gone >= 2
    db.session.expire_all()
    kept = now_of(asked)
    assert (kept.told, kept.sender, kept.reason) == (None, None, None)
    assert rights.named(asked.id, Kind.ACCESS).words is None
    assert subscribers.find(canonical(person.address)) is not None


def test_why_an_authority_asked_goes_with_the_person_and_the_law_stays(person: Person) -> None:
    mine, words = person.id, f"Case against {person.address}"
    for place in ("basis", "authority"):
        with pytest.raises(Invalid) as refused:
            deciding.ask(wish(person, **{place: "The matter of Айгүл"}), OFFICER)
        assert refused.value.field == place
    asked = deciding.ask(wish(person, reason=words), OFFICER)
    deciding.approve(asked.id, SECOND)
    exporting.export(asked.id, OFFICER)
    db.session.commit()
    assert disclosed.find(asked.id).grounds.reason == words
    carrying.carry_out(granted(mine).id, OFFICER)
    left = disclosed.find(asked.id).grounds
    assert (left.basis, left.authority, left.reason) == (GROUNDS.basis, GROUNDS.authority, "")


def wish(person: Person, **said: str) -> Wish:
    """A disclosure of one person's address."""
    return Wish(replace(GROUNDS, **said), ("email",), (person.address,))


def test_every_table_that_goes_has_a_name_that_people_read() -> None:
    words = (ROOT / "templates/pages/studio/destruction_parts.html").read_text()
    named = words.partition("{% macro table(name) %}")[2].partition("{% endmacro %}")[0]
    assert [one.name for one in erasing.STEPS if f'"{one.name}": _(' not in named] == []


def test_who_says_in_time_that_it_was_not_them_is_not_destroyed(person: Person) -> None:
    """The officer had a passport shown, and the mailbox belongs to somebody else."""
    asked = on_paper(Kind.DESTRUCTION, paper=Paper(person.address), is_proved=False)
    identifying.ask(asked.id, OFFICER)
    identifying.vouch(asked.id, Vouching("Passport shown at the counter"), OFFICER)
    decide(asked, Kind.DESTRUCTION)
    granting.expedite(asked.id, "a test does not wait", OFFICER)
    db.session.commit()
    assert saying.say(token_of(asked), is_yes=False) is not None
    db.session.commit()
    assert sweeping.run() == 0
    with pytest.raises(Conflict):
        carrying.carry_out(asked.id, OFFICER)
    db.session.rollback()
    assert db.session.get_one(Subscriber, person.id).personal is not None


def test_a_hold_on_everything_keeps_what_a_hold_on_a_part_has_kept(person: Person) -> None:
    until = clock.now().date() + timedelta(days=30)
    mine = person.id
    placed = holds.place(mine, "Civil case 7", until, OFFICER, ["requests"])
    carrying.carry_out(granted(mine).id, OFFICER)
    holds.place(mine, "Civil case 8", until, OFFICER)
    holds.lift(placed.id, OFFICER)
    db.session.commit()
    sweeping.tidy()
    assert sweeping.run() == 0
    (found,) = destructions.of_subscriber(mine)
    assert found.state == "done"


def test_who_may_export_nobody_discloses_nobody(person: Person) -> None:
    marketer = Actor("staff 9", Role.MARKETER)
    asked = deciding.ask(wish(person), OFFICER)
    for act in (
        lambda: deciding.ask(wish(person), marketer),
        lambda: deciding.approve(asked.id, marketer),
        lambda: deciding.refuse(asked.id, marketer),
        lambda: exporting.export(asked.id, marketer),
    ):
        with pytest.raises(NotAllowed, match="export people"):
            act()


def test_whoever_waits_for_a_second_person_keeps_nobody_else_waiting(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "_A_SWEEP", 2)
    *waiting, last = road.subscribe(road.lay(), 3)
    two_officers()
    for one in waiting:
        decided = withdrawn(one)
        granting.decide(decided.id, OFFICER)
        granting.expedite(decided.id, "a test does not wait", OFFICER)
    granted(last)
    assert sweeping.run() == 1
    assert db.session.get_one(Subscriber, last).personal is None


def test_whoever_is_still_held_keeps_nothing_of_anybody_else(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "_A_SWEEP", 1)
    first, second = road.subscribe(road.lay(), 2)
    until = clock.now().date() + timedelta(days=30)
    placed = [
        holds.place(one, "Civil case 7", until, OFFICER, ["requests"]).id for one in (first, second)
    ]
    for one in (first, second):
        carrying.carry_out(granted(one).id, OFFICER)
    holds.lift(placed[1], OFFICER)
    db.session.commit()
    sweeping.tidy()
    assert sweeping.run() == 1
    states = [destructions.of_subscriber(one)[0].state for one in (first, second)]
    assert states == ["done", "done"]
    assert len(certificates.of_destruction(destructions.of_subscriber(second)[0].id)) == 2


def test_two_requests_are_not_carried_out_at_once(
    mine: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = granted(mine)
    other = open_request(
        NewRequest(Kind.DESTRUCTION, subscriber_id=mine, identity=Identity.STAFF, told="Again.")
    )
    db.session.commit()
    monkeypatch.setattr(carrying, "_finish", dies)
    with pytest.raises(KeyboardInterrupt):
        carrying.carry_out(asked.id, OFFICER)
    db.session.rollback()
    with pytest.raises(Conflict):
        granting.approve(other.id, OFFICER)


def dies(*_: object) -> None:
    raise KeyboardInterrupt


def test_retention_takes_nothing_of_whoever_is_held_also_by_their_address_alone(
    app: Flask,
) -> None:
    policy = road.lay()
    before = asked(sender="aigul@example.com")
    acting.close(before.id, Closing(Resolution.REFUSED, "Told by telephone"), OFFICER)
    person = Person(policy)
    person.say_yes()
    db.session.execute(text("UPDATE inbound_messages SET state = 'acted', kind = 'question'"))
    tidy()
    past = clock.now() + timedelta(days=60)
    rules = [one for one in retention_rules.RULES if one.kind in ("letters", "answers")]
    assert sum(one.count(past) for one in rules) > 0
    holds.place(person.id, "Civil case 7", clock.today("Asia/Almaty"), OFFICER)
    db.session.commit()
    assert {one.kind: one.count(past) for one in rules} == {"letters": 0, "answers": 0}


def tidy() -> None:
    """What the minute's sweep does: letters are known by whom they are from."""
    sweeping.tidy()
    db.session.commit()


def test_a_request_by_the_form_that_was_vouched_for_is_not_given_up_for_its_link(
    person: Person,
) -> None:
    filed = registering.file_by_form(Asking((Kind.ACCESS,), person.address, words="All of it."))
    identifying.vouch(filed.id, Vouching("Passport shown at the counter"), OFFICER)
    pausing.pause(filed.id, PauseReason.DOCUMENTS, OFFICER)
    db.session.commit()
    with at(clock.now(), timedelta(days=8)):
        saying.forget_unanswered()
        db.session.commit()
    kept = now_of(filed)
    assert (kept.state, kept.identity, kept.words) == ("waiting", "staff", "All of it.")
