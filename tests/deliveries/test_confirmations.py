"""The double opt-in: what is asked, how often, of whom, and what is kept as proof."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask, current_app
from sqlalchemy import text

from mailing.base import clock, jobs
from mailing.base.database import db
from mailing.base.errors import Invalid
from mailing.base.settings import current
from mailing.deliveries import confirmations
from mailing.people import evidence, forms, ledger, profile, subscribers, suppression, wording
from mailing.people.optins import OptIn
from mailing.people.suppression import Why
from mailing.policies.versions import PolicyVersion
from tests import road
from tests.heard import before_each
from tests.person import (
    PAGE,
    Person,
    at_once,
    confirmations_of,
    newest_request,
    open_request,
    token_of,
)


@pytest.fixture
def policy(app: Flask) -> PolicyVersion:
    return road.lay()


@pytest.fixture
def person(policy: PolicyVersion) -> Person:
    return Person(policy)


def after(**time: float) -> Callable[[], datetime]:
    later = clock.now() + timedelta(**time)
    return lambda: later


def test_a_double_click_asks_once_and_a_minute_later_once_more(person: Person) -> None:
    assert person.ask() == 1
    assert person.ask() == 0
    with clock.use(after(seconds=61)):
        assert person.ask() == 1


def test_two_questions_a_day_whatever_they_are_about(person: Person) -> None:
    """Sign-up bombing: one confirmation and one resend a day per address."""
    assert [person.ask("news"), person.ask("offers"), person.ask("news", "offers")] == [1, 1, 0]
    with clock.use(after(hours=23)):
        assert person.ask("news") == 0
    with clock.use(after(hours=25)):
        assert [person.ask("news"), person.ask("offers"), person.ask("news", "offers")] == [1, 1, 0]


@pytest.mark.parametrize(
    "spelling",
    ["AIGUL@example.com", " aigul@EXAMPLE.com ", "aigul@example.com.", "\uff41igul@example.com"],
)
def test_another_spelling_of_an_address_is_the_same_person(person: Person, spelling: str) -> None:
    """T23."""
    assert person.ask() == 1
    assert Person(person.policy, spelling).ask() == 0
    assert db.session.execute(text("SELECT count(*) FROM subscribers")).scalar_one() == 1


def test_many_posts_at_once_ask_once(app: Flask, policy: PolicyVersion) -> None:
    person = Person(policy)
    at_once(app, *[lambda: person.ask("news")] * 6)
    assert len(confirmations_of(person.address)) == 1
    assert person.said() == ["requested news"]
    assert list(ledger.verify()) == []


def test_a_stranger_changes_no_yes_no_name_and_no_language(policy: PolicyVersion) -> None:
    person = Person(policy, fields={"given_name": "Айгүл", "phone": "+7 701 000 00 00"})
    person.say_yes("news")
    stranger = Person(policy, fields={"given_name": "Buy now", "surname": "http://evil.example"})
    assert stranger.ask("news", "offers", language="ru") == 1
    assert person.standing("news") == "given"
    row = person.row
    personal = subscribers.personal_of(row)
    assert personal is not None
    assert (personal.given_name, personal.surname, row.language) == ("Айгүл", "", "kk")


def test_a_stranger_takes_nobody_the_way_back(person: Person) -> None:
    person.say_yes("news")
    person.one_click("news")
    with clock.use(after(seconds=61)):
        assert person.ask("news") == 1
        assert person.undo("news")
    assert person.standing("news") == "given"


def test_names_reach_the_person_with_their_own_yes_only(policy: PolicyVersion) -> None:
    person = Person(policy, fields={"given_name": "Айгүл"})
    person.ask()
    before = subscribers.personal_of(person.row)
    person.confirm()
    after_it = subscribers.personal_of(person.row)
    assert before is not None
    assert after_it is not None
    assert (before.given_name, after_it.given_name) == ("", "Айгүл")


@pytest.mark.parametrize("ending", ["confirmed", "cancelled"])
def test_what_was_typed_is_kept_no_longer_than_the_question(
    policy: PolicyVersion, ending: str
) -> None:
    person = Person(policy, fields={"given_name": "Айгүл"})
    person.ask()
    assert newest_request().personal is not None
    person.confirm() if ending == "confirmed" else person.leave()
    ended = newest_request()
    assert (ended.state, ended.personal) == (ending, None)


def test_a_yes_is_given_once_however_often_the_button_is_pressed(person: Person) -> None:
    person.say_yes("news", "offers")
    said = ["requested news", "requested offers", "given news", "given offers"]
    assert [person.confirm() for _ in range(3)] == ["confirmed"] * 3
    assert person.said() == said


def test_a_button_pressed_by_two_at_once_is_one_yes(app: Flask, person: Person) -> None:
    person.ask()
    token = token_of(newest_request(), "confirm")

    def press() -> None:
        confirmations.look(token)  # A page that looked first must not decide by what it saw.
        db.session.commit()
        confirmations.confirm(token)
        db.session.commit()

    at_once(app, *[press] * 4)
    assert Counter(person.said()) == {"requested news": 1, "given news": 1}


def test_a_request_looked_at_before_it_was_taken_back_is_not_confirmed(
    app: Flask, person: Person
) -> None:
    person.ask()
    token = token_of(newest_request(), "confirm")
    assert confirmations.look(token) is not None
    db.session.rollback()
    seen = confirmations.look(token)
    with app.app_context():
        person.leave()
    confirmed = confirmations.confirm(token)
    db.session.commit()
    assert (seen and seen.state, confirmed and confirmed.state) == ("open", "cancelled")
    assert "given news" not in person.said()


def test_a_request_is_open_for_seven_days(person: Person) -> None:
    person.ask()
    with clock.use(after(days=7)):
        assert person.confirm() == "expired"
    with clock.use(after(days=6, hours=23)):
        assert person.confirm() == "confirmed"


@pytest.mark.parametrize(
    "said_no",
    ["one-click", "everything", "withdrawn", "blocked", "complaint", "staff", "destroyed"],
)
def test_no_button_of_an_old_mail_outvotes_a_later_no(person: Person, said_no: str) -> None:
    person.ask()
    optin = newest_request()
    acts: dict[str, Callable[[], object]] = {
        "one-click": lambda: person.one_click("news"),
        "everything": person.leave,
        "withdrawn": lambda: person.leave(kind=ledger.Kind.WITHDRAWN),
        "blocked": lambda: person.leave(kind=ledger.Kind.BLOCKED),
    }
    acts.get(said_no, lambda: _suppress(person, Why(said_no)))()
    assert person.confirm(optin) == "cancelled"
    assert person.standing("news") != "given"
    assert not [said for said in person.said() if said.startswith("given")]


def _suppress(person: Person, why: Why) -> None:
    suppression.suppress(person.row.digest, why)
    db.session.commit()


def test_whoever_answers_has_a_mailbox_a_bounce_notwithstanding(person: Person) -> None:
    person.ask()
    _suppress(person, Why.BOUNCE)
    assert person.confirm() == "confirmed"
    assert suppression.reasons(person.row.digest) == {}


def test_each_yes_can_be_shown_with_everything_it_rests_on(person: Person) -> None:
    """T55, policy 5.1."""
    person.say_yes("news", "offers")
    given = [told for told in profile.evidence_of(person.address) if told["kind"] == "given"]
    assert [told["topic"] for told in given] == ["news", "offers"]
    form = forms.current(forms.find("site"))
    for told in given:
        body = told["evidence"]
        assert (body["form"], body["form_version"], body["page"]) == (form.form_id, 1, PAGE)
        assert (body["language"], body["policy"]) == ("kk", person.policy.id)
        assert told["policy"]["sha256"]["kk"]
        assert told["at"].tzinfo is not None
        shown = wording.text_of(body["wording"]).text
        assert told["wording"] == shown
        assert str(current().operator_name) in shown
        assert {"news": "Жаңалықтар", "offers": "Ұсыныстар"}[told["topic"]] in shown
        assert "aigul" not in str(body)


@pytest.mark.parametrize("declared", [True, False])
def test_where_it_came_from_is_kept_only_where_the_policy_declares_it(
    person: Person, declared: bool
) -> None:
    """Policy 3.1 to 3.3."""
    if declared:
        more = "UPDATE policy_versions SET fields = fields || '{network_address,user_agent}'"
        db.session.execute(text(more))
        db.session.commit()
    agent = "Mozilla/5.0 " + "x" * 300
    person.ask(network_address="192.0.2.7", user_agent=agent)
    person.confirm()
    told = [told["private"] for told in profile.evidence_of(person.address)]
    kept = {"network_address": "192.0.2.7", "user_agent": agent[:200]}
    assert told == [kept, kept] if declared else [None, None]
    clear = db.session.execute(text("SELECT body::text FROM evidence")).scalars()
    assert not [body for body in clear if "192.0.2.7" in body]


def test_nobody_can_type_in_where_they_come_from(policy: PolicyVersion) -> None:
    more = "UPDATE policy_versions SET fields = fields || '{network_address,user_agent}'"
    db.session.execute(text(more))
    db.session.commit()
    person = Person(policy, fields={"network_address": "198.51.100.1", "email": "x@example.com"})
    person.say_yes("news")
    assert [told["private"] for told in profile.evidence_of(person.address)] == [None, None]
    personal = subscribers.personal_of(person.row)
    assert personal is not None
    assert personal.email == person.address


@pytest.mark.parametrize("value", ["a\r\nBcc: x@example.com", "a\0b", "a\u2028b", "x" * 201])
def test_a_value_that_cannot_be_is_left_out_and_the_answer_is_the_same(
    policy: PolicyVersion, value: str
) -> None:
    person = Person(policy, fields={"given_name": value, "surname": "Серікова"})
    person.say_yes("news")
    personal = subscribers.personal_of(person.row)
    assert personal is not None
    assert (personal.given_name, personal.surname) == ("", "Серікова")


@pytest.mark.parametrize(
    "wrong",
    [
        {"topics": ()},
        {"topics": ("news", "other")},
        {"topics": ("notices",)},
        {"policy_id": 0},
        {"language": "fr"},
        {"address": "nobody"},
    ],
    ids=str,
)
def test_what_is_refused_is_refused_for_everybody_alike(
    person: Person, wrong: dict[str, object]
) -> None:
    person.say_yes("news", "offers")
    for address in (person.address, "stranger@example.com"):
        with pytest.raises(Invalid):
            Person(person.policy, address).ask(**({"address": address} | wrong))
        db.session.rollback()


def _become(person: Person, state: str) -> None:
    """Stand as `state` says: everybody but the one who only asked has said yes before."""
    person.ask("news")
    if state == "asked":
        return
    person.confirm()
    if state == "unsubscribed":
        person.one_click()
    elif state == "complained":
        _suppress(person, Why.COMPLAINT)
    elif state in ("withdrawn", "blocked"):
        person.leave(kind=ledger.Kind(state))


@pytest.mark.parametrize(
    "state", ["asked", "confirmed", "unsubscribed", "withdrawn", "blocked", "complained"]
)
def test_the_work_done_for_a_post_tells_nobody_who_is_known(person: Person, state: str) -> None:
    """Answers or timing that reveal who is subscribed: the same statements are run for all."""
    _become(person, state)
    before = person.said()
    known = _statements(lambda: person.ask("news"))
    stranger = Person(person.policy, "stranger@example.com")
    unknown = _statements(lambda: stranger.ask("news"))
    assert sum(unknown.values()) > 20
    assert known - unknown == Counter()
    # Only where the minute's cap is in the way, the delivery and its batch are left out.
    left_out = Counter({"INSERT INTO batches": 1, "INSERT INTO deliveries": 1})
    assert unknown - known in (Counter(), left_out)
    assert person.said() == before


@pytest.mark.parametrize("state", ["asked", "confirmed", "withdrawn", "blocked", "complained"])
def test_a_post_wakes_the_workers_for_everybody(
    person: Person, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue is rung after the commit, and a slow queue must not tell who was written to."""
    _become(person, state)
    rung: list[str] = []
    monkeypatch.setattr(jobs, "ring_now", lambda queue, name, ids: rung.append(name))
    monkeypatch.setitem(current_app.extensions, "kelisim_queue", object())
    person.ask("news")
    known = len(rung)
    Person(person.policy, "stranger@example.com").ask("news")
    assert (known, len(rung) - known) == (1, 1)


