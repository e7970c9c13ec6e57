"""A clerk who does each verb twice: the real one on real rows, and the model's; and compares."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, ClassVar, NoReturn, TypeVar
from unittest.mock import patch
from uuid import UUID

import psycopg

from mailing.base import roundtrip
from mailing.base.database import db
from mailing.base.roundtrip import Said
from mailing.base.settings import Settings
from mailing.deliveries import gate, incarnations
from mailing.deliveries.incarnations import Journalled, Owner
from mailing.deliveries.queue import Claim
from mailing.deliveries.results import Ending, Result
from tests import road
from tests.deliveries.conftest import Sender
from tests.model import desk
from tests.model.life import Carry, Life
from tests.model.mail import Post

T = TypeVar("T")


class Died(Exception):
    """The process has ended, right behind a commit."""


def _and_die(connection: psycopg.Connection, said: Sequence[Said]) -> NoReturn:
    roundtrip.transact(connection, said)
    raise Died


class Clerk:
    """Speaks for any life, a dead one as well; `counted` tells what truly happened."""

    counted: ClassVar[Counter[str]] = Counter()

    def __init__(self, database: psycopg.Connection, settings: Settings, post: Post) -> None:
        self.database, self.settings, self.post = database, settings, post
        self.unswept: list[UUID] = []

    def born(self) -> Life:
        life = Life()
        incarnations.register(self.database, Owner(life.id, life.id, "this boot", False), 1)
        return life

    def on(self, life: Life, act: Callable[[Sender], T]) -> T:
        return act(Sender(self.database, life.id, life.id))

    def claim(self, life: Life, many: int) -> None:
        there = len(self.post.may_be_claimed())
        claims = self.on(life, lambda sender: sender.claim(many))
        # What a dead owner has left lying waits for the sweep.
        assert claims or not there or self.unswept, "what is there is found"
        assert there or not claims, "nothing else is found"
        assert len(claims) <= many
        self.post.written(desk.places(self.database, self.post.campaigns))
        for claim in claims:
            self.post.claimed(claim.delivery_id, life.id, claim.fence)
        life.claims += claims

    def ask(self, life: Life, claims: list[Claim]) -> None:
        passed = self.on(life, lambda sender: sender.ask(claims))
        said = {one.permit.delivery_id for one in passed}
        yes = {c.delivery_id for c in claims if self.post.asked(c.delivery_id, life.id, c.fence)}
        assert said == yes, f"the gate let pass {said} instead of {yes}"
        life.carries += [Carry(one) for one in passed]

    def ask_and_die(self, life: Life, claims: list[Claim]) -> None:
        """The gate commits its answer, and nobody lives to hear it."""
        told = [carry.result for carry in life.carries if carry.result]
        with suppress(Died), patch.object(gate, "transact", _and_die):
            self.on(life, lambda sender: sender.ask(claims, *told))
        for one in told:
            self.did(f"record: {one.ending.value}", one.delivery_id, (life.id, one.fence))
        for claim in claims:
            self.post.asked(claim.delivery_id, life.id, claim.fence)

    def seal(self, life: Life, carries: list[Carry]) -> None:
        sealed = self.on(life, lambda sender: sender.seal([one.passed for one in carries]))
        for carry in carries:
            is_sealed = self.did("seal", carry.id, (life.id, carry.fence))
            assert (carry.id in sealed) == is_sealed, "sealed or refused against the rules"
            if is_sealed:
                carry.phase = "sealed"
            else:
                carry.end(Ending.ABORTED)

    def dot(self, life: Life, code: int | None) -> None:
        for carry in life.carries:
            if carry.phase == "sealed":
                self.post.dotted(carry.id)
                life.hear(carry, code)
                if code in (450, 550):
                    self.post.not_taken(carry.id)
                return

    def tell(self, life: Life) -> None:
        over = [carry for carry in life.carries if carry.phase == "over"]
        self.record(life, [carry.result for carry in over if carry.result])
        life.carries = [carry for carry in life.carries if carry.phase != "over"]

    def record(self, life: Life, told: list[Result]) -> None:
        self.on(life, lambda sender: sender.ask([], *told))
        life.told += told
        for one in told:
            self.did(f"record: {one.ending.value}", one.delivery_id, (life.id, one.fence))

    def settle(self, life: Life, is_whole: bool) -> None:
        with self.database.transaction():
            journal = Journalled(life.journal, is_whole)
            incarnations.settle(self.database, self.settings, life.id, journal)
        for delivery, mail in self.post.ids.items():
            if mail.owner == life.id:
                self.did(_by(life, delivery, is_whole, mail.fence), delivery, (life.id, 0))

    def did(self, verb: str, delivery: UUID, claim: tuple[UUID, int]) -> bool:
        moved = self.post.did(verb, delivery, claim)
        self.counted[verb] += moved
        return moved

    def direct(self, number: int, verb: Any, state: str) -> None:
        verb(number, road.ACTOR)
        db.session.commit()
        self.post.campaigns[number] = state

    def person(self, pick: int) -> UUID:
        return list(self.post.people)[pick % len(self.post.people)]

    def campaign(self, pick: int) -> int:
        return list(self.post.campaigns)[pick % len(self.post.campaigns)]


def ids(claims: list[Claim]) -> list[UUID]:
    return [claim.delivery_id for claim in claims]


def _by(life: Life, delivery: UUID, is_whole: bool, fence: int) -> str:
    """How the table calls what a dead owner's journal says of a message."""
    trace = life.journal.get(delivery)
    if trace is None or trace.fence != fence:
        return "settle: nothing" if is_whole else "settle: lost journal"
    return f"settle: K{trace.code}" if trace.code else "settle: D"
