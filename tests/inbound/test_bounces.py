"""Bounces and complaints on real PostgreSQL: who is believed, whom it costs, what adds up."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict
from mailing.base.settings import Settings, current
from mailing.base.tokens import LeaveToken, ReturnPath, link_keys
from mailing.campaigns import campaigns
from mailing.deliveries import brake, confirmations, halting, returns, status, storms
from mailing.deliveries.confirmations import Again
from mailing.deliveries.deliveries import Delivery, message_id
from mailing.deliveries.results import Ending, Result
from mailing.deliveries.why import why
from mailing.inbound import bounces, outcomes
from mailing.inbound.outcomes import Outcome
from mailing.inbound.reading import Action, Kind, Reading, Report, Traces
from mailing.leaving import replay
from mailing.people import subscribers, suppression
from mailing.people.canonical import canonical
from mailing.people.suppression import Why
from tests import road
from tests.deliveries.conftest import Sender, a_sender
from tests.person import Person, confirmations_of, newest_request

_NUMBERS = iter(range(1, 1_000_000))
GONE = "550 5.1.1 <{}>: no such user here, id {}"


@pytest.fixture
def sender(app: Flask, settings: Settings) -> Iterator[Sender]:
    replay.run()
    with a_sender(settings) as one:
        yield one


class Sent:
    """A campaign of which some messages have left."""

    def __init__(self, sender: Sender, people: int, ending: Ending = Ending.ACCEPTED) -> None:
        self.sender = sender
        self.id, self.people = road.under_way(people)
        self.deliveries = self.send(people, ending)

    def send(self, number: int, ending: Ending = Ending.ACCEPTED) -> list[UUID]:
        passed = self.sender.ask(self.sender.claim(number))
        self.sender.seal(passed)
        told = [Result(p.permit.delivery_id, p.permit.fence, ending, 1, 250) for p in passed]
        self.sender.ask([], *told)
        return [one.permit.delivery_id for one in passed]


def path_of(delivery: UUID) -> str:
    return ReturnPath(delivery).address(link_keys(current().secret_keys), current().bounce_domain)


def bounce(
    delivery: UUID, status: str = "5.1.1", kind: Kind = Kind.BOUNCE_HARD, **more: object
) -> Outcome:
    """A report comes back to a message's own return path."""
    return come(said(status, kind), [str(more.get("to", path_of(delivery)))])


def said(
    status: str = "5.1.1", kind: Kind = Kind.BOUNCE_HARD, action: Action = Action.FAILED
) -> Reading:
    number = next(_NUMBERS)
    text = GONE.format(f"who{number}@example.com", number)
    return Reading(kind, "a DSN", reports=(Report("", action, status, text, kind=kind),))


def come(reading: Reading, to: list[str], number: int | None = None) -> Outcome:
    outcome = bounces.apply(number or next(_NUMBERS), reading, to)
    db.session.commit()
    return outcome


def kept_out(subscriber: UUID) -> set[Why]:
    found = db.session.get(subscribers.Subscriber, subscriber)
    assert found is not None
    return set(suppression.reasons(found.digest))


def row(delivery: UUID) -> Delivery:
    return db.session.get_one(Delivery, delivery, populate_existing=True)


def address_of(delivery: UUID) -> str:
    """Whom it went to: messages are claimed in no order of people."""
    reader = db.session.get_one(subscribers.Subscriber, row(delivery).subscriber_id)
    personal = subscribers.personal_of(reader)
    assert personal is not None
    return personal.email


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def with_brake(app: Flask, **limits: float) -> None:
    app.extensions["kelisim"] = current().model_copy(update=limits)


@pytest.mark.parametrize("status", ["5.1.1", "5.1.2", "5.1.6", "5.1.10", "5.2.1", ""])
def test_a_mailbox_that_does_not_exist_is_suppressed_at_once(sender: Sender, status: str) -> None:
    sent = Sent(sender, 1)
    assert bounce(sent.deliveries[0], status).action == "suppressed"
    assert kept_out(sent.people[0]) == {Why.BOUNCE}
    annotated = row(sent.deliveries[0])
    assert (annotated.state, annotated.bounce_kind) == ("accepted", "hard")
    assert road.outcomes(sent.id)["accepted"] == 1
    assert "does not exist" in why(road.address(0), sent.id).sentence