def _statements(act: Callable[[], object]) -> Counter[str]:
    seen: list[str] = []

    def note(statement: str, _backend: int) -> None:
        words = statement.split()
        if "SAVEPOINT" not in words:
            seen.append(" ".join(words[:3]))

    # A request has a session of its own, which remembers nothing of the one before.
    db.session.info.clear()
    with before_each(note):
        act()
    return Counter(seen)


def test_a_confirmation_says_which_request_it_is_about(person: Person) -> None:
    person.ask("news", "offers")
    view = confirmations.look(token_of(newest_request(), "confirm"))
    assert view is not None
    assert (view.topics, view.language, view.state) == (["Жаңалықтар", "Ұсыныстар"], "kk", "open")
    assert all(person.policy.label in sentence for sentence in view.wordings)


def test_a_link_to_cancel_confirms_nothing(person: Person) -> None:
    person.ask()
    optin: OptIn = newest_request()
    assert confirmations.confirm(token_of(optin, "cancel")) is None
    assert confirmations.look(token_of(optin, "cancel")) is None


def test_the_private_part_of_evidence_is_sealed_to_its_person(person: Person) -> None:
    person.ask()
    key = evidence.seal_private(person.id, {"user_agent": "x"})
    db.session.flush()
    assert evidence.private_of(person.id, {"private": key}) == {"user_agent": "x"}
    assert open_request(person).typed() == {}
