"""Mission.md, "Who gets what": each row of the table, by the form, the audience and the gate."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.settings import Settings
from mailing.people import ledger, standings, subscribers, suppression, topics
from mailing.people.canonical import canonical
from mailing.people.ledger import Kind, NewEntry
from mailing.people.suppression import Why
from mailing.policies.versions import PolicyVersion
from tests import road
from tests.person import Gate, Person, days_pass, gate_of, open_request

COMPLAINT, BOUNCE, STAFF = "suppressed_complaint", "suppressed_bounce", "suppressed_staff"


def _nobody(person: Person) -> None:
    subscribers.create(canonical(person.address), "kk")


def _asked(person: Person) -> None:
    assert person.ask() == 1


def _confirmed(person: Person) -> None:
    person.say_yes("news")


def _left_this_has_another(person: Person) -> None:
    person.say_yes("news", "offers")
    person.one_click("news")


def _left_the_notices(person: Person) -> None:
    person.say_yes("news")
    person.one_click("notices")


def _left_everything(person: Person) -> None:
    person.say_yes("news", "offers")
    person.leave()


def _left_the_only_topic(person: Person) -> None:
    person.say_yes("news")
    person.one_click("news")


def _came_back_and_left(person: Person) -> None:
    person.say_yes("news")
    person.leave()
    days_pass(person.id)
    person.say_yes("news")
    assert person.standing("notices") == "given"
    person.one_click("news")


def _blocked(person: Person) -> None:
    person.say_yes("news")
    person.leave(kind=Kind.BLOCKED)


def _withdrawn(person: Person) -> None:
    person.say_yes("news")
    person.leave(kind=Kind.WITHDRAWN)


def _destroyed(person: Person) -> None:
    person.say_yes("news")
    row = person.row
    ledger.append(NewEntry(row.id, Kind.DESTROYED, None, None, "staff", "test"))
    suppression.suppress(row.digest, Why.DESTROYED)
    row.personal = None


def _suppressed(why: Why, days: int = 0) -> Callable[[Person], None]:
    def act(person: Person) -> None:
        person.say_yes("news")
        suppression.suppress(person.row.digest, why)
        query = "UPDATE suppressions SET since = now() - make_interval(days => :days)"
        db.session.execute(text(query), {"days": days})

    return act


def _bounced_before_any_yes(days: int) -> Callable[[Person], None]:
    def act(person: Person) -> None:
        _nobody(person)
        _suppressed_only(person, days)

    return act


def _suppressed_only(person: Person, days: int) -> None:
    suppression.suppress(person.row.digest, Why.BOUNCE)
    query = "UPDATE suppressions SET since = now() - make_interval(days => :days)"
    db.session.execute(text(query), {"days": days})


def _quarantined(person: Person) -> None:
    row = subscribers.create(canonical(person.address), "kk")
    standings.quarantine(row.id, topics.find("news").id, clock.now())


# What happened: who does it, why the campaign and the notice are held (None: they are not),
# whether the form asks, and why the gate holds the confirmation of a request that stands open.
HAPPENED: dict[str, tuple[Callable[[Person], None], str | None, str | None, bool, str | None]] = {
    "nobody yet": (_nobody, "not_confirmed", "not_confirmed", True, None),
    "asked, not yet confirmed": (_asked, "not_confirmed", "not_confirmed", True, None),
    "confirmed": (_confirmed, None, None, False, None),
    "left this topic, has another": (_left_this_has_another, "unsubscribed", None, True, None),
    "left the notices only": (_left_the_notices, None, "unsubscribed", False, None),
    "left everything": (_left_everything, "unsubscribed", "no_topic_left", True, None),
    "left the only topic": (_left_the_only_topic, "unsubscribed", "no_topic_left", True, None),
    "came back, left again": (_came_back_and_left, "unsubscribed", "no_topic_left", True, None),
    "blocked": (_blocked, "blocked", "blocked", False, "blocked"),
    "withdrawn": (_withdrawn, "withdrawn", "withdrawn", False, "withdrawn"),
    "destroyed": (_destroyed, "withdrawn", "withdrawn", False, "withdrawn"),
    "complained": (_suppressed(Why.COMPLAINT), COMPLAINT, COMPLAINT, False, COMPLAINT),
    "complained long ago": (
        _suppressed(Why.COMPLAINT, 4000),
        COMPLAINT,
        COMPLAINT,
        False,
        COMPLAINT,
    ),
    "bounced": (_suppressed(Why.BOUNCE), BOUNCE, BOUNCE, False, BOUNCE),
    "bounced, before any yes": (_bounced_before_any_yes(29), BOUNCE, BOUNCE, False, BOUNCE),
    "bounced a month ago": (_bounced_before_any_yes(31), BOUNCE, BOUNCE, True, None),
    "suppressed by staff": (_suppressed(Why.STAFF, 4000), STAFF, STAFF, False, STAFF),
    "quarantined": (_quarantined, "quarantined", "quarantined", True, None),
}


@pytest.fixture
def policy(app: Flask) -> PolicyVersion:
    return road.lay()


@pytest.fixture
def at_the_gate(settings: Settings, policy: PolicyVersion) -> Iterator[Gate]:
    with gate_of(settings, policy) as found:
        yield found


@pytest.mark.parametrize("happened", HAPPENED)
def test_everybody_gets_what_the_table_says(
    policy: PolicyVersion, at_the_gate: Gate, happened: str
) -> None:
    act, campaign, notice, _, request = HAPPENED[happened]
    person = Person(policy)
    act(person)
    db.session.commit()
    said = {
        "campaign": at_the_gate.says("campaign", "news", person.id),
        "notice": at_the_gate.says("notice", "notices", person.id),
        "request": at_the_gate.says("confirmation", "news", person.id, open_request(person).id),
    }
    assert said == {"campaign": campaign, "notice": notice, "request": request}
    for topic, kind in (("news", "campaign"), ("notices", "notice")):
        guess = at_the_gate.audience_says(topic, person.id)
        assert guess in (said[kind], "not_considered"), topic
        assert guess != "not_considered" or said[kind] is not None


@pytest.mark.parametrize("happened", HAPPENED)
def test_the_form_asks_whom_the_table_lets_it_ask(policy: PolicyVersion, happened: str) -> None:
    act, *_, form, _ = HAPPENED[happened]
    person = Person(policy)
    act(person)
    db.session.commit()
    days_pass(person.id)
    assert person.ask("news") == int(form)


def test_a_yes_under_a_policy_without_the_purpose_is_no_yes_to_the_topic(
    policy: PolicyVersion, at_the_gate: Gate
) -> None:
    person = Person(policy)
    person.say_yes("news")
    db.session.execute(text("UPDATE policy_versions SET purposes = '{events}'"))
    db.session.commit()
    assert at_the_gate.says("campaign", "news", person.id) == "no_policy_consent"
    assert at_the_gate.audience_says("news", person.id) == "no_policy_consent"


def test_a_pause_holds_campaigns_and_notices_until_it_is_over(
    policy: PolicyVersion, at_the_gate: Gate
) -> None:
    person = Person(policy)
    person.say_yes("news")
    for days, expected in ((1, "paused_by_subscriber"), (-1, None)):
        query = "UPDATE subscribers SET paused_until = now() + make_interval(days => :days)"
        db.session.execute(text(query), {"days": days})
        db.session.commit()
        assert at_the_gate.says("campaign", "news", person.id) == expected
        assert at_the_gate.says("notice", "notices", person.id) == expected
        assert at_the_gate.audience_says("news", person.id) == expected