@pytest.mark.parametrize("status", ["5.7.1", "5.7.26", "4.7.0"])
def test_a_refusal_for_policy_or_reputation_never_blames_the_address(
    sender: Sender, status: str
) -> None:
    sent = Sent(sender, 1)
    assert bounce(sent.deliveries[0], status).action == "noted"
    assert not kept_out(sent.people[0])
    assert row(sent.deliveries[0]).bounce_kind == "policy"


def mangled() -> list[Callable[[str], str]]:
    return [
        str.upper,
        lambda to: to.replace("+", "%2B"),
        lambda to: to.replace("+", "%2b").upper(),
        lambda to: to.replace("+", "=2B"),
        lambda to: to.replace("+", "="),
        lambda to: f"prvs=1234abcd={to}",
        lambda to: to[:20] + "=\r\n" + to[20:],
    ]


@pytest.mark.parametrize("mangle", mangled())
def test_a_return_path_that_mail_systems_have_mangled_still_resolves(
    sender: Sender, mangle: Callable[[str], str]
) -> None:
    sent = Sent(sender, 1)
    assert bounce(sent.deliveries[0], to=mangle(path_of(sent.deliveries[0]))).action == "suppressed"


def test_no_flipped_bit_and_no_forged_token_is_believed(sender: Sender) -> None:
    sent = Sent(sender, 1)
    ours = path_of(sent.deliveries[0])
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    for place in range(7, 7 + 42):
        other = letters[letters.index(ours[place]) ^ 16]
        assert bounce(sent.deliveries[0], to=ours[:place] + other + ours[place + 1 :]) == Outcome(
            "ignored", None, "its return path was not signed by us"
        )
    foreign = ReturnPath(sent.deliveries[0]).address(link_keys(("another key",)), "bounce.x")
    assert bounce(sent.deliveries[0], to=foreign).action == "ignored"
    assert bounce(sent.deliveries[0], to="helpdesk@glazik.example").action == "ignored"
    assert not kept_out(sent.people[0])
    assert row(sent.deliveries[0]).bounced_at is None
    assert outcomes.ignored() == {"forged": 43, "unsigned": 1}


def test_a_signed_path_of_no_message_or_of_an_old_one_changes_nothing(sender: Sender) -> None:
    sent = Sent(sender, 1)
    assert bounce(uuid4()).action == "ignored"
    with clock.use(at(clock.now() + timedelta(days=14, minutes=1))):
        assert bounce(sent.deliveries[0]).action == "ignored"
    assert not kept_out(sent.people[0])
    assert outcomes.ignored() == {"old": 1, "unmatched": 1}
    with clock.use(at(clock.now() + timedelta(days=13, hours=23))):
        assert bounce(sent.deliveries[0]).action == "suppressed"


def test_a_path_to_two_peoples_messages_blames_neither(sender: Sender) -> None:
    sent = Sent(sender, 2)
    assert come(said(), [path_of(one) for one in sent.deliveries]).action == "ignored"
    assert not any(kept_out(one) for one in sent.people)


def test_a_report_that_names_another_address_blames_neither_it_nor_the_reader(
    sender: Sender,
) -> None:
    """A reader passes their mail on to a mailbox that is gone; the report comes to their path."""
    sent = Sent(sender, 2)
    other = Report(
        address_of(sent.deliveries[1]), Action.FAILED, "5.1.1", "gone", kind=Kind.BOUNCE_HARD
    )
    told = Reading(Kind.BOUNCE_HARD, "a DSN", reports=(other,))
    assert come(told, [path_of(sent.deliveries[0])]).action == "noted"
    assert not any(kept_out(row(one).subscriber_id) for one in sent.deliveries)


def test_the_same_report_again_changes_nothing(sender: Sender) -> None:
    sent = Sent(sender, 1)
    reading, to = said("4.2.2", Kind.BOUNCE_SOFT), [path_of(sent.deliveries[0])]
    number = next(_NUMBERS)
    assert come(reading, to, number).action == "counted"
    assert come(reading, to, number).action == "repeated"
    assert returns.counts(sent.id)["soft"] == 1


def test_a_bounce_closes_what_is_uncertain_and_the_balance_holds(sender: Sender) -> None:
    sent = Sent(sender, 2, Ending.UNCERTAIN)
    assert road.outcomes(sent.id)["uncertain"] == 2
    bounce(sent.deliveries[0])
    assert returns.confirm_by_token(sent.deliveries[1])
    db.session.commit()
    counted = road.outcomes(sent.id)
    assert (counted["refused"], counted["accepted"], counted["uncertain"]) == (1, 1, 0)


