"""Lines: the kept connections of this process to its relays, and the health of each relay."""

import time
from dataclasses import dataclass, field

from psycopg import Connection as Database

from mailing.base.settings import Settings
from mailing.deliveries import relays
from mailing.deliveries.gate import Passed
from mailing.deliveries.message import Octets
from mailing.deliveries.pacing.seats import Seats
from worker.smtp import Connection, Outcome, Phase, Relay, Stage, Verdict

_LONGEST_REST = 30.0
_MESSAGES_A_CONNECTION = 1000
# How long a relay is believed that wanted fewer connections.
_FEWER_SECONDS = 60.0
# A relay that turns down so many senders in a row has something against us, not against them.
_MOST_REFUSALS = 5
# A connection that has just answered need not be asked whether it is still there.
_FRESH_SECONDS = 1.0
_SEATS_EVERY = 2.0
_STUCK_SECONDS = 5.0
# A relay that takes longer to answer a dot gets nothing said behind one: it would wait for the
# answer to a message that is not its own.
_PROMPT_SECONDS = 0.5
_LATE_SECONDS = 1.0
_BELIEVED_SECONDS = 1.0
_LOOK_EVERY = 0.25
_BUSY = (Phase.SENDING, Phase.AT_DOT, Phase.CONFIRMING)

Written = tuple[Passed, Octets]


@dataclass(eq=False)
class Line:
    """One connection, the message that it carries, and the one whose envelope is said behind it.

    `phase` is the one that it stands under in `Lines.by_phase`; `wish` and `descriptor` are what
    the watch knows of it.
    """

    relay: "RelayLines"
    connection: Connection
    passed: Passed | None = None
    following: Passed | None = None
    dotted_at: float = 0.0
    phase: Phase = Phase.CLOSED
    descriptor: int = -1
    wish: int = 0
    idle_since: float = 0.0
    has_worked: bool = False
    opened_at: float = field(default_factory=time.monotonic)


@dataclass(eq=False)
class RelayLines:
    """The connections to one relay."""

    relay: Relay
    limit: int
    lines: set[Line] = field(default_factory=set)
    failures: int = 0
    refusals: int = 0
    rests_until: float = 0.0
    fewer_until: float = 0.0
    seats: int = 0
    prompt_until: float = 0.0

    @property
    def is_prompt(self) -> bool:
        """Whether a dot was answered soon, a moment ago, and nothing is wrong since."""
        now = time.monotonic()
        return self.rests_until <= now < self.prompt_until

    @property
    def is_crowded(self) -> bool:
        """Whether it has more connections than our seats."""
        if len(self.lines) <= self.seats:
            return False
        return sum(line.phase is not Phase.QUITTING for line in self.lines) > self.seats

    @property
    def room(self) -> int:
        """How many more connections may be opened; one that failed is tried with a single one.

        One that is still not greeted after seconds is in nobody's way, nor is one that has said
        QUIT.
        """
        room = min(self.limit, self.seats) - len(self.lines)
        if not self.failures:
            return room
        since = time.monotonic() - _STUCK_SECONDS
        staying = [line for line in self.lines if line.phase is not Phase.QUITTING]
        return min(room, 1 - sum(line.has_worked or line.opened_at > since for line in staying))


