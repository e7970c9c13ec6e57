"""Whatever happens to one person: nobody is mailed against their last no.

An independent little model says who may be written to. The audience and the gate must agree
with it after every step, and every chain of the ledger must verify.
"""

import itertools
import os
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase
from hypothesis import settings as profile
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from mailing.base import clock
from mailing.base.database import db
from mailing.base.settings import Settings
from mailing.leaving import links
from mailing.people import ledger, optins, subscribers, suppression
from mailing.people.canonical import canonical
from mailing.people.imports import ImportFile, import_people
from mailing.people.ledger import Kind
from mailing.people.suppression import Why
from tests import road
from tests.person import Gate, Person, days_pass, gate_of, newest_request, token_of
from tests.services import TEMPLATE

TOPICS = ("news", "offers")
ANY = (*TOPICS, "notices")
TOPIC = st.sampled_from(TOPICS)
NO = ("no", "no to all")
# Where it only counts that a life fails (tests/incidents/test_guards.py), any will do.
_SHORTEST = () if TEMPLATE in os.environ else (Phase.shrink,)


@dataclass
class Model:
    """What somebody has said, word after word, about each topic and the notices.

    `asked` are the topics where they, or a stranger, have asked since: a no to that is a new no.
    """

    words: dict[str, list[str]] = field(default_factory=lambda: {topic: [] for topic in ANY})
    asked: set[str] = field(default_factory=set)
    is_open: bool = True
    has_bounced: bool = False

    def last(self, topic: str) -> str:
        return self.words[topic][-1] if self.words[topic] else ""

    @property
    def is_reachable(self) -> bool:
        return self.is_open and not self.has_bounced

    def gets(self, topic: str) -> bool:
        if not self.is_reachable:
            return False
        if topic == "notices":
            return self.last("notices") not in NO and "yes" in map(self.last, TOPICS)
        return self.last(topic) == "yes"

    def confirms(self, topics: set[str]) -> None:
        for topic in topics:
            self.words[topic].append("yes")
        self.asked -= topics
        if self.last("notices") == "no to all":
            self.words["notices"].append("yes")
        self.has_bounced = False

    def leaves(self, *topics: str) -> None:
        for topic in topics:
            if self.is_open and (self.last(topic) not in NO or topic in self.asked):
                self.words[topic].append("no")
        self.asked -= set(topics)

    def leaves_everything(self) -> None:
        for words in self.words.values():
            words.append("no to all")
        self.asked.clear()

    def undoes(self, topic: str) -> None:
        before = self.words[topic][-2:-1] or (["yes"] if topic == "notices" else [])
        ever = any("yes" in self.words[one] for one in TOPICS)
        if self.is_reachable and self.last(topic) == "no" and before == ["yes"] and ever:
            self.words[topic].append("yes")

    def is_attested(self, topic: str) -> None:
        if self.is_reachable and not self.words[topic]:
            self.words[topic].append("yes")


