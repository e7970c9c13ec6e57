"""The preference centre: a page that is behind reverts nothing, and a link alone is no yes."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.settings import Settings, current
from mailing.base.tokens import LeaveToken, link_keys
from mailing.deliveries import answers, confirmations
from mailing.deliveries.answers import AnswerKind, NewAnswer
from mailing.leaving import links, preference_view, preferences, replay
from mailing.leaving.preferences import Filled
from mailing.people import choices, ledger, suppression, topics
from mailing.people.evidence import body_of
from mailing.people.ledger import Kind
from mailing.people.suppression import Why
from mailing.people.wording import text_of
from mailing.policies.versions import PolicyVersion
from tests import road
from tests.person import Person, confirmations_of, days_pass, gate_of, newest_request, token_of


@pytest.fixture
def policy(app: Flask) -> PolicyVersion:
    return road.lay()


@pytest.fixture
def person(policy: PolicyVersion) -> Person:
    """Somebody with a yes to `news` alone."""
    replay.run()
    somebody = Person(policy)
    somebody.say_yes("news")
    days_pass(somebody.id)
    return somebody


@pytest.fixture
def fresh(person: Person) -> str:
    """A link that was asked for a moment ago."""
    delivery = answers.write(NewAnswer(person.id, AnswerKind.LINK, timedelta(hours=24)))
    db.session.commit()
    return _link(person, delivery)


def _link(person: Person, delivery: UUID) -> str:
    token = LeaveToken(person.id, topics.find("news").id, delivery)
    return token.text(link_keys(current().secret_keys))


def filled(person: Person, *ticked: str, shown: tuple[str, ...] = ("news", "notices")) -> Filled:
    """The page as it stands for somebody who gets `news`, sent with these boxes ticked."""
    listed = frozenset({"news", "offers", "notices"})
    return Filled(listed, frozenset(shown), frozenset(ticked), str(person.policy_id), "kk")


def standings_of(person: Person) -> dict[str, str]:
    return {slug: person.standing(slug) for slug in ("news", "offers", "notices")}


def test_every_topic_stands_on_the_page_the_notices_too(person: Person) -> None:
    """T10."""
    view = preference_view.look(person.link())
    assert view is not None
    assert {row.slug for row in view.rows} == {topic.slug for topic in topics.all_topics()}
    assert {row.slug: row.is_on for row in view.rows} == {
        "news": True,
        "offers": False,
        "notices": True,
    }
    assert all(row.has_box for row in view.rows)


def test_what_is_unticked_ends_through_the_one_verb(person: Person) -> None:
    """T12: the page reads what the gate reads."""
    saved = preferences.save(person.link(), filled(person, "notices"))
    assert saved.receipt is not None
    assert saved.receipt.topic == "news"
    assert person.said()[-1] == "unsubscribed news"
    entry = ledger.history(person.id)[-1]
    assert entry.source == "preferences"
    view = preference_view.look(person.link())
    assert view is not None
    assert not view.is_on


def test_a_page_from_before_a_no_does_not_take_it_back(person: Person) -> None:
    """T21, T22: two tabs; the one that is behind changes only what was changed in it."""
    person.one_click("news")
    saved = preferences.save(person.link(), filled(person, "news", "notices"))
    assert saved.is_nothing
    assert person.standing("news") == "unsubscribed"


def test_a_form_that_lists_nothing_or_knows_no_such_topic_changes_nothing(person: Person) -> None:
    """T22: what is missing is never taken for "none"."""
    before = person.said()
    nothing: frozenset[str] = frozenset()
    policy = str(person.policy_id)
    for form in (
        Filled(nothing, nothing, nothing, "", ""),
        Filled(nothing, frozenset({"news"}), nothing, policy, "kk"),
        Filled(frozenset({"no-such"}), frozenset({"no-such"}), nothing, policy, "kk"),
    ):
        assert preferences.save(person.link(), form).is_nothing
    assert person.said() == before


def test_a_tick_by_a_link_that_may_have_been_passed_on_asks_by_mail(person: Person) -> None:
    """T34: who was only forwarded the mail says yes for nobody."""
    before = len(confirmations_of(person.address))
    saved = preferences.save(person.link(), filled(person, "news", "offers", "notices"))
    assert saved.asked
    assert not saved.given
    assert person.standing("offers") == "requested"
    assert len(confirmations_of(person.address)) == before + 1
    confirmations.confirm(token_of(newest_request(), "confirm"))
    db.session.commit()
    assert person.standing("offers") == "given"


def test_whoever_asks_for_the_notices_again_gets_none_before_they_press_the_button(
    app: Flask, settings: Settings, policy: PolicyVersion, person: Person
) -> None:
    """T8, T34: a friend with the forwarded mail can ask, and that ends no "no"."""
    preferences.save(person.link(), filled(person, "news"))
    days_pass(person.id)
    with gate_of(settings, policy) as gate:
        assert gate.says("notice", "notices", person.id) == "unsubscribed"
        asked = filled(person, "news", "notices", shown=("news",))
        assert preferences.save(person.link(), asked).asked
        assert person.standing("notices") == "requested"
        assert gate.says("notice", "notices", person.id) == "unsubscribed"
        confirmations.confirm(token_of(newest_request(), "confirm"))
        db.session.commit()
        assert gate.says("notice", "notices", person.id) is None


def test_a_tick_by_a_fresh_link_is_a_yes_with_its_whole_evidence(
    person: Person, fresh: str
) -> None:
    saved = preferences.save(fresh, filled(person, "news", "offers", "notices"))
    assert saved.given
    assert person.standing("offers") == "given"
    entry = ledger.last(person.id, topics.find("offers").id, Kind.GIVEN)
    assert entry is not None
    body = body_of(entry.evidence_hash)
    assert (entry.source, entry.policy_id) == ("preferences", person.policy_id)
    assert body["page"] == "http://127.0.0.1:8080/preferences"
    assert body["language"] == "kk"
    view = preference_view.look(person.link(), "kk")
    assert view is not None
    assert text_of(body["wording"]).text in {told.sentence for told in view.history}
    assert fresh not in str(body)


def test_a_fresh_link_is_an_old_one_after_a_day(person: Person, fresh: str) -> None:
    assert preferences.is_fresh(fresh)
    later = clock.now() + timedelta(hours=24, seconds=1)
    with clock.use(lambda: later):
        assert not preferences.is_fresh(fresh)


def test_a_link_is_fresh_for_its_own_person_only(person: Person, fresh: str) -> None:
    other = Person(person.policy, "other@example.com")
    other.ask("news")
    delivery = links_read(fresh)
    assert preferences.is_fresh(_link(person, delivery))
    assert not preferences.is_fresh(_link(other, delivery))


def links_read(token: str) -> UUID:
    read = LeaveToken.read(link_keys(current().secret_keys), token)
    assert read is not None
    return read.delivery


@pytest.mark.parametrize("policy_shown", ["", "0", "999", "x"])
def test_a_yes_to_other_sentences_than_todays_is_not_taken_but_the_no_beside_it_is(
    person: Person, fresh: str, policy_shown: str
) -> None:
    form = Filled(
        frozenset({"news", "offers"}), frozenset({"news"}), frozenset({"offers"}),
        policy_shown, "kk",
    )  # fmt: skip
    saved = preferences.save(fresh, form)
    assert saved.is_outdated
    assert standings_of(person) | {"notices": ""} == {
        "news": "unsubscribed",
        "offers": "none",
        "notices": "",
    }


@pytest.mark.parametrize("why", ["withdrawn", "complaint", "blocked", "staff"])
def test_who_is_kept_out_cannot_be_ticked_back_by_a_link(
    person: Person, fresh: str, why: str
) -> None:
    """T21: the most restrictive wins."""
    if why == "withdrawn":
        assert preferences.withdraw(fresh) is not None
    elif why == "blocked":
        person.leave(kind=Kind.BLOCKED)
    else:
        suppression.suppress(person.row.digest, Why(why))
        db.session.commit()
    before = person.said()
    saved = preferences.save(fresh, filled(person, "offers", shown=()))
    assert saved.refused
    assert person.said() == before
    view = preference_view.look(fresh)
    assert view is not None
    assert view.kept_out == {"staff": "other"}.get(why, why)
    assert not any(row.sentence for row in view.rows)


def test_the_gate_holds_what_comes_in_a_pause_and_lets_it_through_after(
    settings: Settings, person: Person
) -> None:
    with gate_of(settings, person.policy) as gate:
        assert gate.says("campaign", "news", person.id) is None
        assert preferences.pause(person.link(), 30)
        assert gate.says("campaign", "news", person.id) == "paused_by_subscriber"
        assert gate.says("notice", "notices", person.id) == "paused_by_subscriber"
        assert preferences.end_pause(person.link())
        assert gate.says("campaign", "news", person.id) is None


@pytest.mark.parametrize("days", [-1, 0, 1, 31, 10**9])
def test_no_other_pause_can_be_made_up(person: Person, days: int) -> None:
    assert not preferences.pause(person.link(), days)
    assert person.row.paused_until is None


def test_language_and_pause_are_recorded_as_choices_and_not_as_consent(person: Person) -> None:
    before = person.said()
    assert preferences.set_language(person.link(), "ru")
    assert preferences.set_language(person.link(), "ru")
    assert not preferences.set_language(person.link(), "fr")
    assert preferences.pause(person.link(), 90)
    assert preferences.end_pause(person.link())
    assert preferences.end_pause(person.link())
    assert person.row.language == "ru"
    noted = [one.kind for one in choices.of(person.id)]
    assert noted == ["language", "pause", "pause_ended"]
    assert person.said() == before


def test_to_stop_everything_and_to_withdraw_are_two_things(person: Person) -> None:
    assert preferences.stop(person.link()) is not None
    assert person.said()[-1] == "unsubscribed all"
    assert suppression.reasons(person.row.digest) == {}
    assert preferences.withdraw(person.link()) is not None
    assert person.said()[-1] == "withdrawn all"
    assert list(suppression.reasons(person.row.digest)) == [Why.WITHDRAWN]


def test_the_link_of_somebody_destroyed_is_no_wall_and_does_nothing(person: Person) -> None:
    link = person.link()
    db.session.execute(text("UPDATE subscribers SET personal = NULL"))
    db.session.commit()
    view = preference_view.look(link)
    assert view is not None
    assert not view.is_known
    assert not preferences.pause(link, 30)
    assert not preferences.set_language(link, "ru")


def test_a_link_works_after_its_key_has_moved_down_the_ring(
    app: Flask, settings: Settings, person: Person
) -> None:
    """T40."""
    link = person.link()
    newer = settings.model_copy(update={"secret_keys": ("n" * 43, *settings.secret_keys)})
    app.extensions["kelisim"] = newer
    assert links.person_of(link) == person.id
    assert preferences.stop(link) is not None


def test_a_sentence_that_has_changed_since_it_was_shown_is_not_agreed_to(
    person: Person, fresh: str
) -> None:
    view = preference_view.look(fresh, "kk")
    assert view is not None
    shown = frozenset(row.said for row in view.rows if row.sentence)
    form = replace(filled(person, "news", "offers", "notices"), said=shown)
    topics.rename(topics.find("offers"), {"kk": "Несиелер", "ru": "Кредиты", "en": "Loans"})
    db.session.commit()
    saved = preferences.save(fresh, form)
    assert (saved.is_outdated, saved.given) == (True, False)
    assert person.standing("offers") == "none"


def test_nothing_more_can_be_chosen_by_who_has_withdrawn(person: Person) -> None:
    preferences.withdraw(person.link())
    before = (person.row.language, person.row.paused_until)
    assert not preferences.pause(person.link(), 30)
    assert not preferences.set_language(person.link(), "en")
    assert (person.row.language, person.row.paused_until) == before
    assert choices.of(person.id) == []
