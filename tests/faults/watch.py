"""The watch: looks at a campaign again and again, and tells the crowd whose message is near."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import psycopg

from tests.faults.crowd import Crowd
from tests.faults.ground import Ground
from tests.faults.trace import Ending, Sample

EVERY = 0.03
# This part of those who leave does so as soon as it can.
AT_ONCE = 0.2
_SAMPLE = """
    SELECT c.state, coalesce(c.audience, 0), coalesce((
        SELECT jsonb_object_agg(state, number) FROM (
            SELECT state, count(*) AS number FROM deliveries WHERE campaign_id = c.id
            GROUP BY state) s), '{}')
    FROM campaigns c WHERE c.id = %s
"""
_NEAR = """
    SELECT subscriber_id FROM deliveries
    WHERE campaign_id = %s AND state IN ('claimed', 'open', 'sealed')
    ORDER BY state = 'claimed', random() LIMIT 1
"""
_ENDINGS = "SELECT subscriber_id, id, state, reason FROM deliveries WHERE campaign_id = %s"


class Watch:
    """One campaign under watch. `leavers` is how many of its people shall leave meanwhile."""

    def __init__(self, ground: Ground, number: int, people: list[UUID], crowd: Crowd) -> None:
        self.samples: list[Sample] = []
        self.state = ""
        self._ground = ground
        self.number = number
        self._people = people
        self.crowd = crowd
        self._leavers = 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)

    @contextmanager
    def on(self, leavers: int) -> Iterator["Watch"]:
        """Look on for as long as the block lasts."""
        self._leavers = leavers
        self._thread.start()
        try:
            yield self
        finally:
            self._is_over.set()
            self._thread.join(120)

    @property
    def is_done(self) -> bool:
        """Whether the campaign was done at the last look."""
        return self.state == "done"

    def rows(self, *states: str) -> int:
        """How many rows had one of these states at the last look."""
        last = self.samples[-1].rows if self.samples else {}
        return sum(last.get(state, 0) for state in states)

    def endings(self, addresses: dict[UUID, str]) -> dict[str, Ending]:
        """What became of everybody; the last look of all comes before it."""
        with self._ground.direct() as database:
            self._look(database)
            rows = database.execute(_ENDINGS, [self.number]).fetchall()
        return {addresses[row[0]]: Ending(*row[1:]) for row in rows}

    def _look_on(self) -> None:
        while not self._is_over.is_set():
            try:
                with self._ground.direct() as database:
                    while not self._is_over.wait(EVERY):
                        self._look(database)
                        self._send_somebody_off(database)
            except (psycopg.Error, OSError):
                # PostgreSQL is being harmed; it will be back.
                time.sleep(EVERY)

    def _look(self, database: psycopg.Connection) -> None:
        row = database.execute(_SAMPLE, [self.number]).fetchone()
        assert row is not None
        self.state = row[0]
        self.samples.append(Sample(time.monotonic(), row[1], row[2]))

    def _send_somebody_off(self, database: psycopg.Connection) -> None:
        """Somebody whose message is on its way, and somebody at random; some at the beginning,
        the others as the campaign goes on, so that there are always more to come."""
        audience = self.samples[-1].audience or 1
        gone = AT_ONCE + self.rows("accepted", "held", "refused", "uncertain") / audience
        if self.state == "sending" and self.crowd.size < self._leavers * min(gone, 1):
            near = [row[0] for row in database.execute(_NEAR, [self.number])]
            self.crowd.leave([*near, random.choice(self._people)])
