"""What the desk asks a person by a link: was it you, is this right? And the form that anybody may
fill in, in anybody's name."""

from datetime import datetime, timedelta

import pytest
from flask import Flask

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid
from mailing.deliveries import answers
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.scope import Scope
from mailing.people import corrections, evidence, ledger, subscribers
from mailing.people.ledger import Kind as Entry
from mailing.policies.versions import PolicyVersion
from mailing.requests import (
    identifying,
    inquiries,
    moving,
    proposing,
    queue,
    registering,
    rights,
    saying,
)
from mailing.requests.inquiries import State
from mailing.requests.kinds import Channel, Kind
from mailing.requests.queue import Group
from mailing.requests.registering import Asking
from mailing.requests.requests import Request
from tests.person import Person
from tests.requests.conftest import Asker, end_token
from tests.requests.officer import (
    OFFICER,
    WEDNESDAY,
    Paper,
    decide,
    happened,
    now_of,
    on_paper,
    token_of,
)

STRANGER = "nobody.known@example.org"


def by_form(email: str = STRANGER, *kinds: Kind) -> Request:
    """A request by the form; committed."""
    request = registering.file_by_form(Asking(kinds or (Kind.ACCESS,), email, "All.", "en"))
    db.session.commit()
    return request


def said(request: Request, is_yes: bool = True) -> State:
    view = saying.say(token_of(request), is_yes)
    db.session.commit()
    assert view
    return view.state


def proposed(person: Person, **fields: str) -> Request:
    """A correction that the officer has asked the person about."""
    request = on_paper(Kind.RECTIFICATION, paper=Paper(person.address), is_proved=False)
    held = proposing.open_fields(request.id, OFFICER)
    proposing.propose(request.id, held | fields, OFFICER)
    db.session.commit()
    return request


def mailed(request: Request) -> list[str]:
    """What was written about a request, as text."""
    found = (answers.said_in(answer) for answer, _ in answers.of_request(request.id))
    return [one.text for one in found if one]


def test_the_link_to_the_address_on_file_proves_who_asks_and_the_clock_goes_on(
    person: Person,
) -> None:
    with clock.use(lambda: WEDNESDAY):
        request = on_paper(Kind.ACCESS, paper=Paper(person.address), is_proved=False)
        identifying.ask(request.id, OFFICER)
        db.session.commit()
    token = token_of(request)
    assert f"/inquiry/{token}" in mailed(request)[-1]
    assert (now_of(request).state, request.identity) == ("waiting", "asked")
    with clock.use(lambda: WEDNESDAY + timedelta(days=1)):
        before = request.due_at
        assert said(request) is State.YES
        assert (request.identity, request.state) == ("link", "open")
        assert (request.due_at - before).days == 1
    decide(request, Kind.ACCESS)


def test_who_says_that_it_was_not_them_is_believed_and_nothing_is_granted(person: Person) -> None:
    request = on_paper(Kind.ACCESS, paper=Paper(person.address), is_proved=False)
    identifying.ask(request.id, OFFICER)
    db.session.commit()
    assert said(request, is_yes=False) is State.NO
    assert said(request, is_yes=True) is State.NO
    assert (request.identity, request.state) == ("denied", "open")
    with pytest.raises(Conflict, match="Make sure first"):
        decide(request, Kind.ACCESS)


def test_a_newer_link_ends_the_one_before_and_a_forged_one_is_nothing(person: Person) -> None:
    request = on_paper(Kind.ACCESS, paper=Paper(person.address), is_proved=False)
    identifying.ask(request.id, OFFICER)
    old = token_of(request)
    identifying.ask(request.id, OFFICER)
    db.session.commit()
    assert old != token_of(request)
    view = saying.say(old, True)
    assert view
    assert view.state is State.OVER
    assert saying.look(f"{old[:-2]}xx") is None
    assert now_of(request).identity == "asked"


def test_a_link_that_nobody_presses_is_over_and_the_request_is_open_again(person: Person) -> None:
    request = on_paper(Kind.ACCESS, paper=Paper(person.address), is_proved=False)
    identifying.ask(request.id, OFFICER)
    db.session.commit()
    assert saying.forget_unanswered() == 0
    with clock.use(lambda: inquiries.of(request.id)[0].expires_at + timedelta(seconds=1)):
        assert saying.forget_unanswered() == 1
        assert saying.forget_unanswered() == 0
    assert (request.state, request.identity) == ("open", "unknown")


