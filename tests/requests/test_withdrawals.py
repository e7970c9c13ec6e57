"""A withdrawal by letter: who is withdrawn at once, who is only blocked, and who is asked.

A-P2: whatever may be a withdrawal stops mail at once; what cannot be taken back waits for
assurance. T23 (a "no" that came by mail is lost) and the attacks of a forged sender.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from flask import Flask

from mailing.base.database import db
from mailing.base.settings import current
from mailing.base.tokens import LeaveToken, MailtoLeave, link_keys
from mailing.inbound import messages
from mailing.inbound.reading import Kind, Trust
from mailing.leaving import replay
from mailing.people import ledger, subscribers, suppression, topics
from mailing.people.ledger import Kind as Said
from mailing.people.suppression import Why
from mailing.policies.versions import PolicyVersion
from mailing.requests import claims, incoming, requests
from mailing.requests.kinds import Kind as Asks
from mailing.requests.requests import NewRequest
from tests.person import Person
from tests.requests.conftest import Asker, settle
from tests.requests.post import (
    HELPDESK,
    Post,
    claim_mails,
    claim_token,
    requests_now,
    rows_now,
    showing,
    sure,
)
from tests.road import is_waited_for, wait_for


@pytest.fixture
def another(policy: PolicyVersion) -> Person:
    somebody = Person(policy, "berik@example.com")
    somebody.say_yes("news")
    settle()
    return somebody


def test_an_authenticated_author_is_withdrawn_at_once(person: Person, post: Post) -> None:
    taken = post.comes(Kind.WITHDRAWAL, person.address, **sure())
    assert (taken.kind, taken.action, taken.subscriber) == ("withdrawal", "withdrawn", person.id)
    assert person.said()[-1] == "withdrawn all"
    assert requests_now() == [("destruction", person.id, "open")]
    assert taken.request_id is not None
    assert claim_mails(person.id) == []


def test_the_author_is_known_however_the_address_is_written(person: Person, post: Post) -> None:
    """A-P4: normalised, whatever the case."""
    assert post.comes(Kind.WITHDRAWAL, "AIGUL@Example.COM", **sure()).action == "withdrawn"


@pytest.mark.parametrize("trust", [Trust.UNKNOWN, Trust.FAILED])
def test_anybody_else_only_blocks_and_the_address_on_file_is_asked(
    person: Person, post: Post, asker: Asker, trust: Trust
) -> None:
    taken = post.comes(Kind.WITHDRAWAL, person.address, trust=trust)
    assert (taken.action, taken.subscriber) == ("blocked", person.id)
    assert person.said()[-1] == "blocked all"
    assert person.standing("news") == "given"
    assert requests_now() == [("withdrawal", person.id, "open")]
    (passed,) = asker.passed()
    assert (passed.permit.kind, passed.permit.recipient) == ("correspondence", person.address)


def test_a_forged_sender_destroys_nothing(person: Person, post: Post) -> None:
    post.comes(Kind.WITHDRAWAL, person.address)
    assert suppression.reasons(person.row.digest) == {}
    assert person.row.personal is not None
    assert not [kind for kind, _, _ in requests_now() if kind == "destruction"]


def test_a_token_with_another_address_is_a_plausible_claim(person: Person, post: Post) -> None:
    """A newsletter was forwarded, and the letter comes from the other mailbox."""
    taken = post.comes(Kind.WITHDRAWAL, "elsewhere@example.org", **sure(**showing(person.link())))
    assert (taken.action, taken.subscriber) == ("blocked", person.id)
    assert len(claim_mails(person.id)) == 1


def test_who_is_sure_is_withdrawn_and_who_is_quoted_is_asked(
    person: Person, another: Person, post: Post
) -> None:
    taken = post.comes(Kind.WITHDRAWAL, another.address, **sure(**showing(person.link())))
    assert (taken.action, taken.subscriber) == ("withdrawn", another.id)
    assert another.said()[-1] == "withdrawn all"
    assert person.said()[-1] == "blocked all"
    assert sorted(requests_now(), key=str) == sorted(
        [("destruction", another.id, "open"), ("withdrawal", person.id, "open")], key=str
    )


def test_several_who_may_have_written_one_letter_each_have_a_request(
    person: Person, another: Person, post: Post
) -> None:
    post.comes(Kind.WITHDRAWAL, another.address, **showing(person.link()))
    assert {whose for kind, whose, _ in requests_now() if kind == "withdrawal"} == {
        person.id,
        another.id,
    }


def test_whoever_answers_from_another_address_is_found_by_it(person: Person, post: Post) -> None:
    """A-P4: Reply-To and Return-Path, where From is nobody's."""
    taken = post.comes(Kind.WITHDRAWAL, "x@example.org", reply_to=person.address, **sure())
    assert (taken.action, taken.subscriber) == ("blocked", person.id)


