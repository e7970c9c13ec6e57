"""Any order of what happens to a login: what is over stays over (a stateful test)."""

import pytest
from argon2 import PasswordHasher
from flask import Flask
from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from mailing.base.database import db
from mailing.staff import passwords, recovery, second_factor, staff
from mailing.staff.staff import Role

WORDS = ("four unrelated words here", "another four good words", "and yet another phrase")


class Logins(RuleBasedStateMachine):
    """One person, the logins they hold, the recovery codes they were shown."""

    def __init__(self) -> None:
        super().__init__()
        db.session.rollback()
        staff.add("admin@example.com", Role.ADMIN, WORDS[0])
        self.person = staff.add("dana@example.com", Role.VIEWER, WORDS[0])
        self.password = WORDS[0]
        self.alive: set[str] = set()
        self.over: set[str] = set()
        self.codes: set[str] = set()
        self.spent: set[str] = set()

    def _all_end(self) -> None:
        self.over |= self.alive
        self.alive = set()

    @rule(typed=some.sampled_from(WORDS))
    def log_in(self, typed: str) -> None:
        found = staff.authenticate("dana@example.com", typed)
        assert (found is not None) == (typed == self.password and self.person.active)
        if found:
            self.alive.add(found.fs_uniquifier)

    @rule(typed=some.sampled_from(WORDS))
    def change_password(self, typed: str) -> None:
        staff.change_password(self.person, typed)
        self.password = typed
        self._all_end()

    @rule(role=some.sampled_from(Role))
    def change_role(self, role: Role) -> None:
        staff.change_role(self.person, role)
        self._all_end()

    @rule()
    def close(self) -> None:
        staff.deactivate(self.person)
        self._all_end()

    @rule()
    def reopen(self) -> None:
        staff.reactivate(self.person)

    @rule()
    def log_out_everywhere(self) -> None:
        staff.end_logins(self.person)
        self._all_end()

    @rule()
    def renew_codes(self) -> None:
        self.spent |= self.codes
        if not second_factor.is_on(self.person):
            second_factor.begin(self.person)
            self.person.second_at = self.person.created_at
        self.codes = set(recovery.renew(self.person))

    @precondition(lambda self: self.codes)
    @rule(data=some.data())
    def spend_a_code(self, data: some.DataObject) -> None:
        code = data.draw(some.sampled_from(sorted(self.codes)))
        assert second_factor.check(self.person, code) == "recovery"
        self.codes.remove(code)
        self.spent.add(code)

    @precondition(lambda self: self.spent)
    @rule(data=some.data())
    def try_a_spent_code(self, data: some.DataObject) -> None:
        code = data.draw(some.sampled_from(sorted(self.spent)))
        assert second_factor.check(self.person, code) is None

    @rule()
    def remove_the_second_factor(self) -> None:
        second_factor.remove(self.person)
        self.spent |= self.codes
        self.codes = set()
        self._all_end()

    @invariant()
    def what_is_over_stays_over(self) -> None:
        assert [one for one in self.over if staff.find_by_login(one)] == []
        assert all(staff.find_by_login(one) is self.person for one in self.alive)


def test_no_order_of_acts_brings_a_login_or_a_code_back(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", quick)
    bounds = settings(max_examples=25, stateful_step_count=20, deadline=None, derandomize=True)
    run_state_machine_as_test(Logins, settings=bounds)
    db.session.rollback()
