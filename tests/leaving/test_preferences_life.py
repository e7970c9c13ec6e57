"""Whatever somebody does on their preference page, the gate answers as a small model does."""

import itertools
from dataclasses import dataclass, field

from flask import Flask
from hypothesis import HealthCheck, Phase
from hypothesis import settings as profile
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from mailing.base.settings import Settings
from mailing.leaving import preference_view, preferences, replay
from mailing.leaving.preferences import Filled
from mailing.people import ledger, topics
from tests import road
from tests.person import Gate, Person, days_pass, gate_of, newest_request

TOPICS = ("news", "offers")
ANY = (*TOPICS, "notices")
SOME = st.sets(st.sampled_from(TOPICS))


@dataclass
class Model:
    """What this person wants. `asked` waits for the button of a confirmation."""

    on: set[str] = field(default_factory=lambda: {"news"})
    asked: set[str] = field(default_factory=set)
    refused_by_all: bool = False
    paused: bool = False
    withdrawn: bool = False

    def gets(self, topic: str) -> bool:
        if self.withdrawn or self.paused:
            return False
        if topic == "notices":
            return bool(self.on) and not self.refused_by_all
        return topic in self.on

    def says_no(self, topics: set[str]) -> None:
        self.on -= topics
        self.asked -= topics

    def says_yes(self, topics: set[str]) -> None:
        self.on |= topics
        self.refused_by_all = False


class Life(RuleBasedStateMachine):
    """One person, two topics and the notices, and every button of the page."""

    number = itertools.count()

    def __init__(self, gate: Gate, person: Person) -> None:
        super().__init__()
        self.gate, self.person, self.model = gate, person, Model()
        person.say_yes("news")
        self.stale = self.form()

    def form(self) -> tuple[frozenset[str], frozenset[str]]:
        """What the page lists and shows ticked now."""
        view = preference_view.look(self.person.link())
        assert view is not None
        listed = frozenset(row.slug for row in view.rows if row.has_box)
        return listed, frozenset(row.slug for row in view.rows if row.is_on)

    @rule(flip=SOME, is_stale=st.booleans())
    def some_boxes_are_flipped(self, flip: set[str], is_stale: bool) -> None:
        """On the page as it is, or on one that was opened a while ago."""
        days_pass(self.person.id)
        listed, shown = self.stale if is_stale else self.form()
        flipped = flip & listed
        ticked = shown ^ flipped
        policy = str(self.person.policy_id)
        preferences.save(self.person.link(), Filled(listed, shown, frozenset(ticked), policy, "kk"))
        self.model.says_no(flipped & shown)
        if not self.model.withdrawn:
            self.model.asked |= flipped - shown - self.model.on

    @rule()
    def the_page_is_left_open(self) -> None:
        self.stale = self.form()

    @rule()
    def the_newest_button_is_pressed(self) -> None:
        if not self.model.asked or self.model.withdrawn:
            return
        optin = newest_request()
        names = {topic_id: slug for slug, topic_id in _ids().items()}
        wanted = {names[topic_id] for topic_id in optin.topic_ids}
        if self.person.confirm(optin) == "confirmed" and wanted <= self.model.asked:
            self.model.says_yes(wanted)
            self.model.asked -= wanted

    @rule(topic=st.sampled_from(TOPICS))
    def a_link_is_pressed_and_taken_back(self, topic: str) -> None:
        was_on = topic in self.model.on
        self.person.one_click(topic)
        self.model.says_no({topic})
        if was_on and not self.model.withdrawn:
            assert self.person.undo(topic)
            self.model.on.add(topic)

    @rule()
    def everything_is_stopped(self) -> None:
        preferences.stop(self.person.link())
        self.model.on.clear()
        self.model.asked.clear()
        self.model.refused_by_all = True

    @rule(days=st.sampled_from([30, 90]))
    def a_pause_begins(self, days: int) -> None:
        """Whoever has withdrawn gets nothing that could be paused."""
        is_paused = preferences.pause(self.person.link(), days)
        assert is_paused is not self.model.withdrawn
        self.model.paused |= is_paused

    @rule()
    def the_pause_ends(self) -> None:
        assert preferences.end_pause(self.person.link())
        self.model.paused = False

    @rule(chance=st.integers(0, 5))
    def consent_is_withdrawn(self, chance: int) -> None:
        if chance == 0:
            preferences.withdraw(self.person.link())
            self.model.withdrawn = True
            self.model.on.clear()
            self.model.asked.clear()

    @invariant()
    def the_gate_says_what_the_model_says(self) -> None:
        for topic in ANY:
            kind = "notice" if topic == "notices" else "campaign"
            held = self.gate.says(kind, topic, self.person.id)
            assert (held is None) == self.model.gets(topic), (topic, held, self.model)

    @invariant()
    def the_page_shows_what_the_ledger_says(self) -> None:
        assert self.form()[1] - {"notices"} == self.model.on


def _ids() -> dict[str, int]:
    return {topic.slug: topic.id for topic in topics.all_topics()}


def test_every_life_on_the_preference_page_agrees_with_the_gate(
    app: Flask, settings: Settings
) -> None:
    """T12, T21, T22, T31."""
    policy = road.lay()
    replay.run()
    how = profile(
        max_examples=6,
        stateful_step_count=10,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        phases=[Phase.reuse, Phase.generate],
    )
    with gate_of(settings, policy) as gate:

        class Here(Life):
            def __init__(self) -> None:
                super().__init__(gate, Person(policy, f"life{next(Life.number)}@example.com"))

        run_state_machine_as_test(Here, settings=how)
    assert list(ledger.verify()) == []
