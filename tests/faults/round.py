"""A round: one campaign through the whole product, people leaving, faults striking, judged."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

import psutil
from redis import RedisError
from sqlalchemy.exc import SQLAlchemyError

from mailing.base.database import db
from mailing.deliveries import halting, status
from mailing.people import topics
from mailing.policies import versions
from tests import road
from tests.faults import queues
from tests.faults.crowd import Crowd
from tests.faults.ground import Ground, pace
from tests.faults.judge import judge
from tests.faults.strike import Strike
from tests.faults.told import Told, dots_of, unanswered
from tests.faults.trace import Trace
from tests.faults.watch import Watch

BEGUN = 0.1
PATIENCE = 180.0


@dataclass(frozen=True)
class Scale:
    """How many people, the seconds that the relay takes over each message, and which part of the
    people leaves meanwhile."""

    count: int = 300
    pace: float = 0.03
    share: float = 0.2


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
            with watch.on(leavers=int(scale.count * scale.share)):
                road.start(cast.number)
                opening(ground, crowd)
                struck = _strike(ground, watch, strikes, int(scale.count * BEGUN))
            crowd.disperse()
            proofs = {strike.name: strike.proof(ground) for strike in struck}
        except BaseException:
            _break_off(ground, cast)
            raise
        finally:
            for strike in strikes:
                strike.relax(ground)
    trace = _trace(ground, cast, crowd, watch)
    return Told(judge(trace), proofs, trace, crowd.unanswered)


def _trace(ground: Ground, cast: Cast, crowd: Crowd, watch: Watch) -> Trace:
    endings = watch.endings(cast.addresses)
    return Trace(
        people=frozenset(cast.addresses.values()),
        dots=tuple(dots_of(ground)),
        answers=tuple(crowd.answers),
        samples=tuple(watch.samples),
        endings=endings,
        unanswered=frozenset(unanswered(ground)),
        state=watch.state,
    )


def _strike(ground: Ground, watch: Watch, strikes: Iterable[Strike], begun: int) -> list[Strike]:
    """Strike one after the other for as long as there is a campaign; which came in time."""
    _until(ground, watch, lambda: _accepted(ground) >= begun)
    struck: list[Strike] = []
    for strike in strikes:
        if not watch.is_done:
            strike.hit(ground, watch)
            struck.append(strike)
    assert struck or not strikes, "the campaign was over before anything struck"
    _until(ground, watch, lambda: watch.is_done)
    return struck


def _break_off(ground: Ground, cast: Cast) -> None:
    """What a round that failed leaves behind is not the next one's."""
    ground.dismiss()
    db.session.remove()
    halting.stop(cast.number, road.ACTOR)
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


def _until(ground: Ground, watch: Watch, what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, _stands_still(ground, watch)
        time.sleep(0.05)


def _stands_still(ground: Ground, watch: Watch) -> str:
    """What is known of a campaign that does not move, and of who is at work."""
    last, now = watch.samples[-1:], time.monotonic()
    try:
        known = f"{status.status(watch.number)}, {queues.waiting(ground)}, {ground.pulse()}"
    except (SQLAlchemyError, RedisError, psutil.Error) as error:
        # Whatever is away now is a part of the answer.
        known = repr(error)
    return f"it stands still: {watch.state} {last} at {now}: {known}\n{ground.log()[-3000:]}"


def _accepted(ground: Ground) -> int:
    assert ground.worker is not None
    assert ground.worker.process.poll() is None, ground.log()[-2000:]
    return len(ground.peer.accepted)
