"""What a round came to, and how it is read from the relay's records and the send journals."""

import re
from collections import Counter
from dataclasses import dataclass
from uuid import UUID

from tests.faults.ground import Ground
from tests.faults.judge import Verdict
from tests.faults.trace import Dot, Trace
from tests.peers.records import Received
from worker import sendjournal

_MESSAGE_ID = re.compile(rb"^Message-ID:\s*<([^>]+)>", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True)
class Told:
    """What a round came to. `proofs`: how often each fault struck."""

    verdict: Verdict
    proofs: dict[str, int]
    trace: Trace
    unanswered: Counter[str]

    def demand(self) -> "Told":
        """Fail unless the promise held, and every fault happened."""
        assert self.verdict.complaints == [], self.proofs
        assert all(self.proofs.values()), f"what never happened proves nothing: {self.proofs}"
        return self

    @property
    def states(self) -> Counter[str]:
        """How many ended how."""
        return Counter(ending.state for ending in self.trace.endings.values())


def dots_of(ground: Ground) -> list[Dot]:
    """Every dot since the last round."""
    finished = ground.peer.records.finished
    seen = finished[:]
    del finished[: len(seen)]
    return [_dot(received) for received in seen]


def unanswered(ground: Ground) -> list[UUID]:
    """The deliveries whose last attempt has a `D` and no `K` in the send journals."""
    last: dict[UUID, tuple[int, int | None]] = {}
    for path in ground.sending().glob("*.sends"):
        for delivery, found in (sendjournal.read(path) or {}).items():
            if delivery not in last or found.fence >= last[delivery][0]:
                last[delivery] = (found.fence, found.code)
    return [delivery for delivery, (_, code) in last.items() if code is None]


def _dot(received: Received) -> Dot:
    found = _MESSAGE_ID.search(received.raw)
    assert found is not None
    assert received.dot_at is not None
    (recipient,) = received.recipients
    return Dot(recipient, found[1].decode(), received.dot_at, received.is_accepted)
