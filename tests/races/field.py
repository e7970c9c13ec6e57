"""Races on real PostgreSQL: aimed, because chance hardly ever hits the narrow states.

Nobody sleeps until something is so. Who is to wait for a lock is begun in a thread and seen
waiting for it in `pg_stat_activity` before anything goes on; who is to be stopped at one point
inside a real verb is stopped by a lock on a table that the verb writes there.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from flask import Flask

from mailing.base.database import db
from mailing.deliveries.gate import Passed
from mailing.deliveries.queue import Claim
from mailing.deliveries.results import Ending, Result
from mailing.policies.versions import PolicyVersion
from tests import road
from tests.deliveries.conftest import Sender
from tests.model import desk

T = TypeVar("T")

_WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
        AND backend_type = 'client backend'
"""
_PATIENCE = 20.0
_A_LOOK = 0.001


class Track:
    """Threads with sessions of their own, and the locks that stop them."""

    def __init__(self, app: Flask, watcher: psycopg.Connection, holder: psycopg.Connection) -> None:
        self._app, self._watcher, self._holder = app, watcher, holder
        self._pool = ThreadPoolExecutor(3)

    def begin(self, act: Callable[[], T]) -> "Future[T]":
        """Begin something that must come to wait for a lock; returns once it is seen waiting."""
        before = self.waiting()
        begun = self._pool.submit(self._in_a_session, act)
        deadline = time.monotonic() + _PATIENCE
        while self.waiting() <= before:
            assert not begun.done(), f"it did not wait: {begun.result()!r}"
            assert time.monotonic() < deadline, "it never came to wait"
            time.sleep(_A_LOOK)
        return begun

    def at_once(
        self, sends: Callable[[], Any], says_no: Callable[[], T], within: float = 0.02
    ) -> tuple[Any, T]:
        """Do both at once; what each came to.

        A message is sent in less time than a no is said in, so it begins at a moment of chance
        within about the seconds that the no takes: else it would always come first.
        """
        ready, chance = threading.Barrier(2), random.random() * within

        def send() -> Any:
            ready.wait(_PATIENCE)
            time.sleep(chance)
            return sends()

        def say_no() -> T:
            ready.wait(_PATIENCE)
            return says_no()

        sent = self._pool.submit(self._in_a_session, send)
        said = self._pool.submit(self._in_a_session, say_no)
        return sent.result(_PATIENCE), said.result(_PATIENCE)

    @contextmanager
    def shut(self, table: str) -> Iterator[None]:
        """Let nobody write to a table: who holds rows and wishes to write there waits."""
        with self._holder.transaction():
            self._holder.execute(f"LOCK TABLE {table} IN SHARE MODE")
            yield

    def waiting(self) -> int:
        """How many wait for a lock in this database."""
        row = self._watcher.execute(_WAITING).fetchone()
        assert row is not None
        return int(row[0])

    def row(self, delivery_id: UUID) -> tuple[str, str | None]:
        """State and reason of a message, as everybody else sees them now."""
        query = "SELECT state, reason FROM deliveries WHERE id = %s"
        row = self._watcher.execute(query, [delivery_id]).fetchone()
        assert row is not None
        return row[0], row[1]

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    def _in_a_session(self, act: Callable[[], T]) -> T:
        with self._app.app_context():
            try:
                return act()
            finally:
                db.session.remove()


@dataclass
class Field:
    """One message at a time, on its way, and what became of it."""

    track: Track
    sender: Sender
    policy: PolicyVersion
    campaign: int
    people: list[UUID]
    tally: Counter[str] = field(default_factory=Counter)

    def claim(self) -> Claim:
        """A message that is claimed; when all are used up, everybody says yes again."""
        claims = self.sender.claim(1)
        if not claims:
            road.say_yes(self.policy, self.people)
            desk.begin_again(self.sender.database, self.campaign)
            claims = self.sender.claim(1)
        return claims[0]

    def hit(self, claim: Claim, aim: str) -> None:
        """Count that a message truly is in the state that was aimed at."""
        state = aim.partition(",")[0]
        assert self.state(claim) == state, f"aimed at {state}"
        self.tally[f"hit: {aim}"] += 1

    def reason(self, claim: Claim) -> str | None:
        """Why a message is held."""
        return self.track.row(claim.delivery_id)[1]

    def state(self, claim: Claim) -> str:
        """The state of a message now."""
        return self.track.row(claim.delivery_id)[0]

    def finish(self, passed: list[Passed]) -> float | None:
        """Seal, write the dot and tell the result; when the dot was written, if it was."""
        if not self.sender.seal(passed):
            self.tell(passed, Ending.ABORTED)
            return None
        return self.dot(passed)

    def dot(self, passed: list[Passed]) -> float:
        """Write the dot of what is sealed and tell that it was accepted; when it was written."""
        at = time.monotonic()
        self.tell(passed, Ending.ACCEPTED)
        return at

    def tell(self, passed: list[Passed], ending: Ending) -> None:
        """Tell a result."""
        told = [Result(o.permit.delivery_id, o.permit.fence, ending, o.attempts) for o in passed]
        self.sender.ask([], *told)

    def judge(self, claim: Claim, dot_at: float | None, answer: tuple[float, bool]) -> None:
        """The promise: no dot follows an answer that does not name it; the row says what is so."""
        answered_at, is_named = answer
        state = self.state(claim)
        if dot_at is not None:
            assert is_named or dot_at < answered_at, "a dot after an answer that does not name it"
            assert state == "accepted"
        else:
            assert state == "held"
        when = "" if dot_at is None else " before it" if dot_at < answered_at else " after it"
        named = "named" if is_named else "not named"
        self.tally[f"came of it: {state}{when}, {named}"] += 1

    def came_of(self, claim: Claim) -> None:
        """Count what became of a message, where nobody was promised anything."""
        self.tally[f"came of it: {self.state(claim)}"] += 1

    def run(self, race: Callable[[], None], times: int) -> None:
        """Run a race so many times."""
        for _ in range(times):
            race()

    def told(self) -> str:
        """The table of what was hit and what came of it."""
        return "\n".join(f"{number:>7,}  {what}" for what, number in sorted(self.tally.items()))
