"""A claim: the person's own word on a withdrawal that came in their name."""

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base.database import db
from mailing.base.errors import NotReady, Unavailable
from mailing.deliveries import answers
from mailing.inbound.reading import Kind
from mailing.leaving import journal as journals
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.scope import Scope
from mailing.people import suppression
from mailing.people.ledger import Kind as Said
from mailing.people.suppression import Why
from mailing.requests import claim_mails as sent_mails
from mailing.requests import claims, incoming, requests
from mailing.requests.claims import State
from tests import road
from tests.person import Person, at_once
from tests.requests.conftest import Asker
from tests.requests.post import Post, claim_mails, claim_token, requests_now


@pytest.fixture
def token(person: Person, post: Post) -> str:
    """The link of somebody in whose name a letter came."""
    post.comes(Kind.WITHDRAWAL, person.address)
    return claim_token(person.id)


def press(verb: str, token: str) -> State:
    view = getattr(claims, verb)(token)
    db.session.commit()
    assert view is not None
    return State(view.state)


def test_looking_changes_nothing(person: Person, token: str) -> None:
    before = (person.said(), requests_now())
    assert press("look", token) is State.OPEN
    assert (person.said(), requests_now()) == before


def test_confirmed_it_is_a_withdrawal_and_destruction_is_opened(person: Person, token: str) -> None:
    assert press("confirm", token) is State.WITHDRAWN
    assert person.said()[-1] == "withdrawn all"
    assert Why.WITHDRAWN in suppression.reasons(person.row.digest)
    assert requests_now() == [
        ("withdrawal", person.id, "closed"),
        ("destruction", person.id, "open"),
    ]


def test_denied_the_block_is_lifted_and_every_yes_holds(person: Person, token: str) -> None:
    assert press("deny", token) is State.LIFTED
    assert person.said()[-1] == "restored all"
    assert person.row.blocked_at is None
    assert (person.standing("news"), person.standing("offers")) == ("given", "given")
    assert requests_now() == [("withdrawal", person.id, "closed")]


def test_each_answer_given_twice_is_given_once(person: Person, token: str) -> None:
    for _ in range(2):
        assert press("deny", token) is State.LIFTED
    assert person.said().count("restored all") == 1


def test_a_withdrawal_is_never_lifted(person: Person, token: str) -> None:
    press("confirm", token)
    assert press("deny", token) is State.WITHDRAWN
    assert "restored all" not in person.said()


def test_a_yes_after_a_no_is_a_withdrawal_like_any_other(person: Person, token: str) -> None:
    """ "It was me" is a "no" to our mail, and no earlier answer drops it; destruction follows."""
    press("deny", token)
    assert press("confirm", token) is State.WITHDRAWN
    assert person.said()[-2:] == ["restored all", "withdrawn all"]
    assert person.standing("news") == "withdrawn"
    assert requests_now() == [
        ("withdrawal", person.id, "closed"),
        ("destruction", person.id, "open"),
    ]
    assert press("confirm", token) is State.WITHDRAWN
    assert len(requests_now()) == 2


