"""A queue of two campaigns, and everything that owners, people and operators may do to it.

After every step every row is compared with `mail.py`, what waits is due, what is in work can be
found by a sweep, and the balance holds; at the end of each life everything comes to its end.
"""

from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mailing.base import installation
from mailing.base.database import db
from mailing.deliveries import batch_tallies, halting
from mailing.deliveries.results import Ending
from mailing.leaving import links
from tests import road
from tests.model import desk
from tests.model.clerk import Clerk, ids
from tests.model.life import Life

OWNERS = st.integers(0, 2)
PICK = st.integers(0, 99)
HOW_MANY = st.integers(1, 4)
CODES = st.sampled_from([250, 450, 550, None])


class Queue(RuleBasedStateMachine):
    """Two campaigns to the same four people, and three owners."""

    def __init__(self, clerk: Clerk) -> None:
        super().__init__()
        self.clerk = clerk
        self.lives = [self.clerk.born() for _ in range(3)]
        self.dead: list[Life] = []

    @rule(who=OWNERS, many=HOW_MANY)
    def claim(self, who: int, many: int) -> None:
        self.clerk.claim(self.lives[who], many)

    @rule(who=OWNERS, many=HOW_MANY, code=CODES, steps=st.integers(1, 8))
    def go_on(self, who: int, many: int, code: int | None, steps: int) -> None:
        """The next so many things that an engine would do."""
        for _ in range(steps):
            self._step(self.lives[who], many, code)

    def _step(self, life: Life, many: int, code: int | None) -> None:
        phases = {carry.phase for carry in life.carries}
        if "sealed" in phases:
            self.clerk.dot(life, code)
        elif "open" in phases:
            self.clerk.seal(life, [carry for carry in life.carries if carry.phase == "open"])
        elif life.claims:
            taken, life.claims = life.claims[:many], life.claims[many:]
            self.clerk.ask(life, taken)
        elif phases:
            self.clerk.tell(life)
        else:
            self.clerk.claim(life, many)

    @rule(who=OWNERS, many=HOW_MANY)
    def ask(self, who: int, many: int) -> None:
        life = self.lives[who]
        taken, life.claims = life.claims[:many], life.claims[many:]
        self.clerk.ask(life, taken)

    @rule(who=OWNERS, pick=PICK)
    def ask_again_for_an_old_claim(self, who: int, pick: int) -> None:
        """It is answered as if for the first time: a permit is given once."""
        life = self.lives[who]
        if life.carries:
            carry = life.carries[pick % len(life.carries)]
            passed = carry.passed
            claim = desk.claim_of(
                self.clerk.database, passed.permit.delivery_id, passed.permit.fence
            )
            self.clerk.ask(life, [claim])

    @rule(who=OWNERS, many=HOW_MANY)
    def seal(self, who: int, many: int) -> None:
        ready = [carry for carry in self.lives[who].carries if carry.phase == "open"]
        self.clerk.seal(self.lives[who], ready[:many])

    @rule(who=OWNERS, code=CODES)
    def dot(self, who: int, code: int | None) -> None:
        self.clerk.dot(self.lives[who], code)

    @rule(who=OWNERS, ending=st.sampled_from([Ending.LOST, Ending.CANNOT_RENDER]))
    def fail_before_the_dot(self, who: int, ending: Ending) -> None:
        for carry in self.lives[who].carries:
            if carry.phase == "open":
                carry.end(ending)
                return

    @rule(who=OWNERS)
    def tell(self, who: int) -> None:
        """Results ride with the next question."""
        self.clerk.tell(self.lives[who])

    @rule(who=OWNERS, pick=PICK)
    def tell_again(self, who: int, pick: int) -> None:
        told = self.lives[who].told
        if told:
            self.clerk.record(self.lives[who], [told[pick % len(told)]])

    @rule(who=OWNERS, seconds=st.sampled_from([0, 60]))
    def put_back(self, who: int, seconds: int) -> None:
        life = self.lives[who]
        back, life.claims = life.claims, []
        self.clerk.on(life, lambda sender: desk.put_back(sender, ids(back), seconds))
        verb = "put back: not yet" if seconds else "put back"
        for claim in back:
            self.clerk.did(verb, claim.delivery_id, (life.id, claim.fence))

    @rule(who=OWNERS)
    def let_go(self, who: int) -> None:
        life = self.lives[who]
        desk.release(self.clerk.database, life.id, life.in_hand())

    @rule(who=OWNERS)
    def die(self, who: int) -> None:
        self.dead.append(self.lives[who])
        self.clerk.unswept.append(self.lives[who].id)
        self.lives[who] = self.clerk.born()
        self.clerk.counted["deaths"] += 1

    @rule(who=OWNERS)
    def die_behind_a_commit(self, who: int) -> None:
        """Its question was answered, and what it would have done then is not done."""
        self.clerk.ask_and_die(self.lives[who], self.lives[who].claims)
        self.die(who)

    @rule(is_whole=st.booleans())
    def sweep(self, is_whole: bool) -> None:
        for life in self.dead:
            self.clerk.settle(life, is_whole)
        self.clerk.unswept.clear()

    @rule(pick=PICK, what=st.sampled_from(["claim", "ask", "seal", "tell", "put back"]))
    def what_a_dead_owner_asked_comes_late(self, pick: int, what: str) -> None:
        if not self.dead:
            return
        life = self.dead[pick % len(self.dead)]
        self.clerk.counted[f"late {what}"] += 1
        if what == "claim":
            self.clerk.claim(life, 1)
            life.claims.clear()
        elif what == "ask":
            self.clerk.ask(life, life.claims[:1])
        elif what == "seal":
            self.clerk.seal(life, [carry for carry in life.carries if carry.phase == "open"][:1])
        elif what == "tell":
            self.clerk.record(life, [carry.result for carry in life.carries[:1] if carry.result])
        else:
            self.clerk.on(life, lambda sender: desk.put_back(sender, ids(life.claims)))
            for claim in life.claims:
                self.clerk.did("put back", claim.delivery_id, (life.id, claim.fence))

    @rule(pick=PICK)
    def somebody_leaves(self, pick: int) -> None:
        person = self.clerk.person(pick)
        receipt = links.by_token(road.leave_token(person), 0)
        assert receipt is not None
        named = {UUID(one["message_id"].partition("@")[0]) for one in receipt.in_flight}
        expected = self.clerk.post.left(person)
        assert named == expected, f"named: {named} instead of {expected}"
        self.clerk.counted["named"] += len(named)

    @rule(pick=PICK)
    def somebody_comes_back(self, pick: int) -> None:
        person = self.clerk.person(pick)
        was_no = links.undo(road.leave_token(person))
        assert was_no == self.clerk.post.came_back(person)

    @rule(pick=PICK)
    def pause_or_go_on(self, pick: int) -> None:
        number = self.clerk.campaign(pick)
        if self.clerk.post.campaigns[number] == "sending":
            self.clerk.direct(number, halting.pause, "paused")
            for mail in self.clerk.post.of(number):
                mail.move("pause")
        elif self.clerk.post.campaigns[number] == "paused":
            self.clerk.direct(number, halting.resume, "sending")

    @rule()
    def switch_sending_off_or_on(self) -> None:
        self.clerk.post.is_on = not self.clerk.post.is_on
        installation.switch_sending(self.clerk.post.is_on, "a fire drill")
        db.session.commit()

    @rule(pick=st.integers(0, 9))
    def stop(self, pick: int) -> None:
        """Seldom, so that there is something to stop; and only one of the two."""
        number = max(self.clerk.post.campaigns)
        if pick == 0 and self.clerk.post.campaigns[number] != "stopped":
            self.clerk.direct(number, halting.stop, "stopped")
            for mail in self.clerk.post.of(number):
                mail.move("stop")
                mail.is_promised = mail.state != "sealed"

    @rule()
    def the_sweep_closes_what_is_stopped(self) -> None:
        """It settles the dead first, so nothing lies about of which nobody knows."""
        self.sweep(True)
        desk.close_stopped()
        for number, state in self.clerk.post.campaigns.items():
            for mail in self.clerk.post.of(number) if state == "stopped" else ():
                mail.move("close stopped")

    @rule()
    def time_passes(self) -> None:
        desk.time_passes(self.clerk.database)
        for mail in self.clerk.post.mails:
            mail.is_due = True

    @invariant()
    def every_row_is_as_it_should_be(self) -> None:
        found = {
            row[0]: row[1] for row in desk.rows(self.clerk.database, self.clerk.post.campaigns)
        }
        expected = {delivery: mail.seen for delivery, mail in self.clerk.post.ids.items()}
        assert found == expected, f"rows: {found} instead of {expected}"
        self.clerk.counted.update(state for state, _, _ in found.values())

    @invariant()
    def what_waits_is_due_and_what_is_in_work_can_be_found(self) -> None:
        astray = desk.astray(self.clerk.database, self.clerk.unswept)
        assert not astray, f"astray: {astray}"

    @invariant()
    def the_balance_holds(self) -> None:
        """However early the sweep counts what is finished."""
        db.session.rollback()
        self.clerk.counted["batches counted once"] += batch_tallies.keep()
        db.session.commit()
        for number in self.clerk.post.campaigns:
            told = road.outcomes(number)
            are = [mail.state for mail in self.clerk.post.of(number)]
            for state in ("accepted", "refused", "uncertain"):
                assert told[state] == are.count(state), f"{state}: {told} instead of {are}"
        db.session.rollback()

    def teardown(self) -> None:
        """From here everything comes to its end, without another fault."""
        for number, state in self.clerk.post.campaigns.items():
            if state == "paused":
                self.clerk.direct(number, halting.resume, "sending")
        if not self.clerk.post.is_on:
            self.switch_sending_off_or_on()
        for life in self.lives:
            self.clerk.tell(life)
            desk.release(self.clerk.database, life.id, set())
        for life in [*self.dead, *self.lives]:
            self.clerk.settle(life, True)
        self.clerk.unswept.clear()
        while self._go_on(self.clerk.born()):
            pass
        self._is_over()

    def _go_on(self, life: Life) -> bool:
        self.the_sweep_closes_what_is_stopped()
        self.time_passes()
        self.clerk.claim(life, 100)
        self.clerk.ask(life, life.claims)
        self.clerk.seal(life, life.carries)
        while any(carry.phase == "sealed" for carry in life.carries):
            self.clerk.dot(life, 250)
        self.clerk.tell(life)
        desk.release(self.clerk.database, life.id, set())
        return bool(life.claims)

    def _is_over(self) -> None:
        self.every_row_is_as_it_should_be()
        self.the_balance_holds()
        desk.finish()
        for number, state in self.clerk.post.campaigns.items():
            ended = road.outcomes(number)["state"]
            assert ended == {"sending": "done"}.get(state, state), "a campaign never ends"
        assert desk.unfinished(self.clerk.database) == 0
