"""The evidence of one person, their bundle, and a check of the whole ledger, among many people."""

from collections.abc import Callable
from time import perf_counter
from typing import Any
from uuid import UUID

from sqlalchemy import text

from bench import crowd, ground
from bench.goals import figures
from bench.measure import demand
from bench.sizes import Sizes
from bench.talk import say
from mailing.base.database import db
from mailing.base.settings import current
from mailing.people import ledger
from mailing.people.subscribers import Subscriber, personal_of
from mailing.requests import asof
from mailing.requests.bundles import making
from mailing.requests.bundles.rows import LeftOut
from tests import road

_PEOPLE, _LEFT_EVERY = 30, 3


def measure(sizes: Sizes) -> dict[str, Any]:
    """Milliseconds of one person's evidence, seconds of their bundle (the slowest of thirty)."""
    with ground.ground() as place:
        crowd.lay(place, road.lay().id, sizes.large, _LEFT_EVERY)
        _read((people := _some()).pop())  # The first question pays for what is made once.
        read = [_timed(lambda one=one: _read(one)) for one in people]  # type: ignore[misc]
        made = [_timed(lambda one=one: _make(one)) for one in people]  # type: ignore[misc]
        checked = _check()
    say(f"evidence: {max(read) * 1000:.0f} ms at the most; bundle: {max(made):.2f} s")
    return {
        "figures": figures(evidence_ms=max(read) * 1000, bundle_seconds=max(made)),
        "people": sizes.large,
        "evidence_seconds": read,
        "bundle_seconds": made,
        "ledger_verify": checked,
    }


def _some() -> list[UUID]:
    query = text("SELECT id FROM subscribers ORDER BY random() LIMIT :count")
    return list(db.session.scalars(query, {"count": _PEOPLE + 1}))


def _read(person: UUID) -> None:
    personal = personal_of(db.session.get_one(Subscriber, person))
    demand(personal is not None, "somebody of the crowd has no address")
    told = asof.of(personal.email if personal else "").document(current().time_zone)
    demand(len(told["entries"]) > 0, "somebody of the crowd has no entry")


def _make(person: UUID) -> None:
    making.make(person, LeftOut(), lambda done, steps: None)


def _check() -> dict[str, Any]:
    seen = {"people": 0, "entries": 0}
    begun = perf_counter()
    broken = next(ledger.verify(None, lambda p, e: seen.update(people=p, entries=e)), None)
    demand(broken is None, f"a chain is broken: {broken}")
    seconds = perf_counter() - begun
    return {**seen, "seconds": seconds, "entries_per_second": seen["entries"] / seconds}


def _timed(act: Callable[[], None]) -> float:
    db.session.rollback()
    begun = perf_counter()
    act()
    return perf_counter() - begun