def test_a_yes_after_a_no_that_was_cut_short_is_finished_by_the_sweep(
    person: Person, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the withdrawal and what follows from it."""
    press("deny", token)
    with monkeypatch.context() as patch:
        patch.setattr(claims, "settle", lambda _whose: db.session.rollback())
        assert press("confirm", token) is State.WITHDRAWN
    assert requests_now() == [("withdrawal", person.id, "open")]
    claims.settle_all()
    db.session.commit()
    assert [state for _, _, state in requests_now()] == ["closed", "open"]


def test_a_no_in_the_same_moment_as_the_yes_loses_no_destruction(
    person: Person, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other button is pressed after this one has looked, and before it withdraws."""
    looked = []

    def leave_late(leaving: Leaving) -> object:
        looked.append(press("deny", token))
        return leave(leaving)

    with monkeypatch.context() as patch:
        patch.setattr(claims, "leave", leave_late)
        assert press("confirm", token) is State.WITHDRAWN
    assert looked == [State.LIFTED]
    assert ("destruction", person.id, "open") in requests_now()


def test_nothing_is_settled_by_a_press_that_could_not_withdraw(
    person: Person, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: object) -> None:
        raise OSError

    monkeypatch.setattr(journals.Journal, "append", broken)
    with pytest.raises(Unavailable):
        claims.confirm(token)
    db.session.rollback()
    assert ("destruction", person.id, "open") not in requests_now()


@pytest.mark.parametrize("verb", ["confirm", "deny"])
def test_an_answer_shows_that_the_question_arrived(person: Person, token: str, verb: str) -> None:
    (answer,) = claim_mails(person.id)
    sealed = "UPDATE deliveries SET state = 'uncertain', finished_at = now() WHERE id = :id"
    db.session.execute(text(sealed), {"id": answer.delivery_id})
    db.session.commit()
    press(verb, token)
    query = text("SELECT state FROM deliveries WHERE id = :id")
    assert db.session.scalar(query, {"id": answer.delivery_id}) == "accepted"


def test_an_earlier_mail_answers_a_later_letter(person: Person, post: Post, token: str) -> None:
    press("deny", token)
    post.comes(Kind.WITHDRAWAL, person.address)
    assert press("look", token) is State.OPEN
    assert press("confirm", token) is State.WITHDRAWN


def test_both_buttons_at_once_end_in_one_of_the_two(app: Flask, person: Person, token: str) -> None:
    def act(verb: str) -> None:
        getattr(claims, verb)(token)
        db.session.commit()

    at_once(app, lambda: act("confirm"), lambda: act("deny"))
    said = person.said()
    is_out = Why.WITHDRAWN in suppression.reasons(person.row.digest)
    assert is_out == ("withdrawn all" in said)
    assert is_out or (person.row.blocked_at is None and said[-1] == "restored all")


def test_who_was_blocked_by_staff_is_not_freed_by_a_link(person: Person, token: str) -> None:
    press("deny", token)
    leave(Leaving(person.id, Scope.everything(), Said.BLOCKED, "staff", "staff 1", patience=0))
    assert press("deny", token) is State.LIFTED
    assert person.row.blocked_at is not None


def test_whoever_reads_a_mailbox_that_was_left_says_no_and_not_yes(
    person: Person, token: str
) -> None:
    moved = (
        "INSERT INTO address_changes (subscriber_id, state, former, old_agreed_at, new_agreed_at, "
        "created_at, expires_at, closed_at) VALUES (:id, 'done', 'x', now(), now(), now(), now(), "
        "now() + interval '1 second')"
    )
    db.session.execute(text(moved), {"id": person.id})
    db.session.commit()
    view = claims.look(token)
    assert view is not None
    assert not view.can_deny
    assert press("deny", token) is State.OPEN
    assert press("confirm", token) is State.WITHDRAWN


@pytest.mark.parametrize("of", ["leave", "nothing", "bits"])
def test_another_token_is_nobodys(person: Person, token: str, of: str) -> None:
    wrong = {"leave": person.link(), "nothing": "", "bits": token[:-2] + "AA"}[of]
    for verb in (claims.look, claims.confirm, claims.deny):
        assert verb(wrong) is None


def test_a_press_that_was_cut_short_is_finished_by_the_sweep(person: Person, token: str) -> None:
    """Killed between the withdrawal and what follows from it."""
    leave(Leaving(person.id, Scope.everything(), Said.WITHDRAWN, "claim", patience=0))
    claims.settle_all()
    db.session.commit()
    assert requests_now() == [
        ("withdrawal", person.id, "closed"),
        ("destruction", person.id, "open"),
    ]
    claims.settle_all()
    db.session.commit()
    assert len(requests_now()) == 2


def test_the_mail_is_held_once_there_is_nothing_to_ask(
    person: Person, token: str, asker: Asker
) -> None:
    press("deny", token)
    assert asker.passed() == []
    assert asker.reasons() == ["request_closed"]


def test_nobody_is_mailed_while_they_are_blocked(person: Person, token: str, asker: Asker) -> None:
    """Nothing but the question itself leaves."""
    with pytest.raises(NotReady, match="Nobody would receive this"):
        road.start(road.campaign())
    (passed,) = asker.passed()
    assert passed.permit.kind == "correspondence"


def test_a_journal_that_is_away_blocks_nobody_falsely(
    person: Person, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The letter is kept, and the sweep blocks as soon as that can be made durable."""

    def broken(*_given: object) -> None:
        raise OSError

    raw = post.write(Kind.WITHDRAWAL, person.address)
    with monkeypatch.context() as patch:
        patch.setattr(journals.Journal, "append", broken)
        with pytest.raises(Unavailable):
            incoming.take(raw, [])
        db.session.rollback()
    assert claim_mails(person.id) == []
    assert incoming.take(raw, []).action == "blocked"
    assert person.said().count("blocked all") == 1


def test_the_mail_that_asks_names_the_letter_and_its_due_date(person: Person, token: str) -> None:
    """It stands with what was sent about the request, though it goes to the address on file."""
    view = claims.look(token)
    assert view
    assert view.number
    assert view.due_at
    request = requests.of_subscriber(person.id)[0]
    assert (view.number, view.due_at) == (request.number, request.due_at)
    [(answer, _)] = sent_mails.sent_about(request)
    said = answers.said_in(answer)
    assert said
    assert request.number in said.text
    assert answer.request_id is None


def test_confirmed_the_page_names_the_destruction_that_follows(person: Person, token: str) -> None:
    press("confirm", token)
    view = claims.look(token)
    destruction = requests.of_subscriber(person.id)[-1]
    assert view
    assert view.number == destruction.number
