"""A life of a sending process as the stateful tests drive it: what it has in hand, and what its
journal says. It obeys the protocol; how late, how often and until when, chance decides."""

from dataclasses import dataclass, field
from uuid import UUID, uuid4

from mailing.deliveries.gate import Passed
from mailing.deliveries.incarnations import Trace
from mailing.deliveries.queue import Claim
from mailing.deliveries.results import Ending, Result

_BY_CODE = {250: Ending.ACCEPTED, 450: Ending.DEFERRED, 550: Ending.REFUSED}


@dataclass
class Carry:
    """One message in its hands: `open`, then `sealed`, then `over`, with the result it tells."""

    passed: Passed
    phase: str = "open"
    result: Result | None = None

    @property
    def id(self) -> UUID:
        return self.passed.permit.delivery_id

    @property
    def fence(self) -> int:
        return self.passed.permit.fence

    def end(self, ending: Ending, code: int | None = None) -> None:
        """It is over, in this way."""
        self.phase = "over"
        self.result = Result(self.id, self.fence, ending, self.passed.attempts, code)


@dataclass
class Life:
    """One incarnation: dead ones are kept, for what they asked may come late."""

    id: UUID = field(default_factory=uuid4)
    claims: list[Claim] = field(default_factory=list)
    carries: list[Carry] = field(default_factory=list)
    journal: dict[UUID, Trace] = field(default_factory=dict)
    told: list[Result] = field(default_factory=list)

    def hear(self, carry: Carry, code: int | None) -> None:
        """Write `D`, hear what the relay says (None: cut off), write `K`."""
        self.journal[carry.id] = Trace(carry.fence, code)
        carry.end(_BY_CODE[code] if code else Ending.UNCERTAIN, code)

    def in_hand(self) -> set[int]:
        """The batches of what it has not given away."""
        claims = {claim.batch_id for claim in self.claims}
        return claims | {carry.passed.batch_id for carry in self.carries}