def test_an_unknown_sender_is_queued_for_a_person_and_blocks_nobody(
    person: Person, post: Post
) -> None:
    before = person.said()
    taken = post.comes(Kind.WITHDRAWAL, "stranger@example.org", **sure())
    assert (taken.action, taken.subscriber) == ("queued", None)
    assert requests_now() == [("withdrawal", None, "open")]
    assert person.said() == before


def test_a_letter_without_an_author_is_queued(person: Person, post: Post) -> None:
    assert post.comes(Kind.WITHDRAWAL, None).action == "queued"
    assert post.comes(Kind.WITHDRAWAL, "not an address").action == "queued"


def test_whoever_has_withdrawn_is_not_blocked_again(person: Person, post: Post) -> None:
    person.leave(kind=Said.WITHDRAWN)
    assert post.comes(Kind.WITHDRAWAL, person.address).action == "withdrawn_before"
    assert "blocked all" not in person.said()
    assert requests_now() == []


def test_a_second_letter_while_blocked_asks_no_second_time(person: Person, post: Post) -> None:
    first = post.comes(Kind.WITHDRAWAL, person.address)
    second = post.comes(Kind.WITHDRAWAL, person.address)
    assert second.request_id == first.request_id
    assert len(claim_mails(person.id)) == 1
    assert person.said().count("blocked all") == 1


def test_a_flood_of_forged_letters_mails_at_most_three_a_day(person: Person, post: Post) -> None:
    """T62: a forger may block again and again, but not fill a mailbox by it."""
    for _ in range(6):
        post.comes(Kind.WITHDRAWAL, person.address)
        assert claims.deny(claim_token(person.id)) is not None
        db.session.commit()
    assert len(claim_mails(person.id)) == 3


def test_the_same_letter_again_changes_nothing(person: Person, post: Post) -> None:
    raw = post.write(Kind.WITHDRAWAL, person.address)
    first = incoming.take(raw, [HELPDESK])
    assert claims.deny(claim_token(person.id)) is not None
    db.session.commit()
    again = incoming.take(raw, [HELPDESK])
    assert (again.is_new, again.action) == (False, first.action)
    assert person.row.blocked_at is None
    assert len(rows_now()) == 1


def test_a_withdrawal_outlives_an_old_backup(person: Person, post: Post) -> None:
    """It stands in the withdrawal journal like every leaving."""
    post.comes(Kind.WITHDRAWAL, person.address, **sure())
    assert replay.run() == 0
    assert Why.WITHDRAWN in suppression.reasons(person.row.digest)
    assert ledger.last(person.id, None, Said.WITHDRAWN) is not None


@pytest.mark.parametrize("trust", [Trust.UNKNOWN, Trust.FAILED])
def test_whose_way_out_it_was_sent_to_is_withdrawn_at_once(
    person: Person, post: Post, trust: Trust
) -> None:
    """The signed address stands in their own mail, as the link does by which they may withdraw."""
    taken = post.comes(Kind.WITHDRAWAL, "alias@example.org", to=[way_out(person)], trust=trust)
    assert (taken.action, taken.subscriber) == ("withdrawn", person.id)
    assert person.said()[-1] == "withdrawn all"
    assert requests_now() == [("destruction", person.id, "open")]
    assert claim_mails(person.id) == []


def test_a_way_out_that_nobody_signed_withdraws_nobody(person: Person, post: Post) -> None:
    ours, place = way_out(person), len("unsubscribe+") + 3
    forged = ours[:place] + ("b" if ours[place] == "a" else "a") + ours[place + 1 :]
    before = person.said()
    assert post.comes(Kind.WITHDRAWAL, to=[forged]).action == "queued"
    assert person.said() == before


def test_whoever_wrote_to_another_s_way_out_says_no_for_themselves_as_well(
    person: Person, another: Person, post: Post
) -> None:
    post.comes(Kind.WITHDRAWAL, another.address, to=[way_out(person)], **sure())
    assert (person.said()[-1], another.said()[-1]) == ("withdrawn all", "withdrawn all")
    assert {(kind, whose) for kind, whose, _ in requests_now()} == {
        ("destruction", person.id),
        ("destruction", another.id),
    }


