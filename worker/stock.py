"""The stock: what this process has claimed and not yet asked the gate about.

It never takes much more than may leave soon: what lies here, nobody else can send.
"""

import time
from collections import Counter, deque
from uuid import UUID

from psycopg import Connection as Database

from mailing.base import clock
from mailing.base.settings import Settings
from mailing.deliveries import hours, queue
from mailing.deliveries.pace import Pace
from mailing.deliveries.queue import Claim

# A queue that was empty is asked again after this.
_NAP = 0.05
# How often, while a campaign's claims lie here, what people wait for is looked for.
_URGENT_EVERY = 0.2


class Stock:
    """The claims of one process, paced."""

    def __init__(self, settings: Settings, database: Database, owner: UUID) -> None:
        self._settings = settings
        self._database = database
        self._owner = owner
        self._pace = Pace(settings, database)
        self._claims: deque[Claim] = deque()
        self._again_at = self._urgent_at = 0.0
        self._has_urgent = self._may_return = False

    def __len__(self) -> int:
        return len(self._claims)

    def fill(self, keep: set[int]) -> bool:
        """Claim, and let go of all batches but `keep` and those that it holds something of; whether
        the claim came back full.

        Raises NotAllowed when this process was declared dead.
        """
        most, of_a_campaign = self._pace.room(self._settings.send_batch), self._of_a_campaign()
        held = keep.union(claim.batch_id for claim in self._claims)
        with self._database.transaction():
            queue.release(self._database, self._owner, held)
            claims = queue.claim(self._database, self._owner, most, of_a_campaign)
        self._claims.extend(claims)
        self._may_return = True
        now = time.monotonic()
        self._again_at = now + (0 if claims else _NAP)
        self._urgent_at = now + _URGENT_EVERY
        if not claims:
            self._pace.rest()
        by_campaign = Counter(claim.campaign_id for claim in claims)
        largest = max(by_campaign.values(), default=0)
        return bool(claims) and (len(claims) >= most or largest >= of_a_campaign > 0)

    def is_due(self, low: int) -> bool:
        """Whether it is empty, or, where nothing is paced, holds less than `low`; and the queue
        has not just been found empty."""
        is_low = not self._claims or (self._pace.is_free and len(self._claims) < low)
        return is_low and time.monotonic() >= self._again_at

    def look_for_urgent(self) -> None:
        """Put what a person waits for in front of a campaign's claims, and what was on its way
        before: of a process that died nothing waits until all that lies here has left."""
        if not self._claims or time.monotonic() < self._urgent_at:
            return
        self._urgent_at = time.monotonic() + _URGENT_EVERY
        is_urgent, is_returned = queue.look(self._database, self._owner)
        room = self._room_for_returned() if is_returned else 0
        if not (is_urgent or room):
            return
        with self._database.transaction():
            most = self._settings.send_batch
            urgent = queue.claim_confirmations(self._database, self._owner, most)
            returned = queue.claim_returned(self._database, self._owner, room) if room else []
        self._claims.extendleft(reversed([*urgent, *returned]))
        self._has_urgent = bool(urgent)
        self._may_return = self._may_return and not returned

    def _room_for_returned(self) -> int:
        """How much of what was given back may be taken, where no limit is to be kept.

        Once a fill: campaigns share what is filled, and many that are tried again at once would
        keep all others waiting.
        """
        is_open = self._pace.is_free and hours.may_send(self._settings, clock.now())
        most = self._settings.send_batch
        room = min(2 * most - len(self._claims), most)
        return max(0, room) if is_open and self._may_return else 0

    def take(self, most: int) -> list[Claim]:
        """Up to so many that may be asked about now."""
        if self._pace.is_free:
            return [self._claims.popleft() for _ in range(min(most, len(self._claims)))]
        if self.wait() > 0:
            return []
        self._has_urgent = False
        going, later = self._pace.pick(self._claims, most)
        self._give_back_for_a_while(later)
        return going

    def wait(self) -> float:
        """The seconds for which nothing in it may leave; 0: something may."""
        is_free = self._pace.is_free or self._has_urgent
        return 0.0 if is_free else self._pace.wait()

    def close(self) -> None:
        """Be in nobody's way any more."""
        self._pace.close()

    def give_back(self) -> None:
        """Give everything back; others may claim it."""
        ids = [claim.delivery_id for claim in self._claims]
        with self._database.transaction():
            queue.put_back(self._database, self._owner, ids)
        self._claims.clear()
        self._pace.rest()

    def _of_a_campaign(self) -> int:
        is_open = hours.may_send(self._settings, clock.now())
        return self._pace.campaign_room(self._settings.send_batch) if is_open else 0

    def _give_back_for_a_while(self, later: list[tuple[Claim, float]]) -> None:
        waits = {claim.delivery_id: max(seconds, 0.1) for claim, seconds in later}
        with self._database.transaction():
            queue.put_off(self._database, self._owner, waits)
