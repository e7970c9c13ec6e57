"""The last second before a destruction: who is first, and what a late word still changes."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict
from mailing.base.languages import speaking
from mailing.campaigns import campaigns
from mailing.deliveries import trying
from mailing.deliveries.trying import Wish
from mailing.inbound.reading import Kind as Letter
from mailing.people import lost, suppression
from mailing.people.canonical import canonical
from mailing.people.lost import LostSubscriber
from mailing.people.subscribers import Subscriber, digest_of
from mailing.requests import (
    acting,
    carrying,
    destructions,
    granting,
    holds,
    identifying,
    long_gone,
    merging,
    pausing,
    progress,
    queue,
    registering,
    requests,
    retention_rules,
    rights,
    saying,
    sweeping,
    tiles,
)
from mailing.requests.acting import Closing
from mailing.requests.identifying import Vouching
from mailing.requests.kinds import Kind, PauseReason, Resolution
from mailing.requests.registering import Asking
from mailing.requests.requests import NewRequest, open_request
from mailing.staff import staff
from mailing.staff.staff import Role
from tests import road
from tests.person import Person, days_pass
from tests.requests.conftest import Asker, settle
from tests.requests.destroying import OFFICER, at, granted, withdrawn
from tests.requests.officer import WEDNESDAY, Paper, decide, on_paper, token_of
from tests.requests.post import Post, sure

JOIN = "join+news@bounce.glazik.example"


def is_there(person_id: object) -> bool:
    return db.session.get_one(Subscriber, person_id, populate_existing=True).personal is not None


def test_whoever_calls_it_off_while_the_deed_waits_for_the_person_is_heard(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deed has looked, and waits for the row that the other holds."""
    mine, asked = person.id, granted(person.id)
    lock = carrying._lock_person

    def late(subscriber_id: UUID) -> Subscriber:
        granting.call_off(asked.id, OFFICER)
        db.session.commit()
        monkeypatch.setattr(carrying, "_lock_person", lock)
        return lock(subscriber_id)

    monkeypatch.setattr(carrying, "_lock_person", late)
    with speaking("en"), pytest.raises(Conflict, match="called off"):
        carrying.carry_out(asked.id, OFFICER)
    db.session.rollback()
    assert is_there(mine)
    assert destructions.of_subscriber(mine)[0].state == "called_off"


def dies(*_: object) -> None:
    raise KeyboardInterrupt


def begun(person: Person, monkeypatch: pytest.MonkeyPatch) -> int:
    """A destruction that was cut off after its first step."""
    asked = granted(person.id)
    with monkeypatch.context() as patch:
        patch.setattr(carrying, "_finish", dies)
        with pytest.raises(KeyboardInterrupt):
            carrying.carry_out(asked.id, OFFICER)
    db.session.rollback()
    return asked.id


def hold(person_id: Any, *kept: str) -> holds.LegalHold:
    until = clock.today("Asia/Almaty") + timedelta(days=30)
    placed = holds.place(person_id, "Civil case 7", until, OFFICER, kept)
    db.session.commit()
    return placed


@pytest.mark.parametrize("kept", [(), ("requests",)])
def test_a_hold_that_comes_when_the_data_are_going_is_refused(
    person: Person, monkeypatch: pytest.MonkeyPatch, kept: tuple[str, ...]
) -> None:
    """Whoever places one relies on it; nothing would keep what it names."""
    mine = person.id
    asked = begun(person, monkeypatch)
    with pytest.raises(Conflict):
        hold(mine, *kept)
    db.session.rollback()
    carrying.carry_out(asked, OFFICER)
    with pytest.raises(Conflict):
        hold(mine, *kept)


def test_what_another_hold_has_kept_may_be_kept_for_longer(person: Person) -> None:
    mine = person.id
    hold(mine, "requests")
    carrying.carry_out(granted(mine).id, OFFICER)
    with pytest.raises(Conflict):
        holds.place(mine, "Case 8", clock.today("Asia/Almaty"), OFFICER, ["answers"])
    longer = clock.today("Asia/Almaty") + timedelta(days=90)
    assert holds.place(mine, "Case 8", longer, OFFICER, ["requests"]).until == longer


def test_the_same_hold_again_is_the_same_hold(person: Person) -> None:
    """A form that is posted twice: lifting the one would leave the other."""
    first = hold(person.id)
    assert hold(person.id).id == first.id
    holds.lift(first.id, OFFICER)
    assert holds.of(person.id) == []
    assert hold(person.id).id != first.id, "what was lifted is placed anew"