def test_whoever_only_seems_to_have_written_to_it_is_asked(
    person: Person, another: Person, post: Post
) -> None:
    post.comes(Kind.WITHDRAWAL, another.address, to=[way_out(person)])
    assert (person.said()[-1], another.said()[-1]) == ("withdrawn all", "blocked all")
    assert len(claim_mails(another.id)) == 1


def test_killed_after_the_withdrawal_a_letter_to_the_way_out_still_opens_the_destruction(
    person: Person, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = post.write(Kind.WITHDRAWAL)
    with monkeypatch.context() as patch:
        patch.setattr(messages, "end", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            incoming.take(raw, [way_out(person)])
    db.session.rollback()
    assert requests_now() == []
    assert incoming.take(raw, [way_out(person)]).action == "withdrawn"
    assert requests_now() == [("destruction", person.id, "open")]
    assert person.said().count("withdrawn all") == 1


def test_a_withdrawal_sent_to_the_join_address_is_one(person: Person, post: Post) -> None:
    """The mark outranks the address: nobody is asked for a yes by it."""
    taken = post.comes(Kind.WITHDRAWAL, person.address, to=[JOIN], **sure())
    assert (taken.action, person.said()[-1]) == ("withdrawn", "withdrawn all")


JOIN = "join@bounce.glazik.example"


def way_out(person: Person) -> str:
    """The `mailto:` address of their messages."""
    token = MailtoLeave(person.id, topics.find("news").id)
    return token.address(link_keys(current().secret_keys), "bounce.glazik.example")


def test_two_copies_of_one_withdrawal_open_one_destruction(person: Person, post: Post) -> None:
    """By IMAP beside the listener: what a relay wrote on top makes them two messages."""
    same = {"Message-ID": "<one@example.com>"}
    for path in ("a", "b"):
        post.comes(Kind.WITHDRAWAL, person.address, header=same | {"Received": path}, **sure())
    assert len(rows_now()) == 2
    assert requests_now() == [("destruction", person.id, "open")]


@pytest.mark.parametrize("is_turned", [False, True])
def test_everybody_whom_a_letter_may_be_from_is_held_in_one_order_before_the_desk(
    person: Person,
    another: Person,
    post: Post,
    monkeypatch: pytest.MonkeyPatch,
    is_turned: bool,
) -> None:
    """Whoever answers a claim holds a person and waits for the desk; a letter that held the desk
    and waited for that person would never end, nor would two letters that name two people in turn.
    """
    seen: list[object] = []
    lock, desk = subscribers.lock, requests._one_at_a_time

    def note(subscriber_id: UUID) -> object:
        seen.append(subscriber_id)
        return lock(subscriber_id)

    def come_to_the_desk() -> None:
        seen.append("desk")
        desk()

    monkeypatch.setattr(subscribers, "lock", note)
    monkeypatch.setattr(requests, "_one_at_a_time", come_to_the_desk)
    first, second = (another, person) if is_turned else (person, another)
    post.comes(Kind.WITHDRAWAL, first.address, **showing(link_of(second)))
    held, in_order = seen[: seen.index("desk")], sorted([person.id, another.id])
    # At first; and again after the leavings, before the mail that asks the first of them.
    assert held[:2] == held[-3:-1] == in_order


def link_of(person: Person) -> str:
    token = LeaveToken(person.id, topics.find("news").id, uuid4())
    return token.text(link_keys(current().secret_keys))


def test_a_request_waits_for_its_person_before_it_stops_the_desk(
    person: Person, app: Flask, asker: Asker
) -> None:
    def opens() -> None:
        requests.open_request(NewRequest(Asks.QUESTION, subscriber_id=person.id))
        db.session.commit()

    with ThreadPoolExecutor(1) as pool:
        asker.connection.execute("SELECT FROM subscribers FOR UPDATE")
        done = pool.submit(lambda: in_context(app, opens))
        wait_for(lambda: is_waited_for(asker.connection))
        desk = "SELECT pg_try_advisory_xact_lock(hashtext('kelisim requests'))"
        assert asker.connection.execute(desk).fetchone() == (True,)
        asker.connection.execute("COMMIT")
        done.result()


def in_context(app: Flask, act: Callable[[], None]) -> None:
    with app.app_context():
        act()
