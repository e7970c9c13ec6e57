"""Destruction from the decision to the certificate: who, when, what goes, what stays."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, text

from mailing.base.database import PERSONAL, Table, db
from mailing.base.errors import Conflict, Invalid, KelisimError, NotAllowed
from mailing.base.languages import speaking
from mailing.inbound.messages import InboundMessage
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.scope import Scope
from mailing.people import ledger, subscribers, suppression
from mailing.people.canonical import canonical
from mailing.people.imports import state
from mailing.people.subscribers import Subscriber
from mailing.people.suppression import Why
from mailing.requests import (
    acting,
    by_hand,
    carrying,
    certificates,
    destructions,
    erasing,
    granting,
    holds,
    progress,
    queue,
    requests,
    sweeping,
    verifying,
    whose,
    withdrawals,
)
from mailing.requests.acting import Closing
from mailing.requests.bundles.state import Bundle, BundlePiece
from mailing.requests.certificates import Certificate
from mailing.requests.kinds import Identity, Kind, Resolution
from mailing.requests.requests import NewRequest, open_request
from mailing.staff.audit import Actor
from mailing.staff.staff import Role
from tests import road
from tests.heard import before_each
from tests.person import Person
from tests.requests import canaries
from tests.requests.desk import came_in, letter
from tests.requests.destroying import (
    MORNING,
    OFFICER,
    SECOND,
    at,
    destroyed,
    granted,
    two_officers,
    withdrawn,
)
from tests.requests.disclosed import wanted
from tests.test_wiring import load_models


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """What the domain refuses is read in English here."""
    with speaking("en"):
        yield


@pytest.fixture
def mine(app: Flask) -> UUID:
    return road.subscribe(road.lay(), 2)[0]


def test_every_personal_column_of_a_subscriber_is_erased_by_a_step() -> None:
    load_models()
    erased = {
        (step.name, column)
        for step in erasing.STEPS
        for column in (step.values or {c.name: None for c in step.table.__table__.columns})
    }
    personal = {
        (table.name, column.name)
        for table in Table.metadata.sorted_tables
        for column in table.columns
        if column.info == PERSONAL and table.name not in whose.OF_STAFF
    }
    assert personal - erased == set()


def test_a_withdrawal_opens_one_request_however_often_it_is_said(mine: UUID) -> None:
    first = withdrawn(mine)
    assert (first.kind, first.subscriber_id) == (Kind.DESTRUCTION, mine)
    assert withdrawn(mine).id == first.id
    assert len(queue.due_within(None)) == 1


def test_a_withdrawal_whose_door_was_shut_too_early_is_asked_for_a_minute_later(mine: UUID) -> None:
    leave(Leaving(mine, Scope.everything(), ledger.Kind.WITHDRAWN, "page", patience=0))
    withdrawals.settle_all()
    assert requests.of_subscriber(mine) == [], "its own door may still be at it"
    db.session.execute(text("UPDATE suppressions SET since = since - interval '2 minutes'"))
    withdrawals.settle_all()
    withdrawals.settle_all()
    (asked,) = requests.of_subscriber(mine)
    acting.close(asked.id, Closing(Resolution.REFUSED, "the law has them kept"), OFFICER)
    withdrawals.settle_all()
    assert len(requests.of_subscriber(mine)) == 1, "an officer has refused it"


def test_mail_that_comes_when_its_person_is_gone_is_emptied(mine: UUID) -> None:
    destroyed(mine)
    late = came_in()
    db.session.execute(
        text("UPDATE inbound_messages SET subscriber_id = :who, state = 'acted' WHERE id = :id"),
        {"who": mine, "id": late},
    )
    kept = came_in(letter("Who are you?"))
    sweeping.tidy()
    left = select(InboundMessage.id).where(InboundMessage.sealed.is_not(None))
    assert db.session.scalars(left).all() == [kept]


def test_nothing_is_destroyed_that_nobody_has_decided(mine: UUID) -> None:
    asked = withdrawn(mine)
    with pytest.raises(NotAllowed):
        carrying.carry_out(asked.id, OFFICER)
    assert db.session.get_one(Subscriber, mine).personal is not None


@pytest.mark.parametrize("role", [Role.MARKETER, Role.VIEWER])
def test_only_officers_and_admins_decide_approve_and_destroy(mine: UUID, role: Role) -> None:
    asked, stranger = granted(mine), Actor("staff 9", role)
    for act in (granting.decide, granting.approve, granting.call_off, carrying.carry_out):
        with pytest.raises(NotAllowed):
            act(asked.id, stranger)
    with pytest.raises(NotAllowed):
        holds.place(mine, "a case", datetime.now(UTC).date(), stranger)


def test_the_decision_cools_off_for_four_working_hours_and_then_the_sweep_destroys(
    mine: UUID,
) -> None:
    with at(MORNING):
        asked = withdrawn(mine)
        found = granting.approve(asked.id, OFFICER)
        db.session.commit()
        assert found.cools_until == MORNING + timedelta(hours=4)
        with pytest.raises(NotAllowed, match="cools off"):
            carrying.carry_out(asked.id, OFFICER)
        db.session.rollback()
    with at(MORNING, timedelta(hours=3, minutes=59)):
        assert sweeping.run() == 0
    with at(MORNING, timedelta(hours=4)):
        assert sweeping.run() == 1
    assert db.session.get_one(Subscriber, mine).personal is None
    assert requests.find(asked.id).resolution == "done"


def test_whoever_is_still_mailed_is_withdrawn_by_the_decision(mine: UUID) -> None:
    asked = open_request(NewRequest(Kind.DESTRUCTION, subscriber_id=mine, identity=Identity.STAFF))
    db.session.commit()
    granting.decide(asked.id, OFFICER)
    db.session.commit()
    digest = db.session.get_one(Subscriber, mine).digest
    assert Why.WITHDRAWN in suppression.reasons(digest)


@pytest.mark.parametrize("kind", [Kind.QUESTION, Kind.RECTIFICATION, Kind.ACCESS])
def test_a_yes_to_anything_else_destroys_nobody(mine: UUID, kind: Kind) -> None:
    asked = open_request(NewRequest(kind, subscriber_id=mine))
    db.session.commit()
    with pytest.raises(Conflict, match="something else"):
        granting.approve(asked.id, OFFICER)
    assert destructions.of_request(asked.id) is None


def test_where_two_may_decide_a_second_one_approves_and_never_the_same(mine: UUID) -> None:
    two_officers()
    asked = granted_by_one(mine)
    with pytest.raises(NotAllowed, match="second"):
        granting.approve(asked, OFFICER)
    with pytest.raises(NotAllowed, match="second"):
        carrying.carry_out(asked, OFFICER)
    db.session.rollback()
    assert sweeping.run() == 0
    granting.approve(asked, SECOND)
    db.session.commit()
    by = carrying.carry_out(asked, OFFICER).said["by"]
    assert (by["decided"], by["approved"], by["could_decide"]) == ("staff 1", "staff 2", 2)


def granted_by_one(subscriber_id: UUID) -> int:
    asked = withdrawn(subscriber_id)
    granting.decide(asked.id, OFFICER)
    granting.expedite(asked.id, "in a hurry", OFFICER)
    db.session.commit()
    return asked.id


def test_a_decision_can_be_called_off_until_it_has_begun_and_taken_again(mine: UUID) -> None:
    asked = granted(mine)
    granting.call_off(asked.id, OFFICER)
    db.session.commit()
    assert destructions.of_request(asked.id) is None
    assert sweeping.run() == 0
    granting.approve(asked.id, OFFICER)
    granting.expedite(asked.id, "it was right", OFFICER)
    db.session.commit()
    carrying.carry_out(asked.id, OFFICER)
    with pytest.raises(Conflict):
        granting.call_off(asked.id, OFFICER)


def test_a_request_that_was_closed_meanwhile_destroys_nobody(mine: UUID) -> None:
    asked = granted(mine)
    acting.close(asked.id, Closing(Resolution.REFUSED, "the law has them kept"), OFFICER)
    db.session.commit()
    assert sweeping.run() == 0
    with pytest.raises(NotAllowed, match="Nobody has decided"):
        carrying.carry_out(asked.id, OFFICER)
    db.session.rollback()
    assert destructions.of_subscriber(mine)[0].state == "called_off"
    assert db.session.get_one(Subscriber, mine).personal is not None


def test_a_reason_that_names_the_person_is_refused_for_it_would_stay(app: Flask) -> None:
    person = Person(road.lay(), fields={"given_name": "Айгүл", "phone": "+7 701 000 00 00"})
    person.say_yes()
    asked = withdrawn(person.id)
    granting.approve(asked.id, OFFICER)
    for words in ("asked by айгүл herself", "see her@mail", "call +77010000000", " "):
        with pytest.raises(Invalid):
            granting.expedite(asked.id, words, OFFICER)


def test_what_goes_is_gone_what_stays_leads_to_nobody_and_the_chain_holds(app: Flask) -> None:
    """T57: the digest and the numbers stay, and nothing else."""
    number, (mine, other) = road.under_way(2)
    before = db.session.get_one(Subscriber, mine).digest
    certificate = destroyed(mine)
    row = db.session.get_one(Subscriber, mine)
    assert (row.personal, row.provider) == (None, "")
    assert row.digest != before
    assert Why.DESTROYED in suppression.reasons(before)
    assert [one.kind for one in ledger.history(mine)] == ["given", "withdrawn", "destroyed"]
    assert list(ledger.verify()) == []
    assert road.outcomes(number)["held"] == {"withdrawn": 1}
    assert certificate.said["verification"]["rows_found"] == 0
    assert db.session.get_one(Subscriber, other).personal is not None


def test_the_same_again_gives_the_same_certificate(mine: UUID) -> None:
    certificate = destroyed(mine)
    asked = destructions.find(certificate.destruction_id).request_id
    assert asked is not None
    assert carrying.carry_out(asked, OFFICER).number == certificate.number
    assert by_hand.destroy(road.address(0), asked, OFFICER).number == certificate.number
    with pytest.raises(Conflict):
        by_hand.destroy(road.address(1), asked, OFFICER)


def test_by_hand_another_address_than_the_requests_is_refused(mine: UUID) -> None:
    asked = granted(mine)
    for email in (road.address(1), "nobody@example.org"):
        with pytest.raises(Conflict):
            by_hand.destroy(email, asked.id, OFFICER)
    assert db.session.get_one(Subscriber, mine).personal is not None


def test_by_hand_the_cooling_off_ends_and_the_certificate_says_so(mine: UUID) -> None:
    with at(MORNING):
        asked = withdrawn(mine)
        granting.approve(asked.id, OFFICER)
        db.session.commit()
        said = by_hand.destroy(road.address(0), asked.id, OFFICER).said
    assert said["by"]["expedited"] == {"by": "staff 1", "because": "at the command line"}


def test_cut_off_before_any_table_it_goes_on_and_ends_the_same(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = Person(road.lay())
    person.say_yes()
    asked = granted(person.id)
    canaries.plant(person)
    _plant_files(person)
    take = carrying._take
    for name in [one.name for one in erasing.STEPS[1:]]:
        monkeypatch.setattr(carrying, "_take", partial(_take_unless, name, take))
        _die(asked.id)
        assert db.session.get_one(Subscriber, person.id).personal is None, "there is no way back"
        waiting = [one.name for one in progress.of(1) if one.state == progress.WAITING]
        assert waiting[0] == name, "the tables before it are done"
    monkeypatch.setattr(carrying, "_take", take)
    with monkeypatch.context() as patch:
        patch.setattr(certificates, "issue", _dies)
        _die(asked.id)
    assert sweeping.run() == 1
    (certificate,) = certificates.of_destruction(1)
    assert verifying.stored(certificate.number).is_sound
    told = {row["table"]: row for row in certificate.said["scope"]}
    assert set(told) == set(erasing.BY_NAME)
    for row in told.values():
        assert (row["before"] > 0, row["erased"], row["left"]) == (True, row["before"], 0), row


def _plant_files(person: Person) -> None:
    """What no canary stands for: a bundle's file, the refused rows of an import, why an authority
    asked."""
    wanted(person.address)
    bundle = db.session.scalars(select(Bundle)).one()
    db.session.add(BundlePiece(bundle_id=bundle.id, number=0, sealed=b"sealed"))
    refused = state.begin(1, "0" * 64, OFFICER, state="cancelled", faults=b"sealed")
    assert (bundle.subscriber_id, refused.size) == (person.id, None)
    db.session.commit()


def _die(request_id: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        carrying.carry_out(request_id, OFFICER)
    db.session.rollback()


def _dies(*_: Any) -> None:
    raise KeyboardInterrupt


def _take_unless(name: str, take: Any, step: progress.DestructionStep, who: whose.Person) -> None:
    if step.name == name:
        raise KeyboardInterrupt
    take(step, who)


def test_what_comes_while_it_is_carried_out_goes_too(
    mine: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table that held nothing when it began is asked again at the end, by all its leads."""
    asked, finish = granted(mine), carrying._finish

    def late(*given: Any) -> Certificate:
        came = open_request(NewRequest(Kind.QUESTION, subscriber_id=mine))
        letter_id = came_in(letter("Who are you?"))
        bare = db.session.connection()
        bare.execute(text("UPDATE requests SET inbound_id = :l WHERE id = :r"),
                     {"l": letter_id, "r": came.id})  # fmt: skip
        db.session.commit()
        return finish(*given)

    monkeypatch.setattr(carrying, "_finish", late)
    said = carrying.carry_out(asked.id, OFFICER).said
    told = {row["table"]: row for row in said["scope"]}["inbound_messages"]
    assert (told["before"], told["erased"], told["left"]) == (0, 1, 0)
    assert said["verification"]["rows_found"] == 0


