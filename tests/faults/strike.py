"""A strike: one fault against the ground, which has to prove that it happened."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tests.faults.ground import Ground
from tests.faults.watch import Watch
from tests.peers.faults import Fault


class Strike(Protocol):
    """What a round needs of a fault."""

    @property
    def name(self) -> str:
        """What happens, in words that finish "the promise holds when …"."""

    def prepare(self, ground: Ground) -> None:
        """Before the campaign begins."""

    def hit(self, ground: Ground, watch: Watch) -> None:
        """In the middle of the campaign."""

    def proof(self, ground: Ground) -> int:
        """After the campaign: how often it struck, by evidence from outside the product."""

    def relax(self, ground: Ground) -> None:
        """Whatever became of the round: take away what would outlive it."""


class Passing:
    """A fault that leaves nothing behind."""

    def relax(self, ground: Ground) -> None:
        """There is nothing to take away."""


@dataclass
class Blow(Passing):
    """A fault that strikes once, in the middle; `act` does it and returns the evidence of it."""

    name: str
    act: Callable[[Ground, Watch], int]
    happened: int = 0

    def prepare(self, ground: Ground) -> None:
        """Nothing has happened yet."""
        self.happened = 0

    def hit(self, ground: Ground, watch: Watch) -> None:
        """Do it."""
        self.happened = self.act(ground, watch)

    def proof(self, ground: Ground) -> int:
        """What `act` has seen of it."""
        return self.happened


@dataclass
class Misbehaviour(Passing):
    """A relay that does what it should not, from the beginning; each fault has to have struck."""

    name: str
    faults: tuple[Fault, ...]

    def prepare(self, ground: Ground) -> None:
        """Tell the relay; what it did in earlier rounds is not counted."""
        self._before = [ground.peer.script.struck(fault) for fault in self.faults]
        ground.peer.behave(*self.faults)

    def hit(self, ground: Ground, watch: Watch) -> None:
        """It has been at it all the time."""

    def proof(self, ground: Ground) -> int:
        """How often they struck; 0 where one of them never did."""
        after = [ground.peer.script.struck(fault) for fault in self.faults]
        struck = [b - a for a, b in zip(self._before, after, strict=True)]
        return sum(struck) if all(struck) else 0


@dataclass
class Standing(Passing):
    """A fault that is there from before the campaign; `evidence` counts it since ever."""

    name: str
    begin: Callable[[Ground], None]
    evidence: Callable[[Ground], int]

    def prepare(self, ground: Ground) -> None:
        """Begin it."""
        self._before = self.evidence(ground)
        self.begin(ground)

    def hit(self, ground: Ground, watch: Watch) -> None:
        """It is there."""

    def proof(self, ground: Ground) -> int:
        """How often it was seen in this round."""
        return self.evidence(ground) - self._before