def test_the_form_gives_a_number_at_once_and_waits_apart_until_its_link_is_pressed(
    policy: PolicyVersion,
) -> None:
    request = by_form()
    seen = queue.look()
    assert seen.counts[Group.UNCONFIRMED] == 1
    assert Group.UNCONFIRMED not in seen.lines
    assert queue.due_within(None) == []
    assert len(queue.due_within(None, is_all=True)) == 1
    assert queue.owed().unconfirmed == 1
    assert said(request) is State.YES
    assert queue.look().counts[Group.UNCONFIRMED] == 0
    assert len(queue.due_within(None)) == 1
    assert request.words == "All."


def test_the_form_says_and_mails_the_same_to_the_known_and_to_the_unknown(
    person: Person, asker: Asker
) -> None:
    known, unknown = by_form(person.address), by_form()
    texts = [mailed(one)[0] for one in (known, unknown)]
    first, second = (
        text.replace(token_of(one), "T").replace(one.number, "N")
        for text, one in zip(texts, (known, unknown), strict=True)
    )
    assert first == second
    assert "All." not in first
    assert {one.permit.recipient for one in asker.passed()} == {person.address, STRANGER}


def test_a_stranger_cannot_have_us_mail_whoever_has_withdrawn(person: Person, asker: Asker) -> None:
    leave(Leaving(person.id, Scope.everything(), Entry.WITHDRAWN, "page", patience=0))
    by_form(person.address)
    assert asker.passed() == []
    assert asker.reasons()[-1] == "withdrawn"


def test_what_a_stranger_asks_in_a_name_is_not_confirmed_with_what_its_owner_asks(
    policy: PolicyVersion,
) -> None:
    own, others = by_form(), by_form(STRANGER, Kind.ACCESS, Kind.DESTRUCTION)
    worded = registering.file_by_form(Asking((Kind.ACCESS,), STRANGER, "To my new address.", "en"))
    db.session.commit()
    assert [len(mailed(one)) for one in (own, others, worded)] == [1, 1, 1]
    assert said(own) is State.YES
    assert [now_of(one).identity for one in (own, others, worded)] == ["link", "asked", "asked"]


def test_no_more_mails_a_day_go_to_one_address_than_other_receipts(policy: PolicyVersion) -> None:
    kinds = (Kind.ACCESS, Kind.BLOCKING, Kind.DESTRUCTION, Kind.QUESTION, Kind.WITHDRAWAL)
    assert sum(len(mailed(by_form(STRANGER, kind))) for kind in kinds) == 3


def test_the_same_form_again_is_one_mail_and_its_button_confirms_them_all(
    policy: PolicyVersion,
) -> None:
    made = [by_form() for _ in range(3)]
    assert [len(mailed(one)) for one in made] == [1, 0, 0]
    assert said(made[0]) is State.YES
    assert {now_of(one).identity for one in made} == {"link"}


def test_a_form_that_nobody_confirms_ends_by_itself_and_one_that_is_denied_at_once(
    policy: PolicyVersion,
) -> None:
    left, denied = by_form(), by_form("another@example.org")
    assert said(denied, is_yes=False) is State.NO
    assert now_of(denied).resolution == "refused"
    with clock.use(lambda: clock_after(left)):
        saying.forget_unanswered()
    assert (left.state, left.resolution) == ("closed", "no_reply")
    assert (left.words, left.correspondent) == ("", None)
    assert said(left) is State.OVER


def clock_after(request: Request) -> datetime:
    return inquiries.of(request.id)[0].asked_at + timedelta(days=7, seconds=1)