class Lines:
    """All connections of this process.

    `by_phase` are those in each phase, in the order in which they came to it; `behind` is how many
    messages have their envelopes said behind the dot of another.
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        self.by_phase: dict[Phase, dict[Line, None]] = {phase: {} for phase in Phase}
        self.behind = 0
        self._helo = settings.bounce_domain
        self._limit = settings.smtp_connections
        self._database = database
        self._seats = Seats(settings, database)
        self._are_counted = settings.relay_connections > 0
        # False while this process ends because of its database.
        self.may_write = True
        self._seats_at = self._ready_at = self._looked_at = 0.0
        self._relays = [
            RelayLines(Relay.parse(url), self._limit, seats=self._limit)
            for url in settings.smtp_url
        ]

    def all(self) -> list[Line]:
        """Every connection that is not closed."""
        return [line for relay in self._relays for line in relay.lines]

    @property
    def busy(self) -> int:
        """How many have a message on them."""
        return sum(len(self.by_phase[phase]) for phase in _BUSY)

    def note(self, line: Line) -> None:
        """Take up where a line stands now; call it after each verb on its connection."""
        before, phase = line.phase, line.connection.phase
        if phase is before:
            return
        line.phase = phase
        self.by_phase[before].pop(line, None)
        if phase is Phase.CLOSED:
            self._closed(line)
            return
        self.by_phase[phase][line] = None
        if phase is Phase.IDLE:
            self._rests(line)

    def take(self, most: int) -> list[Line]:
        """Up to so many that take a message now; stale and worn ones are closed instead."""
        taken: list[Line] = []
        for line in list(self.by_phase[Phase.IDLE]):
            if len(taken) == most:
                break
            if self._is_fresh(line):
                taken.append(line)
            self.note(line)
        return taken

    def followed(self, lines: list[Line]) -> list[Line]:
        """Those of these, which are AT_DOT, that another message may follow at once."""
        going_on = {one for one in self._relays if one.is_prompt and not one.is_crowded}
        return [line for line in lines if line.relay in going_on and self._may_go_on(line)]

    def called_back(self) -> list[tuple[Line, Passed]]:
        """What waits for too long behind a dot, with the line that it is taken from."""
        now = time.monotonic()
        if now - self._looked_at < _LOOK_EVERY:
            return []
        self._looked_at = now
        confirming = self.by_phase[Phase.CONFIRMING]
        late = [line for line in confirming if line.dotted_at < now - _LATE_SECONDS]
        for line in late:
            line.relay.prompt_until = 0.0
        return [(line, called) for line in late if (called := self.call_back(line))]

    def finish(self, line: Line, following: Written | None, now: float) -> None:
        """Write the dot, with the envelope of the message that follows, if there is one."""
        line.dotted_at = now
        if following is not None:
            line.following, octets = following
            line.connection.follow(line.following.permit, octets)
            self.behind += 1
        line.connection.finish()

    def conclude(self, line: Line, outcome: Outcome) -> Passed | None:
        """Which message on the line this is of; it is carried no longer, and what follows it is."""
        following = self._take_off(line)
        if following is not None and following.permit is outcome.permit:
            return following
        ended, line.passed = line.passed, following
        return ended

    def call_back(self, line: Line) -> Passed | None:
        """Let go of the message that follows, which is given back unless it has an outcome."""
        if line.following is None or not line.connection.call_back():
            return None
        return self._take_off(line)

    def grow(self, wanted: int) -> list[Line]:
        """Open connections for up to `wanted` messages that wait, within the limits."""
        opened = []
        for _ in range(wanted - len(self.by_phase[Phase.CONNECTING])):
            relay = self._next_relay()
            if relay is None:
                break
            line = Line(relay, Connection(relay.relay, helo=self._helo))
            line.connection.open()
            relay.lines.add(line)
            if line.connection.phase is Phase.CLOSED:
                self._closed(line)
            else:
                opened.append(line)
        return opened

    def heed(self, line: Line, outcome: Outcome) -> bool:
        """Learn from an answer whether the relay takes anything from us; whether it takes nothing.

        One refusal of MAIL is taken at its word. Many in a row say nothing of the people.
        """
        relay = line.relay
        if outcome.stage is Stage.DOT:
            now = time.monotonic()
            is_prompt = now - line.dotted_at < _PROMPT_SECONDS
            relay.prompt_until = now + _BELIEVED_SECONDS if is_prompt else 0.0
        if outcome.stage is Stage.MAIL and outcome.verdict is not Verdict.ACCEPTED:
            relay.refusals += 1
            if relay.refusals >= _MOST_REFUSALS:
                self._leave_alone(relay, f"{outcome.code} {outcome.text}")
                return True
        elif outcome.stage is not None:
            relay.refusals = 0
            self._is_well(relay)
        return False

    def obey(self) -> None:
        """Leave alone what any process has found to be down; hold no more than our seats.

        A turn begins with this.
        """
        self._ready_at = time.monotonic()
        names = relays.left_alone(self._database)
        now = time.monotonic()
        for relay in self._relays:
            if relay.relay.name in names and not relay.lines:
                relay.rests_until = max(relay.rests_until, now + 1)
                relay.failures = max(relay.failures, 1)
            if relay.limit < self._limit and now > relay.fewer_until:
                relay.limit = self._limit
        self.be_seated()

    def be_seated(self) -> None:
        """Ask every few seconds how many connections this process may hold now."""
        if time.monotonic() - self._seats_at < _SEATS_EVERY:
            return
        self._seats_at = time.monotonic()
        for relay in self._relays:
            relay.seats = self._seats.limit(relay.relay.name, len(relay.lines))
            self._hang_up([line for line in relay.lines if line.phase is Phase.IDLE], -relay.room)

    def rest(self) -> None:
        """Nothing is to be sent for now: where seats are counted, others may have ours."""
        if not self._are_counted:
            return
        self._seats_at = 0.0
        for line in self.all():
            if line.passed is None:
                # Twice: QUIT is said, and its answer not waited for.
                line.connection.close()
                line.connection.close()
                self.note(line)
        for relay in self._relays:
            self._seats.rest(relay.relay.name, len(relay.lines))

    def may_carry(self) -> bool:
        """Whether a message could leave at once or soon: a line is free, or will be in a moment, or
        may be opened."""
        if self.by_phase[Phase.IDLE] or self.by_phase[Phase.CONNECTING]:
            return True
        return self.in_turn > 0 or self._next_relay() is not None

    @property
    def in_turn(self) -> int:
        """How many connections take a message, or another one, in a moment."""
        return sum(len(relay.lines) for relay in self._relays if relay.is_prompt)

    def are_down(self) -> bool:
        """Whether no relay can be used now."""
        if self._are_ready() or self.by_phase[Phase.CONNECTING]:
            return False
        return all(relay.rests_until > time.monotonic() for relay in self._relays)

    def are_stuck(self) -> bool:
        """The same, or none has been ready for seconds: a relay may accept and never greet."""
        now = time.monotonic()
        if self._are_ready():
            self._ready_at = now
        return self.are_down() or now - self._ready_at > _STUCK_SECONDS

    def close(self) -> None:
        """Hang up politely where nothing is being said."""
        for line in self.all():
            line.connection.close()

    def _are_ready(self) -> bool:
        return bool(self.by_phase[Phase.IDLE]) or self.busy > 0

    def _next_relay(self) -> RelayLines | None:
        now = time.monotonic()
        open_ones = [r for r in self._relays if r.rests_until <= now and r.room > 0]
        return min(open_ones, key=lambda relay: len(relay.lines), default=None)

    def _rests(self, line: Line) -> None:
        line.idle_since = time.monotonic()
        if not line.has_worked:
            line.has_worked = True
            if line.relay.refusals < _MOST_REFUSALS:
                self._is_well(line.relay)

    def _closed(self, line: Line) -> None:
        line.relay.lines.discard(line)
        # One that was ready and hung up while it had nothing to do is no sign of trouble.
        if not line.has_worked and line.connection.trouble is not None:
            self._failed(line.relay, line.connection.trouble)

    def _failed(self, relay: RelayLines, trouble: str) -> None:
        if any(line.has_worked for line in relay.lines):
            # Some connections work: the relay wants fewer of them, not none.
            relay.limit = max(1, sum(line.has_worked for line in relay.lines))
            relay.fewer_until = time.monotonic() + _FEWER_SECONDS
        else:
            self._leave_alone(relay, trouble)

    def _leave_alone(self, relay: RelayLines, trouble: str) -> None:
        now = time.monotonic()
        if relay.rests_until > now:
            return
        relay.failures += 1
        seconds = min(2.0 ** (relay.failures - 1), _LONGEST_REST)
        relay.rests_until = now + seconds
        relay.limit = self._limit
        if self.may_write:
            relays.down(self._database, relay.relay.name, trouble, seconds)
        idle = [line for line in relay.lines if line.phase is Phase.IDLE]
        self._hang_up(idle, len(idle))

    def _is_well(self, relay: RelayLines) -> None:
        if relay.failures:
            relay.failures, relay.rests_until = 0, 0.0
            if self.may_write:
                relays.up(self._database, relay.relay.name)

    def _hang_up(self, lines: list[Line], most: int) -> None:
        for line in lines[: max(0, most)]:
            line.connection.close()
            self.note(line)

    def _is_fresh(self, line: Line) -> bool:
        connection, now = line.connection, time.monotonic()
        if _is_worn(line) or line.relay.rests_until > now or line.relay.is_crowded:
            connection.close()
            return False
        return now - line.idle_since < _FRESH_SECONDS or not connection.is_stale()

    def _take_off(self, line: Line) -> Passed | None:
        following, line.following = line.following, None
        self.behind -= following is not None
        return following

    def _may_go_on(self, line: Line) -> bool:
        return not _is_worn(line) and line.connection.may_be_followed()


def _is_worn(line: Line) -> bool:
    return line.connection.transactions >= _MESSAGES_A_CONNECTION
