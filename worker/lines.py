"""Lines: the kept connections of this process to its relays, and the health of each relay."""

import time
from dataclasses import dataclass, field

from psycopg import Connection as Database

from mailing.base.settings import Settings
from mailing.deliveries import relays
from mailing.deliveries.gate import Passed
from worker.smtp import Connection, Phase, Relay

_LONGEST_REST = 30.0
_MESSAGES_A_CONNECTION = 1000
# How long a relay is believed that wanted fewer connections.
_FEWER_SECONDS = 60.0


@dataclass(eq=False)
class Line:
    """One connection, and the message that it carries."""

    relay: "RelayLines"
    connection: Connection
    passed: Passed | None = None
    has_worked: bool = False


@dataclass(eq=False)
class RelayLines:
    """The connections to one relay."""

    relay: Relay
    limit: int
    lines: list[Line] = field(default_factory=list)
    failures: int = 0
    rests_until: float = 0.0
    fewer_until: float = 0.0


class Lines:
    """All connections of this process."""

    def __init__(self, settings: Settings) -> None:
        self._helo = settings.bounce_domain
        self._limit = settings.smtp_connections
        self._relays = [
            RelayLines(Relay.parse(url), settings.smtp_connections) for url in settings.smtp_url
        ]

    def all(self) -> list[Line]:
        """Every connection that is not closed."""
        return [line for relay in self._relays for line in relay.lines]

    def carrying(self) -> list[Line]:
        """The connections with a message on them."""
        return [line for line in self.all() if line.passed is not None]

    def idle(self) -> list[Line]:
        """The connections that take a message now; stale and worn ones are closed instead."""
        idle = [line for line in self.all() if line.connection.phase is Phase.IDLE]
        for line in idle:
            line.has_worked = True
        return [line for line in idle if self._is_fresh(line)]

    def grow(self, wanted: int) -> None:
        """Open connections for up to `wanted` messages that wait, within the limits."""
        connecting = [line for line in self.all() if line.connection.phase is Phase.CONNECTING]
        for _ in range(wanted - len(connecting)):
            relay = self._next_relay()
            if relay is None:
                return
            line = Line(relay, Connection(relay.relay, helo=self._helo))
            line.connection.open()
            relay.lines.append(line)

    def tidy(self, database: Database) -> None:
        """Drop closed connections; a relay that cannot be reached rests, longer each time."""
        for relay in self._relays:
            for line in relay.lines:
                line.has_worked |= line.connection.phase not in (Phase.CONNECTING, Phase.CLOSED)
            closed = [line for line in relay.lines if line.connection.phase is Phase.CLOSED]
            relay.lines = [line for line in relay.lines if line not in closed]
            troubles = [line.connection.trouble for line in closed if _never_worked(line)]
            if troubles:
                self._rest(relay, troubles[-1] or "closed the connection", database)
            elif relay.failures and any(line.has_worked for line in relay.lines):
                relay.failures = 0
                relays.up(database, relay.relay.name)
            if relay.limit < self._limit and time.monotonic() > relay.fewer_until:
                relay.limit = self._limit

    def obey(self, database: Database) -> None:
        """Leave alone what any process has found to be down."""
        names = relays.left_alone(database)
        for relay in self._relays:
            if relay.relay.name in names and not relay.lines:
                relay.rests_until = max(relay.rests_until, time.monotonic() + 1)
                relay.failures = max(relay.failures, 1)

    def are_down(self) -> bool:
        """Whether no relay can be used now."""
        return not self.all() and self._next_relay() is None

    def close(self) -> None:
        """Hang up politely where nothing is being said."""
        for line in self.all():
            line.connection.close()

    def _next_relay(self) -> RelayLines | None:
        now = time.monotonic()
        open_ones = [r for r in self._relays if r.rests_until <= now and len(r.lines) < r.limit]
        return min(open_ones, key=lambda relay: len(relay.lines), default=None)

    def _rest(self, relay: RelayLines, trouble: str, database: Database) -> None:
        if relay.lines:
            # Some connections work: the relay wants fewer of them, not none.
            relay.limit = len(relay.lines)
            relay.fewer_until = time.monotonic() + _FEWER_SECONDS
            return
        relay.failures += 1
        seconds = min(2.0 ** (relay.failures - 1), _LONGEST_REST)
        relay.rests_until = time.monotonic() + seconds
        relay.limit = self._limit
        relays.down(database, relay.relay.name, trouble, seconds)

    @staticmethod
    def _is_fresh(line: Line) -> bool:
        worn = line.connection.transactions >= _MESSAGES_A_CONNECTION
        if worn or line.connection.is_stale():
            line.connection.close()
            return False
        return True


def _never_worked(line: Line) -> bool:
    # One that was ready and hung up while it had nothing to do is no sign of trouble.
    return not line.has_worked and line.connection.trouble is not None