@pytest.mark.parametrize(
    ("asking", "field"),
    [
        (Asking((), STRANGER), "right"),
        (Asking((Kind.JUNK,), STRANGER), "right"),
        (Asking((Kind.ACCESS,), ""), "email"),
        (Asking((Kind.ACCESS,), STRANGER, "x" * 5001), "told"),
        (Asking((Kind.ACCESS,), STRANGER, "a\u2028b"), "told"),
    ],
)
def test_a_form_says_which_field_is_wrong(app: Flask, asking: Asking, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        registering.file_by_form(asking)
    assert refused.value.field == field


def test_a_letter_is_written_down_with_the_day_on_which_it_came(app: Flask) -> None:
    with clock.use(lambda: WEDNESDAY):
        asking = Asking((Kind.ACCESS,), "", "On paper.", "kk")
        came = WEDNESDAY - timedelta(days=7)
        request = registering.register(asking, Channel.LETTER, OFFICER, came)
        assert queue.group_of(request, clock.now()) is Group.OVERDUE
        for moment in (WEDNESDAY + timedelta(hours=1), WEDNESDAY - timedelta(days=91)):
            with pytest.raises(Invalid) as refused:
                registering.register(asking, Channel.LETTER, OFFICER, moment)
            assert refused.value.field == "came"


def test_a_correction_is_made_by_the_persons_yes_and_leaves_earlier_evidence_as_it_was(
    person: Person,
) -> None:
    chain = [one.hash for one in ledger.history(person.id)]
    request = proposed(person, surname="Оспанова", given_name="")
    view = saying.look(token_of(request))
    assert view
    assert view.changes == {"surname": ("", "Оспанова"), "given_name": ("Айгүл", "")}
    assert "Оспанова" not in mailed(request)[-1]
    personal = subscribers.personal_of(person.row)
    assert personal
    assert personal.surname == ""
    assert said(request) is State.YES
    personal = subscribers.personal_of(person.row)
    assert personal
    assert (personal.surname, personal.given_name) == ("Оспанова", "")
    (made,) = corrections.of(person.id)
    body = evidence.body_of(made.evidence_hash)
    assert (made.source, body["actor"]) == (f"request {request.number}", "subscriber")
    private = evidence.private_of(person.id, body)
    assert private
    assert private["before"] == {"surname": "", "given_name": "Айгүл"}
    assert [one.hash for one in ledger.history(person.id)] == chain
    assert inquiries.of(request.id)[0].proposed is None
    decide(request, Kind.RECTIFICATION)
    assert rights.named(request.id, Kind.RECTIFICATION).resolution == "done"


def test_a_no_puts_nothing_right(person: Person) -> None:
    request = proposed(person, surname="Оспанова")
    assert said(request, is_yes=False) is State.NO
    assert corrections.of(person.id) == []
    assert happened(request)[-2:] == ["correction_denied", "resumed"]


def test_another_address_takes_both_mailboxes_and_then_the_right_is_done(person: Person) -> None:
    """T22: the person keeps their id, and with it every yes and no."""
    request = proposed(person, email="aigul.new@example.org")
    identifying.vouch(request.id, identifying.Vouching("Passport"), OFFICER)
    decide(request, Kind.RECTIFICATION)
    assert rights.named(request.id, Kind.RECTIFICATION).state == "decided"
    own_id = person.id
    for end in ("old", "new"):
        moving.agree(end_token(end, person))
        db.session.commit()
    found = subscribers.lock(own_id)
    assert found
    personal = subscribers.personal_of(found)
    assert personal
    assert personal.email == "aigul.new@example.org"
    assert (now_of(request).state, request.paused_at) == ("open", None)
    assert rights.named(request.id, Kind.RECTIFICATION).resolution == "done"


def test_a_question_mailed_to_a_mailbox_that_is_anothers_now_is_over(person: Person) -> None:
    """T22: whoever reads the former mailbox confirms nothing for whoever moved away from it."""
    request = proposed(person, surname="Оспанова", email="aigul.new@example.org")
    own_id = person.id
    for end in ("old", "new"):
        moving.agree(end_token(end, person))
        db.session.commit()
    assert said(request) is State.OVER
    assert corrections.of(own_id) == []


def test_what_cannot_be_is_refused_at_its_field(person: Person) -> None:
    request = on_paper(Kind.RECTIFICATION, paper=Paper(person.address))
    held = proposing.open_fields(request.id, OFFICER)
    for given, field in (
        ({}, "email"),
        ({"email": "x"}, "email"),
        ({"surname": "a\nb"}, "surname"),
    ):
        with pytest.raises(Invalid) as refused:
            proposing.propose(request.id, held | given, OFFICER)
        assert refused.value.field == field
        db.session.rollback()