def test_a_hold_that_is_placed_while_the_sweep_looks_keeps_what_was_kept(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = person.id
    placed = hold(mine, "requests").id
    carrying.carry_out(granted(mine).id, OFFICER)
    holds.lift(placed, OFFICER)
    db.session.commit()
    (found,) = destructions.of_subscriber(mine)
    look = sweeping._is_kept

    def late(step: progress.DestructionStep) -> bool:
        was = look(step)
        monkeypatch.setattr(sweeping, "_is_kept", look)
        hold(mine, "requests")
        return was

    monkeypatch.setattr(sweeping, "_is_kept", late)
    sweeping.tidy()
    assert destructions.find(found.id).state == "done"
    assert progress.held(found.id) == {"requests"}


def test_whoever_says_yes_while_the_decision_cools_off_is_not_destroyed_by_it(
    person: Person, post: Post, asker: Asker
) -> None:
    """They withdrew, and thought better of it: a letter from their own address, and the button."""
    days_pass(person.id)
    mine, asked = person.id, granted(person.id)
    assert post.comes(Letter.JOIN, person.address, to=[JOIN], **sure()).action == "asked"
    assert asker.passed()
    assert person.confirm() == "confirmed"
    settle()
    assert suppression.reasons(person.row.digest) == {}
    assert sweeping.run() == 0
    assert is_there(mine)
    found = destructions.of_request(asked.id)
    assert found is not None
    assert "agreed anew" in (found.problem or ""), "kept in English, and said in each language"
    granting.call_off(asked.id, OFFICER)
    db.session.commit()
    assert person.standing("news") == "given"
    with speaking("en"), pytest.raises(Conflict, match="Make sure first"):
        granting.approve(asked.id, OFFICER)
    db.session.rollback()
    identifying.vouch(asked.id, Vouching("Asked again on the telephone"), OFFICER)
    granting.approve(asked.id, OFFICER)
    granting.expedite(asked.id, "they still want it", OFFICER)
    db.session.commit()
    assert sweeping.run() == 1
    assert not is_there(mine)


def test_to_be_asked_is_no_yes(person: Person, post: Post) -> None:
    """The letter came, and the button was not pressed."""
    days_pass(person.id)
    mine = person.id
    granted(mine)
    assert post.comes(Letter.JOIN, person.address, to=[JOIN], **sure()).action == "asked"
    assert sweeping.run() == 1
    assert not is_there(mine)


def test_whoever_waits_for_an_answer_is_not_destroyed_by_a_rule_of_retention(
    person: Person,
) -> None:
    """A hold may lie for a year between the rule and the deed, and a letter come meanwhile."""
    person.leave()
    assert long_gone.run(clock.now() + timedelta(days=1)) == 1
    asked = open_request(NewRequest(Kind.ACCESS, subscriber_id=person.id))
    db.session.commit()
    with at(clock.now(), timedelta(minutes=2)):
        assert sweeping.run() == 0
    assert is_there(person.id)
    assert requests.find(asked.id).state == "open"
    assert destructions.of_subscriber(person.id)[0].state == "called_off"


def test_whoever_was_invited_and_never_came_is_no_second_person(person: Person) -> None:
    """Nobody could approve, and the request would be late."""
    staff.add("first@example.com", Role.OFFICER, "sample words of a sample")
    staff.invite("second@example.com", Role.OFFICER)
    assert granting.number_of_deciders() == 1
    asked = withdrawn(person.id)
    assert not granting.is_short_of_approval(granting.approve(asked.id, OFFICER))


def test_no_id_of_before_a_restore_leads_to_the_address_of_somebody_destroyed(
    person: Person,
) -> None:
    """They came after the backup, and again after the restore: one address, two ids."""
    digest = digest_of(canonical(person.address))
    before = UUID(int=7)
    db.session.execute(
        text("INSERT INTO lost_subscribers (id, digest) VALUES (:id, :digest)"),
        {"id": before, "digest": digest},
    )
    db.session.commit()
    carrying.carry_out(granted(person.id).id, OFFICER)
    assert db.session.scalars(select(LostSubscriber.id)).all() == []
    assert lost.digest_of(before) is None


def test_a_decision_on_paper_is_not_taken_for_a_yes_of_before(person: Person) -> None:
    """Granting withdraws whoever is still mailed, so the deed finds them withdrawn."""
    asked = on_paper(Kind.DESTRUCTION, paper=Paper(person.address))
    decide(asked, Kind.DESTRUCTION)
    granting.expedite(asked.id, "a test does not wait", OFFICER)
    db.session.commit()
    mine = person.id
    assert sweeping.run() == 1
    assert not is_there(mine)


@pytest.mark.parametrize("kind", [Kind.DESTRUCTION, Kind.ACCESS])
def test_what_a_stranger_asked_for_is_not_granted_on_the_proof_of_another_request(
    person: Person, kind: Kind
) -> None:
    """Anybody may have typed their address into the form; a merge would make it their own word."""
    paper = Paper(person.address)
    strange = on_paper(kind, paper=paper, is_proved=False)
    own = on_paper(Kind.RECTIFICATION, Kind.QUESTION, paper=paper)
    with pytest.raises(Conflict, match="same person asks"):
        merging.merge(strange.id, own.id, OFFICER)
    db.session.rollback()
    assert {one.what for one in rights.of(own.id)} == {Kind.RECTIFICATION, Kind.QUESTION}
    identifying.vouch(strange.id, Vouching("Passport shown at the counter"), OFFICER)
    merging.merge(strange.id, own.id, OFFICER)
    assert kind in {one.what for one in rights.of(own.id)}


def test_what_both_ask_for_and_a_question_are_merged_without_a_proof(person: Person) -> None:
    paper = Paper(person.address)
    strange = on_paper(Kind.ACCESS, Kind.QUESTION, paper=paper, is_proved=False)
    own = on_paper(Kind.ACCESS, paper=paper)
    assert merging.merge(strange.id, own.id, OFFICER).id == own.id
    assert {one.what for one in rights.of(own.id)} == {Kind.ACCESS, Kind.QUESTION}


def test_the_oldest_of_the_desk_is_none_that_a_stranger_typed(person: Person) -> None:
    with at(WEDNESDAY, timedelta(days=-3)):
        registering.file_by_form(Asking((Kind.ACCESS,), "stranger@example.org"))
    with at(WEDNESDAY):
        own = on_paper(Kind.ACCESS, paper=Paper(person.address))
        seen = tiles.of(queue.look())
    assert (seen.open, seen.oldest) == (1, own.received_at)


def test_a_test_mail_to_somebody_under_a_hold_stays(person: Person) -> None:
    draft = campaigns.find(road.campaign())
    trying.send(draft, Wish("kk", "full", [person.address, "desk@example.org"]), road.ACTOR)
    db.session.commit()
    (rule,) = [one for one in retention_rules.RULES if one.kind == "tests"]
    past = clock.now() + timedelta(days=1)
    assert rule.count(past) == 2
    hold(person.id)
    assert rule.count(past) == 1


def test_nobody_vouches_for_whom_the_person_says_that_it_was_not(person: Person) -> None:
    """A passport of the same name is no answer; what cannot be undone waits for a new link."""
    asked = on_paper(Kind.DESTRUCTION, paper=Paper(person.address), is_proved=False)
    identifying.ask(asked.id, OFFICER)
    db.session.commit()
    saying.say(token_of(asked), is_yes=False)
    db.session.commit()
    with pytest.raises(Conflict, match="not them"):
        identifying.vouch(asked.id, Vouching("Passport shown at the counter"), OFFICER)
    db.session.rollback()
    identifying.ask(asked.id, OFFICER)
    db.session.commit()
    saying.say(token_of(asked), is_yes=True)
    db.session.commit()
    assert requests.find(asked.id).identity == "link"


def test_while_the_person_is_asked_nobody_is_destroyed_by_time(person: Person) -> None:
    """The officer has decided, and doubts: the clock stands still until they hear."""
    asked = granted(person.id)
    pausing.pause(asked.id, PauseReason.CLARIFICATION, OFFICER)
    db.session.commit()
    mine = person.id
    assert sweeping.run() == 0
    assert is_there(mine)
    pausing.resume(asked.id, OFFICER)
    db.session.commit()
    assert sweeping.run() == 1


def test_what_was_closed_undone_keeps_no_other_request_from_being_granted(person: Person) -> None:
    """The index that lets nobody be destroyed twice at a time held the closed one for ever."""
    mine, first = person.id, granted(person.id)
    acting.close(first.id, Closing(Resolution.NOT_OURS, "Asked for on paper instead"), OFFICER)
    db.session.commit()
    second = on_paper(Kind.DESTRUCTION, paper=Paper(person.address))
    assert second.id != first.id
    decide(second, Kind.DESTRUCTION)
    granting.expedite(second.id, "a test does not wait", OFFICER)
    db.session.commit()
    assert sweeping.run() == 1
    assert not is_there(mine)
