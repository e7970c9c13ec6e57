"""The engine: claim, gate, body, seal, journal, dot, reply, result (enforcement.md, "Sending").

One loop over all connections of the process. Gate and seal are asked for whatever is ready in
one go, so a message costs no commit of its own, and a slow connection delays its own message
only. A database error ends the process: what was sealed is finished and journalled, nothing
else gets its dot, and the sweep settles the rest.
"""

import selectors
import time
from collections import deque
from collections.abc import Callable

import structlog
from psycopg import Connection as Database
from psycopg.errors import DeadlockDetected, LockNotAvailable, SerializationFailure
from sqlalchemy.exc import SQLAlchemyError

from mailing.base.database import db
from mailing.base.errors import Invalid, KelisimError
from mailing.base.settings import Settings
from mailing.deliveries import gate, queue
from mailing.deliveries.gate import Passed
from mailing.deliveries.letters import Letters
from mailing.deliveries.queue import Claim
from mailing.deliveries.results import Ending, Result
from mailing.deliveries.seal import seal
from worker.incarnation import Incarnation
from worker.lines import Line, Lines
from worker.smtp import Outcome, Phase, Verdict

ENDINGS = {
    Verdict.ACCEPTED: Ending.ACCEPTED,
    Verdict.REFUSED: Ending.REFUSED,
    Verdict.DEFERRED: Ending.DEFERRED,
    Verdict.LOST: Ending.LOST,
    Verdict.UNKNOWN: Ending.UNCERTAIN,
}

FINISH_SECONDS = 30.0
# How long a turn that is over waits for its last answers before another begins.
_PAUSE_SECONDS = 1.0
_NAP = 0.05
_GATHER = 0.004
_RESULTS_WAIT = 0.02
_RETRY_ONCE = (DeadlockDetected, SerializationFailure, LockNotAvailable)

_log = structlog.get_logger()