def test_a_bounce_that_overtakes_the_relays_lost_answer_closes_it_later(sender: Sender) -> None:
    """The race between a bounce and the result of the same message."""
    sent = Sent(sender, 2)
    campaign = road.another("news")
    passed = sender.ask(sender.claim(2))
    sender.seal(passed)
    ids = [one.permit.delivery_id for one in passed]
    bounce(ids[0], "5.2.2")
    assert row(ids[0]).state == "sealed"
    sender.ask(
        [], *(Result(p.permit.delivery_id, p.permit.fence, Ending.UNCERTAIN, 1) for p in passed)
    )
    assert returns.settle_uncertain() == 1
    db.session.commit()
    assert (row(ids[0]).state, row(ids[1]).state) == ("refused", "uncertain")
    assert road.outcomes(campaign)["uncertain"] == 1
    assert sent.id != campaign


def test_a_message_still_being_tried_or_come_through_is_no_bounce(sender: Sender) -> None:
    sent = Sent(sender, 1, Ending.UNCERTAIN)
    delayed = said("4.4.1", Kind.BOUNCE_SOFT, Action.DELAYED)
    assert come(delayed, [path_of(sent.deliveries[0])]).action == "noted"
    assert row(sent.deliveries[0]).state == "uncertain"
    arrived = said("2.0.0", Kind.BOUNCE_OTHER, Action.DELIVERED)
    assert come(arrived, [path_of(sent.deliveries[0])]).action == "confirmed"
    assert row(sent.deliveries[0]).state == "accepted"


def test_soft_bounces_of_one_day_cost_nobody_and_of_five_days_do(sender: Sender) -> None:
    """T60: 20,000 of 40,000 soft bounces must not cost anybody their subscription in a day."""
    sent = Sent(sender, 1)
    for _ in range(20):
        assert bounce(sent.deliveries[0], "4.2.2", Kind.BOUNCE_SOFT).action == "counted"
    actions = []
    for day in range(1, 5):
        with clock.use(at(clock.now() + timedelta(days=day))):
            actions.append(bounce(sent.deliveries[0], "5.2.2", Kind.BOUNCE_SOFT).action)
    assert actions == ["counted", "counted", "counted", "suppressed"]
    assert kept_out(sent.people[0]) == {Why.BOUNCE}


def test_a_message_that_arrived_in_between_begins_the_count_anew(sender: Sender) -> None:
    sent = Sent(sender, 1)
    start = clock.now()
    for day in range(4):
        with clock.use(at(start - timedelta(days=12 - day))):
            bounce(sent.deliveries[0], "4.2.2", Kind.BOUNCE_SOFT)
    road.another("news")
    [second] = sent.send(1)
    sender.database.execute(
        "UPDATE deliveries SET finished_at = now() - interval '6 days' WHERE id = %s", [second]
    )
    assert bounce(sent.deliveries[0], "4.2.2", Kind.BOUNCE_SOFT).action == "counted"


def test_by_kind_and_provider_each_message_counts_once(sender: Sender) -> None:
    sent = Sent(sender, 3)
    bounce(sent.deliveries[0], "4.2.2", Kind.BOUNCE_SOFT)
    bounce(sent.deliveries[0])
    bounce(sent.deliveries[1], "5.7.1")
    bounce(sent.deliveries[2], "4.2.2", Kind.BOUNCE_SOFT)
    counted = status.status(sent.id)["came_back"]
    assert counted == {"hard": 1, "soft": 1, "policy": 1, "other": 0, "complaint": 0}
    assert sum(number for _, _, number in returns.by_provider(sent.id)) == 3


def complaint(delivery: UUID, kind: str = "abuse", how: str = "message_ids") -> Reading:
    found = row(delivery)
    token = LeaveToken(found.subscriber_id, found.topic_id, delivery)
    shown = {
        "message_ids": message_id(delivery, "glazik.example"),
        "deliveries": delivery.hex,
        "leave_links": f"https://x.example/u/{token.text(link_keys(current().secret_keys))}",
    }
    return Reading(Kind.COMPLAINT, "ARF", feedback_type=kind, traces=Traces(**{how: (shown[how],)}))


