"""The engine: claim, gate, body, seal, journal, dot, reply, result (enforcement.md, "Sending").

One loop over all connections of the process. Gate and seal are asked for whatever is ready in
one go, so a message costs no commit of its own, and a slow connection delays its own message
only. A database error ends the process: what was sealed is finished and journalled, nothing
else gets its dot, and the sweep settles the rest.
"""

import time
from collections.abc import Callable

from psycopg import Connection as Database

from mailing.base.database import db
from mailing.base.settings import Settings
from mailing.deliveries import queue
from mailing.deliveries.gate import Passed
from mailing.deliveries.results import Ending
from mailing.deliveries.seal import seal
from worker.gathering import Gathering
from worker.incarnation import Incarnation
from worker.lines import Line, Lines, Written
from worker.permits import Permits
from worker.sendjournal import Dot
from worker.smtp import Outcome, Phase
from worker.stock import Stock
from worker.watch import Watch
from worker.writing import Writing

FINISH_SECONDS = 30.0
# How long a turn that is over waits for its last answers before another begins.
_PAUSE_SECONDS = 1.0
_NAP = 0.05


class Engine:
    """The sending of one process: its connections and what is in flight outlive a task."""

    def __init__(self, settings: Settings, life: Incarnation, database: Database) -> None:
        self._life = life
        self._database = database
        self._lines = Lines(settings, database)
        self._watch = Watch()
        self._stock = Stock(settings, database, life.id)
        self._permits = Permits(settings, database, life.id, life.journal)
        self._writing = Writing(settings, self._permits)
        self._to_gate, self._to_seal = Gathering(), Gathering()

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
            if not self._lines.busy:
                break
        return full and not self._lines.are_down()

    def die(self, tells: bool) -> None:
        """End what is sealed, write it to the journal, and hang up; the process ends.

        `tells`: the database is not what failed, so it is told of the results as well.
        """
        deadline = time.monotonic() + FINISH_SECONDS
        self._permits.may_write = self._lines.may_write = tells
        self._hang_up()
        while self._lines.busy and time.monotonic() < deadline:
            self._listen(self._patience())
            self._hang_up()
        # What was heard when the process failed may not be written yet, and nothing be busy.
        self._permits.note_replies()
        if tells:
            self._permits.ask([])

    def close(self) -> None:
        """Hang up politely."""
        self._stock.close()
        self._lines.close()

    def _turn(
        self, seconds: float, is_ending: Callable[[], bool], more: Callable[[], None]
    ) -> bool:
        deadline = time.monotonic() + seconds
        self._lines.obey()
        # What has happened on the connections since: an end that nobody hears of keeps its place.
        self._listen(0.0)
        full = self._fill()
        if full:
            more()
        while time.monotonic() < deadline and not is_ending():
            if self._stock.is_due(self._lines.in_turn):
                full = self._fill()
            if self._is_done() or (self._stock and self._lines.are_stuck()):
                break
            self._step()
        return full

    def _fill(self) -> bool:
        """Claim, where something could leave at once: others may have lines that are free."""
        return self._lines.may_carry() and self._stock.fill(self._batches())

    def _batches(self) -> set[int]:
        """The batches of which something is on its way here."""
        carried = [(line.passed, line.following) for line in self._lines.all()]
        return {passed.batch_id for both in carried for passed in both if passed}

    def _is_done(self) -> bool:
        return not self._stock and self._permits.is_all_told and not self._lines.busy

    def _step(self) -> None:
        if self._lines.may_carry():
            self._stock.look_for_urgent()
        self._lines.be_seated()
        if self._stock:
            for line in self._lines.grow(len(self._stock) - self._idle):
                self._note(line)
        is_quiet = not self._listen(self._patience())
        for line, passed in self._lines.called_back():
            self._permits.tell(passed, Ending.CALLED_BACK)
            self._note(line)
        ready = self._ripe(is_quiet)
        followed = self._begin(is_quiet, self._lines.followed(ready))
        self._seal(ready, followed)

    def _listen(self, patience: float) -> int:
        """Let the connections go on that can within so many seconds; how many."""
        ready = self._watch.ready(patience)
        for line in ready:
            self._advance(line)
            self._note(line)
        self._permits.note_replies()
        return len(ready)

    def _advance(self, line: Line) -> None:
        outcome = line.connection.advance()
        while outcome is not None:
            self._conclude(line, outcome)
            outcome = line.connection.take()

    def _note(self, line: Line) -> None:
        """Take up what a verb has done to a line; call it after each."""
        if line.connection.phase is Phase.CLOSED and line.passed is not None:
            # Nothing will wake us for it any more: what is due for its message is due now.
            self._advance(line)
        self._watch.note(line)
        self._lines.note(line)

    def _patience(self) -> float:
        may_begin = self._stock and self._idle and not self._stock.wait()
        if may_begin or self._lines.by_phase[Phase.AT_DOT]:
            return self._to_seal.patience
        return min(_NAP, self._stock.wait() or _NAP)

    @property
    def _idle(self) -> int:
        return len(self._lines.by_phase[Phase.IDLE])

    def _ripe(self, is_quiet: bool) -> list[Line]:
        """The lines that are to be sealed now."""
        by_phase = self._lines.by_phase
        moving, at_dot = len(by_phase[Phase.SENDING]) + self._lines.behind, by_phase[Phase.AT_DOT]
        if not self._to_seal.is_ripe(len(at_dot), moving, is_quiet):
            return []
        self._to_seal.went()
        return list(at_dot)

    def _begin(self, is_quiet: bool, at_dot: list[Line]) -> dict[Line, Written]:
        """Ask the gate for as many as there are idle connections, and start on the yeses.

        It is asked for what may follow on lines at the dot as well: by line, what does.
        """
        lines = self._free(is_quiet, bool(at_dot))
        claims = self._stock.take(len(lines) + len(at_dot)) if lines or at_dot else []
        # Results ride with the group that gathers at the dot, if there is one.
        is_gathering = bool(self._lines.by_phase[Phase.AT_DOT])
        if not claims and (is_gathering or not self._permits.is_overdue()):
            return {}
        self._to_gate.went()
        written = self._writing.group(self._permits.ask(claims))
        for line, (one, octets) in zip(lines, written, strict=False):
            line.connection.send(one.permit, octets)
            line.passed = one
            self._note(line)
        # What a message was composed from is read outside; no transaction may stay open for it.
        db.session.rollback()
        return dict(zip(at_dot, written[len(lines) :], strict=False))

    def _free(self, is_quiet: bool, has_company: bool) -> list[Line]:
        """The idle lines to ask the gate for now, where others are asked for or they are enough."""
        wanted = min(self._idle, len(self._stock))
        moving = self._lines.busy if wanted < len(self._stock) else 0
        is_time = self._to_gate.is_ripe(wanted, moving, is_quiet or has_company)
        return self._lines.take(wanted) if is_time else []

    def _seal(self, ready: list[Line], followed: dict[Line, Written]) -> None:
        """Seal these, whose bodies are written, then write their dots, or hang up."""
        if not ready:
            return
        sealing = [(line, line.passed) for line in ready if line.passed]
        began = time.monotonic()
        sealed = seal(self._database, self._life.id, [one.permit for _, one in sealing])
        self._to_seal.took(time.monotonic() - began)
        self._life.journal.dots(_dot(p) for _, p in sealing if p.permit.delivery_id in sealed)
        now = time.monotonic()
        for line, passed in sealing:
            following = followed.get(line)
            if passed.permit.delivery_id in sealed:
                self._lines.finish(line, following, now)
            else:
                line.connection.abandon()
                line.passed = None
                self._permits.tell(passed, Ending.ABORTED)
                if following:
                    self._permits.tell(following[0], Ending.CALLED_BACK)
            self._note(line)

    def _hang_up(self) -> None:
        """Hang up but where a dot waits for its answer."""
        for line in self._lines.all():
            if line.connection.phase is Phase.CONFIRMING:
                self._lines.call_back(line)
            else:
                line.connection.abandon()
                line.passed = None
            self._note(line)

    def _conclude(self, line: Line, outcome: Outcome) -> None:
        passed = self._lines.conclude(line, outcome)
        if passed is not None:
            self._permits.hear(passed, outcome)
            is_of_us = self._lines.heed(line, outcome)
            self._permits.conclude(passed, outcome, is_of_us)

    def _finish(self, is_ending: Callable[[], bool]) -> None:
        """Give back what was not begun, finish what is in flight, write the results down.

        A process that ends waits longer: what has no answer by then becomes uncertain.
        """
        began = time.monotonic()
        self._stock.give_back()
        while not self._is_done() and time.monotonic() < began + _patience_of(is_ending):
            self._step()
        if not self._permits.is_all_told:
            self._permits.ask([])
        with self._database.transaction():
            queue.release(self._database, self._life.id, self._batches())
        self._lines.rest()


def _dot(passed: Passed) -> Dot:
    permit, campaign = passed.permit, passed.campaign_id
    return Dot(permit.delivery_id, permit.fence, campaign, passed.digest, passed.subscriber_id)


def _patience_of(is_ending: Callable[[], bool]) -> float:
    return FINISH_SECONDS if is_ending() else _PAUSE_SECONDS