def test_one_person_costs_few_statements(mine: UUID) -> None:
    """Of fifteen tables most hold nothing of a person, and are asked together."""
    asked, said = granted(mine), []

    with before_each(lambda statement, _backend: said.append(statement)):
        carrying.carry_out(asked.id, OFFICER)
    assert len(said) < 95, "\n".join(said)


def test_while_a_message_is_being_handed_over_it_waits(app: Flask) -> None:
    _, (mine,) = road.under_way(1)
    asked = granted(mine)
    handed = "UPDATE deliveries SET state = 'sealed', owner = gen_random_uuid(), sealed_at = now()"
    db.session.execute(text(handed))
    db.session.commit()
    with pytest.raises(Conflict, match="handed over"):
        carrying.carry_out(asked.id, OFFICER)
    db.session.rollback()
    assert sweeping.run() == 0
    assert "handed over" in (destructions.find(1).problem or "")
    db.session.execute(text("UPDATE deliveries SET state = 'accepted', reply_text = 'ok'"))
    db.session.commit()
    carrying.carry_out(asked.id, OFFICER)
    assert db.session.scalars(text("SELECT reply_text FROM deliveries")).all() == [None]


def test_what_else_was_asked_for_is_waited_for_until_the_request_is_due(mine: UUID) -> None:
    with at(MORNING):
        asked = granted(mine)
        beside = open_request(NewRequest(Kind.QUESTION, subscriber_id=mine))
        db.session.commit()
        found = destructions.of_request(asked.id)
        assert found is not None
        assert sweeping.waiting_beside(found) == [beside.number]
        assert sweeping.run() == 0
    with at(asked.due_at - timedelta(minutes=29)):
        assert sweeping.run() == 1
    assert requests.find(beside.id).state == "open", "nobody is told that it was answered"


def test_without_a_journal_nothing_is_destroyed(
    mine: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = granted(mine)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mailing.leaving.journal.Journal.append", full)
    with pytest.raises(KelisimError, match="journal"):
        carrying.carry_out(asked.id, OFFICER)
    assert db.session.get_one(Subscriber, mine).personal is not None


def test_a_form_for_somebody_destroyed_is_taken_alike_and_leaves_nothing(app: Flask) -> None:
    """T19."""
    person = Person(road.lay())
    person.say_yes()
    mine = person.id
    destroyed(mine)
    person.ask()
    assert subscribers.find(canonical(person.address)) is None
    assert db.session.scalars(select(Subscriber.id)).all() == [mine]


def test_time_ends_no_suppression_of_somebody_destroyed(mine: UUID) -> None:
    """T20."""
    digest = db.session.get_one(Subscriber, mine).digest
    destroyed(mine)
    db.session.execute(text("UPDATE suppressions SET since = now() - interval '30 years'"))
    db.session.commit()
    sweeping.run()
    sweeping.tidy()
    assert Why.DESTROYED in suppression.reasons(digest)