@pytest.mark.parametrize("how", ["message_ids", "deliveries", "leave_links"])
@pytest.mark.parametrize("kind", ["abuse", "opt-out", "fraud", "virus", "Abuse"])
def test_a_complaint_ends_it_for_good(sender: Sender, kind: str, how: str) -> None:
    """T61, T25: it is read, by any of our ids, and no success clears it."""
    sent = Sent(sender, 1, Ending.UNCERTAIN)
    assert come(complaint(sent.deliveries[0], kind, how), []).action == "suppressed"
    assert kept_out(sent.people[0]) == {Why.COMPLAINT}
    assert row(sent.deliveries[0]).state == "accepted"
    suppression.lift_bounce(db.session.get_one(subscribers.Subscriber, sent.people[0]).digest)
    assert kept_out(sent.people[0]) == {Why.COMPLAINT}


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure", "other", ""])
def test_not_spam_and_a_failed_signature_are_no_complaints(sender: Sender, kind: str) -> None:
    """T61."""
    sent = Sent(sender, 1)
    assert come(complaint(sent.deliveries[0], kind), []).action == "noted"
    assert not kept_out(sent.people[0])


def test_a_complaint_that_shows_no_id_of_ours_changes_nothing(sender: Sender) -> None:
    sent = Sent(sender, 2)
    named = Reading(
        Kind.COMPLAINT,
        "ARF",
        feedback_type="abuse",
        complained_of=(road.address(0),),
        traces=Traces(message_ids=(f"{uuid4().hex}@glazik.example",)),
    )
    assert come(named, []).action == "ignored"
    both = tuple(message_id(one, "glazik.example") for one in sent.deliveries)
    two = Reading(Kind.COMPLAINT, "ARF", feedback_type="abuse", traces=Traces(message_ids=both))
    assert come(two, []).action == "ignored"
    assert not any(kept_out(one) for one in sent.people)
    assert outcomes.ignored() == {"ambiguous": 1, "unmatched": 1}


def test_a_complaint_in_the_middle_holds_back_their_next_message(sender: Sender) -> None:
    sent = Sent(sender, 1)
    road.another("news")
    [claim] = sender.claim(1)
    come(complaint(sent.deliveries[0]), [])
    assert sender.ask([claim]) == []
    held = row(claim.delivery_id)
    assert (held.state, held.reason) == ("held", "suppressed_complaint")


def test_a_complaint_lost_with_a_backup_comes_back_from_the_journal(sender: Sender) -> None:
    sent = Sent(sender, 1)
    come(complaint(sent.deliveries[0]), [])
    for table in ("suppressions", "journal_entries"):
        sender.database.execute(f"DELETE FROM {table}")  # noqa: S608
    replay.run()
    assert kept_out(sent.people[0]) == {Why.COMPLAINT}


def test_too_many_bounces_pause_the_campaign_until_a_person_resumes_it(
    app: Flask, sender: Sender
) -> None:
    with_brake(app, brake_bounces=20, brake_at_least=2)
    sent = Sent(sender, 10)
    road.another("news")
    db.session.execute(text("UPDATE campaigns SET state = 'sending'"))
    db.session.commit()
    bounce(sent.deliveries[0])
    bounce(sent.deliveries[1])
    assert campaigns.find(sent.id).state == "sending"
    bounce(sent.deliveries[2])
    told = status.status(sent.id)
    assert told["state"] == "paused"
    assert re.search("3 of 10 messages bounced", told["waiting_for"])
    halting.resume(sent.id, road.ACTOR)
    db.session.commit()
    bounce(sent.deliveries[3])
    assert campaigns.find(sent.id).state == "sending"


def test_refusals_by_the_relay_are_seen_by_the_sweep(app: Flask, sender: Sender) -> None:
    with_brake(app, brake_refusals=50, brake_at_least=2)
    campaign, _ = road.under_way(8)
    passed = sender.ask(sender.claim(8))
    sender.seal(passed)
    told = [Result(p.permit.delivery_id, p.permit.fence, Ending.REFUSED, 1, 550) for p in passed]
    sender.ask([], *told[:4])
    assert brake.look_at_all() == [campaign]
    db.session.commit()
    assert road.outcomes(campaign)["state"] == "paused"


def test_the_brake_is_off_until_configured(sender: Sender) -> None:
    sent = Sent(sender, 3)
    for delivery in sent.deliveries:
        bounce(delivery)
    assert campaigns.find(sent.id).state == "sending"
    assert brake.look_at_all() == []


def test_a_storm_brakes_and_holds_back_until_a_person_decides(app: Flask, sender: Sender) -> None:
    """T60: the first suppressions of a storm are a person's to take back as well."""
    with_brake(app, brake_storm=4)
    sent = Sent(sender, 6)
    actions = [bounce(one).action for one in sent.deliveries]
    assert actions == ["suppressed"] * 3 + ["held_back"] * 3
    assert campaigns.find(sent.id).state == "paused"
    [(storm, number)] = storms.undecided()
    assert (number, re.search(r"[@]|who\d", storm.sample)) == (6, None)
    assert storms.decide(storm.id, False, road.ACTOR) == 6
    db.session.commit()
    assert not any(kept_out(one) for one in sent.people)
    with pytest.raises(Conflict):
        storms.decide(storm.id, True, road.ACTOR)