class Life(RuleBasedStateMachine):
    """One person, two topics, and everything that can happen to them."""

    number = itertools.count()

    def __init__(self, at_the_gate: Gate, person: Person, folder: Path) -> None:
        super().__init__()
        self.gate, self.person, self.folder = at_the_gate, person, folder
        self.model = Model()
        self.requests: list[tuple[UUID, set[str]]] = []
        self.open: set[UUID] = set()
        subscribers.create(canonical(person.address), "kk")
        db.session.commit()

    @initialize(story=st.sampled_from(["stranger", "subscriber", "came back", "imported"]))
    def begins(self, story: str) -> None:
        if story in ("subscriber", "came back"):
            self.somebody_fills_in_the_form(set(TOPICS))
            self.an_old_button_is_pressed(0)
        if story == "came back":
            self.everything()
            self.somebody_fills_in_the_form({"news"})
            self.an_old_button_is_pressed(1)
        if story == "imported":
            self.a_row_without_evidence_is_imported("news")

    @rule(topics=st.sets(TOPIC, min_size=1))
    def somebody_fills_in_the_form(self, topics: set[str]) -> None:
        days_pass(self.person.id)
        wanted = {topic for topic in topics if self.model.last(topic) != "yes"}
        asked = self.person.ask(*sorted(topics))
        assert asked == int(bool(wanted) and self.model.is_reachable)
        if asked:
            self.model.asked |= wanted
            self.requests.append((newest_request().id, wanted))
            self.open.add(newest_request().id)

    @rule(pick=st.integers(0, 99))
    def an_old_button_is_pressed(self, pick: int) -> None:
        if not self.requests:
            return
        optin_id, topics = self.requests[pick % len(self.requests)]
        optin = optins.find(optin_id)
        assert optin is not None
        state = self.person.confirm(optin)
        if optin_id in self.open and self.model.is_open:
            assert state == "confirmed"
            self.model.confirms(topics)
        self.open.discard(optin_id)

    @rule(pick=st.integers(0, 99))
    def a_confirmation_mails_way_out_is_taken(self, pick: int) -> None:
        if not self.requests:
            return
        optin_id, topics = self.requests[pick % len(self.requests)]
        optin = optins.find(optin_id)
        assert optin is not None
        assert links.by_token(token_of(optin, "cancel"), 0) is not None
        self.model.leaves(*topics)
        self._requests_are_taken_back(topics)

    @rule(topic=st.sampled_from(ANY))
    def one_click(self, topic: str) -> None:
        self.person.one_click(topic)
        self.model.leaves(topic)
        self._requests_are_taken_back({topic})

    @rule(topic=st.sampled_from(ANY))
    def undo(self, topic: str) -> None:
        said = self.model.last(topic)
        was_undone = self.person.undo(topic)
        self.model.undoes(topic)
        assert was_undone == (self.model.last(topic) != said)

    @rule()
    def everything(self) -> None:
        self.person.leave()
        if self.model.is_open:
            self.model.leaves_everything()
        self._requests_are_taken_back(set(TOPICS))

    @rule(topic=TOPIC)
    def an_evidenced_row_is_imported(self, topic: str) -> None:
        at = (clock.now() - timedelta(days=1)).isoformat(timespec="seconds")
        row = f"{self.person.address},{at},site,{self.person.policy_id}"
        self._import(topic, f"email,consent_at,consent_form,consent_policy\n{row}\n")
        self.model.is_attested(topic)

    @rule(topic=TOPIC)
    def a_row_without_evidence_is_imported(self, topic: str) -> None:
        self._import(topic, f"email\n{self.person.address}\n")

    @rule()
    def a_bounce(self) -> None:
        suppression.suppress(self.person.row.digest, Why.BOUNCE)
        db.session.commit()
        self.model.has_bounced = True

    @rule(ending=st.sampled_from([Kind.WITHDRAWN, Kind.BLOCKED, Why.COMPLAINT]))
    def all_mail_ends(self, ending: Kind | Why) -> None:
        if isinstance(ending, Kind):
            self.person.leave(kind=ending)
            self.open.clear()
        else:
            suppression.suppress(self.person.row.digest, ending)
            db.session.commit()
        self.model.is_open = False

    @invariant()
    def audience_gate_and_model_agree(self) -> None:
        for topic in ANY:
            kind = "notice" if topic == "notices" else "campaign"
            reason = self.gate.says(kind, topic, self.person.id)
            assert (reason is None) == self.model.gets(topic), (topic, reason, self.model)
            guess = self.gate.audience_says(topic, self.person.id)
            assert guess == reason or (guess == "not_considered" and reason is not None)

    @invariant()
    def only_an_open_request_is_asked_about(self) -> None:
        for optin_id, _ in self.requests[-2:]:
            reason = self.gate.says("confirmation", "news", self.person.id, optin_id)
            expected = optin_id in self.open and self.model.is_reachable
            assert (reason is None) == expected, (reason, self.model)

    def teardown(self) -> None:
        db.session.rollback()
        assert list(ledger.verify()) == []

    def _import(self, topic: str, content: str) -> None:
        path = self.folder / "people.csv"
        path.write_text(content)
        report = import_people(ImportFile(path, topic), road.ACTOR)
        db.session.commit()
        assert (report.rows, report.invalid) == (1, 0)

    def _requests_are_taken_back(self, topics: set[str]) -> None:
        self.open -= {optin_id for optin_id, asked in self.requests if asked & topics}


def live(settings: Settings, folder: Path, lives: int, steps: int) -> None:
    """So many lives of so many steps."""
    policy = road.lay()
    how = profile(
        max_examples=lives,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.reuse, Phase.generate, *_SHORTEST],
    )
    with gate_of(settings, policy) as at_the_gate:

        class Here(Life):
            def __init__(self) -> None:
                db.session.rollback()  # What a life that failed has left behind.
                address = f"person{next(Life.number)}@example.com"
                super().__init__(at_the_gate, Person(policy, address), folder)

        run_state_machine_as_test(Here, settings=how)


def test_nobody_is_mailed_against_their_last_no(
    app: Flask, settings: Settings, tmp_path: Path
) -> None:
    """T6, T8, T15, T17, T21."""
    live(settings, tmp_path, lives=25, steps=15)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_nobody_is_mailed_against_their_last_no_in_many_lives(
    app: Flask, settings: Settings, tmp_path: Path
) -> None:
    live(settings, tmp_path, lives=150, steps=40)
