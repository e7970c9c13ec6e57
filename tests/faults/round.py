"""A round: one campaign through the whole product, people leaving, faults striking, judged."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from mailing.base.database import db
from mailing.deliveries import dispatch
from mailing.people import topics
from mailing.policies import versions
from tests import road
from tests.faults.crowd import Crowd
from tests.faults.ground import Ground, pace
from tests.faults.judge import Verdict, judge
from tests.faults.strike import Strike
from tests.faults.trace import Dot, Trace
from tests.faults.watch import Watch
from tests.peers.records import Received
from worker import sendjournal

SHARE = 0.2
BEGUN = 0.1
PATIENCE = 60.0
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


@dataclass(frozen=True)
class Scale:
    """How many people, and the seconds that the relay takes over each message."""

    count: int = 300
    pace: float = 0.03


@dataclass(frozen=True)
class Cast:
    """The people of one round: a topic of their own, their campaign, their links to leave."""

    number: int
    addresses: dict[UUID, str]
    tokens: dict[UUID, str]


SMALL = Scale()


def _hire(ground: Ground, _crowd: Crowd) -> None:
    ground.hire()


def fight(
    ground: Ground,
    *strikes: Strike,
    scale: Scale = SMALL,
    opening: Callable[[Ground, Crowd], object] = _hire,
) -> Told:
    """One round against these faults. `opening` follows the start and sees to workers."""
    with ground.app.app_context():
        cast = gather(ground, scale.count)
        crowd = Crowd(ground.web_port, cast.tokens, cast.addresses)
        watch = Watch(ground, cast.number, list(cast.addresses), crowd)
        ground.peer.heal()
        for strike in strikes:
            strike.prepare(ground)
        ground.peer.behave(pace(scale.pace))
        try:
            with watch.on(leavers=int(scale.count * SHARE)):
                road.start(cast.number)
                opening(ground, crowd)
                _strike(ground, watch, strikes, int(scale.count * BEGUN))
            crowd.disperse()
        except BaseException:
            _break_off(ground, cast)
            raise
    return tell(ground, cast, crowd, watch, strikes)


def _strike(ground: Ground, watch: Watch, strikes: Iterable[Strike], begun: int) -> None:
    _until(ground, watch, lambda: _accepted(ground) >= begun)
    assert not watch.is_done, "the campaign was over before anything struck"
    for strike in strikes:
        strike.hit(ground, watch)
    _until(ground, watch, lambda: watch.is_done)


def _break_off(ground: Ground, cast: Cast) -> None:
    """What a round that failed leaves behind is not the next one's."""
    ground.dismiss()
    db.session.remove()
    dispatch.stop(cast.number, road.ACTOR)
    db.session.commit()
    dots_of(ground)


def gather(ground: Ground, count: int) -> Cast:
    """So many new people with a yes to a new topic, and a campaign to them."""
    db.engine.dispose()
    ground.rounds += 1
    slug = f"round-{ground.rounds}"
    topics.add(slug, "products_services", slug, slug, slug)
    policy = versions.published()[-1]
    first = ground.rounds * 1_000_000
    ids = road.subscribe(policy, count, slug, first)
    cast = Cast(
        road.campaign(slug),
        {one: road.address(number) for number, one in enumerate(ids, first)},
        {one: road.leave_token(one, slug) for one in ids},
    )
    db.session.remove()
    return cast


def tell(ground: Ground, cast: Cast, crowd: Crowd, watch: Watch, strikes: Iterable[Strike]) -> Told:
    """Judge what was seen. The relay's records begin anew."""
    endings = watch.endings(cast.addresses)
    trace = Trace(
        people=frozenset(cast.addresses.values()),
        dots=tuple(dots_of(ground)),
        answers=tuple(crowd.answers),
        samples=tuple(watch.samples),
        endings=endings,
        unanswered=frozenset(unanswered(ground)),
        state=watch.state,
    )
    proofs = {strike.name: strike.proof(ground) for strike in strikes}
    return Told(judge(trace), proofs, trace, crowd.unanswered)


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


def _until(ground: Ground, watch: Watch, what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        last = (watch.state, watch.samples[-1:])
        assert time.monotonic() < deadline, f"it stands still: {last}\n{ground.log()[-3000:]}"
        time.sleep(0.05)


def _accepted(ground: Ground) -> int:
    assert ground.worker is not None
    assert ground.worker.process.poll() is None, ground.log()[-2000:]
    return len(ground.peer.accepted)


def _dot(received: Received) -> Dot:
    found = _MESSAGE_ID.search(received.raw)
    assert found is not None
    assert received.dot_at is not None
    (recipient,) = received.recipients
    return Dot(recipient, found[1].decode(), received.dot_at, received.is_accepted)