def test_a_storm_that_is_true_suppresses_everybody_in_it(app: Flask, sender: Sender) -> None:
    with_brake(app, brake_storm=2)
    sent = Sent(sender, 4)
    for one in sent.deliveries:
        bounce(one)
    [(storm, _)] = storms.undecided()
    assert storms.decide(storm.id, True, road.ACTOR) == 4
    db.session.commit()
    assert all(kept_out(one) == {Why.BOUNCE} for one in sent.people)
    assert storms.undecided() == []


def test_bounces_over_days_or_for_different_reasons_are_no_storm(
    app: Flask, sender: Sender
) -> None:
    with_brake(app, brake_storm=2)
    sent = Sent(sender, 3)
    for day, one in enumerate(sent.deliveries):
        with clock.use(at(clock.now() + timedelta(hours=day))):
            assert bounce(one).action == "suppressed"
    assert storms.undecided() == []


def test_an_address_that_its_person_has_left_is_not_theirs_to_lose(sender: Sender) -> None:
    sent = Sent(sender, 1)
    sender.database.execute(
        "INSERT INTO address_changes (id, subscriber_id, state, former, created_at, expires_at,"
        " old_agreed_at, new_agreed_at, closed_at) VALUES (gen_random_uuid(), %s, 'done', 'x',"
        " now(), now(), now(), now(), now() + interval '1 minute')",
        [sent.people[0]],
    )
    assert bounce(sent.deliveries[0]).action == "noted"
    assert not kept_out(sent.people[0])
    assert subscribers.find(canonical(road.address(0))) is not None


def test_a_confirmation_that_came_back_is_not_sent_a_second_time(sender: Sender) -> None:
    person = Person(road.lay())
    person.ask("news")
    [passed] = sender.ask(sender.claim(1))
    sender.seal([passed])
    sender.ask([], Result(passed.permit.delivery_id, passed.permit.fence, Ending.ACCEPTED, 1, 250))
    assert bounce(passed.permit.delivery_id, "5.7.1").action == "noted"
    with clock.use(at(clock.now() + timedelta(minutes=2))):
        confirmations.resend(Again("site", person.address, "ru"))
        db.session.commit()
    assert len(confirmations_of(person.address)) == 1
    assert newest_request().bounced_at is not None


def unresolved(domain: str) -> Reading:
    said = f"Host or domain name not found. Name service error for name={domain} type=MX"
    report = Report("", Action.FAILED, "5.1.2", said, kind=Kind.BOUNCE_HARD)
    return Reading(Kind.BOUNCE_HARD, "a DSN", reports=(report,))


def test_our_own_resolver_that_knows_no_domain_is_one_storm_over_all_providers(
    app: Flask, sender: Sender
) -> None:
    """T60: each provider has one reader or two, so no storm of one provider begins."""
    with_brake(app, brake_storm=2)
    sent = Sent(sender, 2 * storms.WIDER + 1)
    sender.database.execute("UPDATE subscribers SET provider = id::text || '.example'")
    actions = [
        come(unresolved(f"name{'abcdefghijklmn'[n]}.example"), [path_of(one)]).action
        for n, one in enumerate(sent.deliveries)
    ]
    assert actions == ["suppressed"] * (2 * storms.WIDER - 1) + ["held_back"] * 2
    [(storm, number)] = storms.undecided()
    assert (storm.provider, number) == ("", len(sent.deliveries))
    assert "example" not in storm.sample
    assert campaigns.find(sent.id).state == "paused"
    assert storms.decide(storm.id, False, road.ACTOR) == number
    db.session.commit()
    assert not any(kept_out(one) for one in sent.people)


def test_single_bounces_do_not_count_the_deliveries_of_a_campaign(
    app: Flask, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There may be a million of them, and everybody who reports waits for the count."""
    with_brake(app, brake_bounces=1, brake_at_least=3)
    monkeypatch.setattr(brake, "_REFUSED", "this is no query")
    sent = Sent(sender, 3)
    assert [bounce(one).action for one in sent.deliveries[:2]] == ["suppressed"] * 2
    with pytest.raises(ProgrammingError):
        bounce(sent.deliveries[2])
    db.session.rollback()
