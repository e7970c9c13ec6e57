"""A change of address: both mailboxes agree, and nobody's no is left behind. T19, T21, T22, T23."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid, Unavailable
from mailing.base.settings import Settings
from mailing.deliveries import confirmations
from mailing.leaving import links, replay
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.scope import Scope
from mailing.people import (
    address_changes,
    ledger,
    standings,
    subscribers,
    suppression,
    topics,
    verdict,
)
from mailing.people.canonical import canonical
from mailing.people.ledger import Kind
from mailing.people.subscribers import digest_of
from mailing.people.suppression import Why
from mailing.requests import access, fresh, moving, rectify
from tests.person import Person, at_once, days_pass, newest_request, token_of
from tests.requests.conftest import Asker, end_token, fresh_token, settle

NEW = "aigul.new@example.org"


def ask(person: Person, address: str = NEW) -> str:
    token = fresh_token(person)
    settle()
    moving.ask(token, address)
    db.session.commit()
    return token


def press(person: Person, *ends: str) -> str:
    tokens = [end_token(end, person) for end in ends]
    views = [moving.agree(token) for token in tokens]
    db.session.commit()
    assert views[-1] is not None
    return str(views[-1].state)


@pytest.mark.parametrize("ends", [("old", "new"), ("new", "old")])
def test_with_both_yeses_the_person_moves_and_stays_themselves(
    person: Person, ends: tuple[str, str]
) -> None:
    """T22."""
    before, said = person.id, person.said()
    ask(person)
    assert press(person, ends[0]) == "open"
    assert subscribers.find(canonical(NEW)) is None
    assert press(person, ends[1]) == "done"
    moved = Person(person.policy, NEW)
    assert (moved.id, moved.said(), moved.standing("offers")) == (before, said, "given")
    assert subscribers.find(canonical(person.address)) is None
    assert list(ledger.verify()) == []


def test_each_end_is_asked_and_one_alone_changes_nothing(person: Person, asker: Asker) -> None:
    ask(person)
    assert {p.permit.recipient for p in asker.passed()} == {person.address, NEW}
    assert [press(person, "new") for _ in range(3)] == ["open"] * 3


def test_either_end_stops_it_and_the_new_address_is_destroyed(person: Person) -> None:
    ask(person)
    press(person, "new")
    token = end_token("old", person)
    stopped = moving.stop(token)
    assert stopped is not None
    assert stopped.state == "stopped"
    assert press(person, "old") == "stopped"
    (change,) = address_changes.of(person.id)
    assert change.personal is None
    assert db.session.execute(text("SELECT count(recipient) FROM answers")).scalar_one() == 0


def test_after_seven_days_it_is_forgotten(person: Person) -> None:
    ask(person)
    press(person, "new")
    week = clock.now() + timedelta(days=7, minutes=1)
    with clock.use(lambda: week):
        assert press(person, "old") == "expired"
        assert (moving.forget_unanswered(), moving.forget_unanswered()) == (1, 0)
    (change,) = address_changes.of(person.id)
    assert (change.state, change.personal, change.digest) == ("expired", None, None)


@pytest.mark.parametrize("kind", [Kind.WITHDRAWN, Kind.BLOCKED])
def test_a_no_to_processing_in_between_ends_the_move(person: Person, kind: Kind) -> None:
    ask(person)
    press(person, "new")
    person.leave(kind=kind)
    assert press(person, "old") == "refused"
    assert subscribers.find(canonical(NEW)) is None


@pytest.mark.parametrize("why", [Why.WITHDRAWN, Why.DESTROYED, Why.COMPLAINT, Why.STAFF])
def test_an_address_that_is_kept_out_is_moved_to_by_nobody(person: Person, why: Why) -> None:
    suppression.suppress(digest_of(canonical(NEW)), why)
    ask(person)
    assert press(person, "old", "new") == "refused"


def test_two_who_are_known_apart_are_not_made_into_one(person: Person, asker: Asker) -> None:
    """T21: nobody's no is outvoted by somebody else's yes."""
    other = Person(person.policy, NEW)
    other.say_yes("news")
    other.leave()
    ask(person)
    assert len(asker.passed()) == 2
    assert press(person, "old", "new") == "refused"
    assert (person.standing(), other.standing()) == ("given", "unsubscribed")


def test_a_form_for_the_new_address_in_the_same_moment_breaks_nothing(
    app: Flask, person: Person
) -> None:
    ask(person)
    press(person, "old")
    token, other, person_id = end_token("new", person), Person(person.policy, NEW), person.id

    def move() -> None:
        moving.agree(token)
        db.session.commit()

    at_once(app, move, lambda: other.ask("news"))
    (change,) = address_changes.of(person_id)
    assert change.state in ("done", "refused")
    rows = db.session.execute(text("SELECT count(*) FROM subscribers")).scalar_one()
    assert rows == (1 if change.state == "done" else 2)
    assert list(ledger.verify()) == []


def test_a_link_that_was_mailed_before_the_move_is_not_fresh_after_it(person: Person) -> None:
    token = ask(person)
    assert fresh.is_fresh(token)
    press(person, "old", "new")
    assert not fresh.is_fresh(token)
    assert access.look(token) is None


def test_the_address_moved_from_is_kept_out_of_imports_and_may_speak_for_itself(
    person: Person,
) -> None:
    """T19."""
    ask(person)
    press(person, "old", "new")
    former = digest_of(canonical(person.address))
    assert set(suppression.reasons(former)) == {Why.MOVED}
    assert person.ask("news") == 1
    assert person.confirm() == "confirmed"
    assert suppression.reasons(former) == {}


def test_a_withdrawal_after_the_move_holds_for_the_address_moved_from(person: Person) -> None:
    """T23: nobody gets round a no by an earlier address."""
    ask(person)
    press(person, "old", "new")
    Person(person.policy, NEW).leave(kind=Kind.WITHDRAWN)
    assert Why.WITHDRAWN in suppression.reasons(digest_of(canonical(person.address)))
    assert Why.WITHDRAWN in suppression.reasons(digest_of(canonical(NEW)))


def test_somebody_may_move_back(person: Person) -> None:
    ask(person)
    press(person, "old", "new")
    moved = Person(person.policy, NEW)
    day = clock.now() + timedelta(days=1, minutes=1)
    with clock.use(lambda: day):
        ask(moved, person.address)
        assert press(moved, "old", "new") == "done"
    assert suppression.reasons(digest_of(canonical(person.address))) == {}


def test_no_address_is_troubled_more_than_twice_a_day(person: Person) -> None:
    other = Person(person.policy, "dana@example.com")
    other.say_yes("news")
    ask(person)
    ask(other)
    third = Person(person.policy, "erik@example.com")
    third.say_yes("news")
    ask(third)
    assert address_changes.of(third.id) == []


def test_only_a_fresh_link_moves_and_only_to_another_address(person: Person) -> None:
    with pytest.raises(Conflict):
        moving.ask(person.link(), NEW)
    with pytest.raises(Invalid):
        moving.ask(fresh_token(person), person.address.upper())
    with pytest.raises(Invalid):
        moving.ask(fresh_token(person), "nowhere")


def test_what_is_put_right_is_told_with_what_stood_there(person: Person) -> None:
    token = fresh_token(person)
    assert rectify.correct(token, {"surname": "Серікова", "phone": ""}) == ("surname", "phone")
    assert rectify.correct(token, {"surname": "Серікова"}) == ()
    told = access.download(token)
    assert told is not None
    assert (told["person"]["surname"], told["person"]["phone"]) == ("Серікова", "")
    (one,) = told["corrections"]
    assert one["private"]["before"] == {"surname": "", "phone": "+7 701 000 00 00"}
    assert [act["act"] for act in access.look(token)["acts"]] == ["download own data"]  # type: ignore[index]


@pytest.mark.parametrize("value", ["a\nb", "\u202e", "x" * 201, "\0"])
def test_a_value_that_cannot_be_changes_nothing(person: Person, value: str) -> None:
    with pytest.raises(Invalid):
        rectify.correct(fresh_token(person), {"surname": value})


def test_what_the_old_mailbox_was_asked_it_can_say_yes_to_no_longer(person: Person) -> None:
    """Anybody may have filled in the form; the mail lies where another reads now."""
    person.one_click("offers")
    days_pass(person.id)
    assert person.ask("offers") == 1
    confirm = token_of(newest_request(), "confirm")
    ask(person)
    press(person, "old", "new")
    moved = Person(person.policy, NEW)
    view = confirmations.confirm(confirm)
    db.session.commit()
    assert view is not None
    assert (view.state, moved.standing("offers")) == ("cancelled", "requested")
    assert standings.of(moved.id)[topics.find("offers").id].refused, "asking takes no no back"


def test_a_link_in_the_old_mailbox_leaves_and_takes_no_no_back(person: Person) -> None:
    before = person.link()
    ask(person)
    press(person, "old", "new")
    moved = Person(person.policy, NEW)
    assert links.by_token(before, 0) is not None
    assert moved.standing("news") == "unsubscribed"
    assert not links.undo(before)
    view = links.look(before)
    assert view is not None
    assert not view.can_undo
    assert moved.standing("news") == "unsubscribed"


def test_nobody_who_is_blocked_is_written_to_because_another_named_their_address(
    person: Person, asker: Asker
) -> None:
    blocked = Person(person.policy, NEW)
    blocked.say_yes("news")
    leave(Leaving(blocked.id, Scope.everything(), Kind.BLOCKED, "mail", patience=0))
    ask(person)
    assert {p.permit.recipient for p in asker.passed()} == {person.address}
    assert asker.reasons()[-1] == "blocked"


def brought_back(person: Person, former: str) -> None:
    """A backup from before the move: the row as it was, no trace of the change or of its mark."""
    row = person.row
    db.session.execute(text("DELETE FROM answers"))
    for table in ("address_changes", "suppressions", "journal_entries"):
        db.session.execute(text(f"DELETE FROM {table}"))  # noqa: S608
    kept = subscribers.personal_of(row)
    assert kept is not None
    row.digest = digest_of(canonical(former))
    subscribers.keep_personal(row, kept.at(former))
    db.session.commit()


def test_an_older_backup_writes_to_nobody_at_the_address_that_they_moved_from(
    person: Person,
) -> None:
    """T19, T22: what was told us after the backup is told again by the journal."""
    ask(person)
    press(person, "old", "new")
    moved = Person(person.policy, NEW)
    assert passes(moved)
    brought_back(moved, person.address)
    assert passes(person), "the backup alone knows nothing of it"
    assert [replay.run(), replay.run()] == [1, 0]
    assert set(suppression.reasons(person.row.digest)) == {Why.MOVED}
    assert not passes(person)
    days_pass(person.id)
    assert person.ask("offers") == 1
    assert person.confirm() == "confirmed"
    assert passes(person), "who answers from that mailbox now may speak for it"


def test_the_journal_names_an_address_that_was_left_by_its_digest_alone(
    person: Person, settings: Settings
) -> None:
    ask(person)
    press(person, "old", "new")
    written = (settings.journal / "withdrawals.jsonl").read_text()
    assert written.count('"moved"') == 1
    assert digest_of(canonical(person.address)).hex() in written
    assert "@" not in written
    assert replay.run() == 0


def test_without_a_journal_nobody_moves(person: Person, settings: Settings) -> None:
    ask(person)
    press(person, "old")
    assert replay.run() == 0
    (settings.journal / "id").unlink()
    with pytest.raises(Unavailable):
        moving.agree(end_token("new", person))
    db.session.rollback()
    assert subscribers.find(canonical(NEW)) is None


def passes(person: Person) -> bool:
    """Whether the verdict lets a message on `news` through to somebody."""
    query = text(
        f"SELECT {verdict.CAMPAIGN} FROM subscribers s JOIN topics t ON t.slug = 'news' "  # noqa: S608
        "LEFT JOIN standings st ON st.subscriber_id = s.id AND st.topic_id = t.id "
        "LEFT JOIN policy_versions p ON p.id = st.policy_id WHERE s.id = :id"
    )
    return db.session.execute(query, {"id": person.id}).scalar_one() is None