class Engine:
    """The sending of one process: its connections and what is in flight outlive a task."""

    def __init__(self, settings: Settings, life: Incarnation, database: Database) -> None:
        self._settings = settings
        self._life = life
        self._database = database
        self._letters = Letters(settings)
        self._lines = Lines(settings)
        self._selector = selectors.DefaultSelector()
        self._claims: deque[Claim] = deque()
        self._results: list[Result] = []
        self._told_at = time.monotonic()
        self._sealed_at = 0.0
        self._claim_at = 0.0

    def work(self, seconds: float, is_ending: Callable[[], bool], more: Callable[[], None]) -> bool:
        """Send until nothing is left or `seconds` have passed; whether there may be more.

        `more` is called when a claim comes back full: others may help. When `is_ending` says
        so, nothing new is begun and what is in flight is finished for at most 30 s. Otherwise
        no message is left on a connection that nobody listens to: while a relay takes its
        time over one, others are sent.
        """
        full = True
        while not is_ending():
            full = self._turn(seconds, is_ending, more)
            self._finish(is_ending)
            if not self._lines.carrying():
                break
        return full and not self._lines.are_down()

    def _turn(
        self, seconds: float, is_ending: Callable[[], bool], more: Callable[[], None]
    ) -> bool:
        deadline = time.monotonic() + seconds
        self._lines.obey(self._database)
        full = self._claim()
        if full:
            more()
        while time.monotonic() < deadline and not is_ending():
            if not self._claims and time.monotonic() >= self._claim_at:
                full = self._claim()
            if self._is_done() or (self._claims and self._lines.are_down()):
                break
            self._step()
        return full

    def die(self, tells: bool) -> None:
        """End what is sealed, write it to the journal, and hang up; the process ends.

        `tells`: the database is not what failed, so it is told of the results as well.
        """
        deadline = time.monotonic() + FINISH_SECONDS
        for line in self._lines.all():
            if line.connection.phase is not Phase.CONFIRMING:
                line.connection.abandon()
                line.passed = None
        while self._lines.carrying() and time.monotonic() < deadline:
            self._listen()
        if tells:
            self._ask([])

    def close(self) -> None:
        """Hang up politely."""
        self._lines.close()

    def _claim(self) -> bool:
        now = time.monotonic()
        if not self._lines.are_down():
            limit = self._settings.send_batch
            with self._database.transaction():
                queue.release(self._database, self._life.id, self._batches())
                self._claims.extend(queue.claim(self._database, self._life.id, limit))
            self._claim_at = now + (0 if self._claims else _NAP)
            return len(self._claims) >= limit
        return False

    def _batches(self) -> set[int]:
        """The batches of which something is still in work here."""
        claimed = {claim.batch_id for claim in self._claims}
        return claimed | {line.passed.batch_id for line in self._lines.carrying() if line.passed}

    def _is_done(self) -> bool:
        return not (self._claims or self._results or self._lines.carrying())

    def _step(self) -> None:
        if self._claims:
            self._lines.grow(len(self._claims) - len(self._lines.idle()))
        self._begin()
        self._listen()
        self._seal()
        self._lines.tidy(self._database)

    def _begin(self) -> None:
        """Ask the gate for as many as there are idle connections, and start on the yeses."""
        idle = self._lines.idle() if self._claims else []
        if self._gathers(len(idle), len(self._lines.all()), self._told_at):
            idle = []
        asked = [self._claims.popleft() for _ in range(min(len(idle), len(self._claims)))]
        overdue = self._results and time.monotonic() - self._told_at > _RESULTS_WAIT
        if not asked and not overdue:
            return
        passed = self._ask(asked)
        self._results, self._told_at = [], time.monotonic()
        for line, one in zip(idle, passed, strict=False):
            self._start(line, one)
        # What a message was composed from is read outside; no transaction may stay open for it.
        db.session.rollback()

    def _ask(self, asked: list[Claim]) -> list[Passed]:
        questions = (self._database, self._settings, self._life.id, asked, self._results)
        try:
            return gate.ask(*questions)
        except _RETRY_ONCE as error:
            # These errors say that nothing was committed, so asking again is safe.
            _log.info("the gate is asked again", error=type(error).__name__)
            return gate.ask(*questions)

    def _start(self, line: Line, passed: Passed) -> None:
        message = self._write(passed)
        if message is None:
            return
        try:
            line.connection.send(passed.permit, message)
        except ValueError as error:
            self._tell(passed, Ending.CANNOT_RENDER, None, str(error))
        else:
            line.passed = passed

    def _write(self, passed: Passed) -> bytes | None:
        """The message; None when there can be none, which is told then.

        One message must not keep all others from leaving, and again after every restart.
        """
        try:
            return self._letters.write(passed)
        except SQLAlchemyError:
            raise
        except Invalid as error:
            self._tell(passed, Ending.CANNOT_RENDER, None, error.message)
        except KelisimError as error:
            self._tell(passed, Ending.DEFERRED, None, error.message)
        except Exception as error:
            name, delivery = type(error).__name__, str(passed.permit.delivery_id)
            _log.error("a message cannot be made", delivery=delivery, error=name)
            self._tell(passed, Ending.CANNOT_RENDER, None, name)
        return None

    @staticmethod
    def _gathers(ready: int, of: int, since: float) -> bool:
        """Whether a group waits for a few milliseconds more: a commit costs the same for all."""
        return 0 < ready * 2 < of and time.monotonic() - since < _GATHER

    def _listen(self) -> None:
        for line in self._ready():
            outcome = line.connection.advance()
            if outcome is not None:
                self._conclude(line, outcome)

    def _ready(self) -> list[Line]:
        lines = [line for line in self._lines.all() if line.connection.wants()]
        for line in lines:
            self._selector.register(line.connection, line.connection.wants(), line)
        wait = self._patience(lines)
        ready = {id(key.data): key.data for key, _ in self._selector.select(wait)}
        for line in lines:
            self._selector.unregister(line.connection)
        now = time.monotonic()
        late = [line for line in lines if (line.connection.deadline() or now + 1) <= now]
        return [*ready.values(), *(line for line in late if id(line) not in ready)]

    def _patience(self, lines: list[Line]) -> float:
        gathering = {Phase.AT_DOT, Phase.IDLE} if self._claims else {Phase.AT_DOT}
        if any(line.connection.phase in gathering for line in lines):
            return _GATHER / 2
        now = time.monotonic()
        deadlines = [line.connection.deadline() or now + _NAP for line in lines]
        return max(0.0, min([_NAP, *(deadline - now for deadline in deadlines)]))

    def _seal(self) -> None:
        """Seal every message whose body is written, then write its dot, or hang up."""
        at_dot = [line for line in self._lines.carrying() if line.connection.phase is Phase.AT_DOT]
        passed = [line.passed for line in at_dot if line.passed]
        if not passed or self._gathers(len(passed), len(self._lines.carrying()), self._sealed_at):
            return
        self._sealed_at = time.monotonic()
        sealed = seal(self._database, self._life.id, [one.permit for one in passed])
        for line, one in zip(at_dot, passed, strict=True):
            if one.permit.delivery_id in sealed:
                self._dot(line, one)
            else:
                line.connection.abandon()
                line.passed = None
                self._tell(one, Ending.ABORTED, None, "")

    def _dot(self, line: Line, passed: Passed) -> None:
        permit = passed.permit
        self._life.journal.dot(permit.delivery_id, permit.fence, passed.campaign_id, passed.digest)
        line.connection.finish()
        outcome = line.connection.advance()
        if outcome is not None:
            self._conclude(line, outcome)

    def _conclude(self, line: Line, outcome: Outcome) -> None:
        passed, line.passed = line.passed, None
        if passed is None:
            return
        if outcome.dot_written and outcome.code is not None:
            self._note_reply(passed, outcome.code, outcome.text)
        self._tell(passed, ENDINGS[outcome.verdict], outcome.code, outcome.text)

    def _note_reply(self, passed: Passed, code: int, text: str) -> None:
        permit = passed.permit
        try:
            self._life.journal.reply(permit.delivery_id, permit.fence, code, text)
        except OSError as error:
            # The database is told as well; the next dot will not be written.
            _log.error("a reply is not in the send journal", error=str(error))

    def _tell(self, passed: Passed, ending: Ending, code: int | None, text: str) -> None:
        permit = passed.permit
        self._results.append(
            Result(permit.delivery_id, permit.fence, ending, passed.attempts, code, text)
        )

    def _finish(self, is_ending: Callable[[], bool]) -> None:
        """Give back what was not begun, finish what is in flight, write the results down.

        A process that ends waits longer: what has no answer by then becomes uncertain.
        """
        began = time.monotonic()
        with self._database.transaction():
            queue.put_back(self._database, self._life.id, [c.delivery_id for c in self._claims])
        self._claims.clear()
        while not self._is_done() and time.monotonic() < began + _patience_of(is_ending):
            self._step()
        if self._results:
            self._ask([])
            self._results = []
        with self._database.transaction():
            queue.release(self._database, self._life.id, self._batches())


def _patience_of(is_ending: Callable[[], bool]) -> float:
    return FINISH_SECONDS if is_ending() else _PAUSE_SECONDS
