"""Destruction of one person out of a crowd: from the press to the certificate, each table asked.

The reference is the same number of bare commits to disk: a destruction is a dozen of them.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from bench import crowd, ground
from bench.goals import figures
from bench.measure import demand, spread, timed
from bench.sizes import Sizes
from bench.talk import say
from mailing.base.database import db
from mailing.requests import carrying, verifying
from mailing.requests.certificates import Certificate
from tests import road
from tests.requests.destroying import OFFICER, granted

_PEOPLE = 20


def measure(sizes: Sizes) -> dict[str, Any]:
    """Seconds for each of some people, with two entries of the ledger for every second one."""
    with ground.ground() as place:
        policy = road.lay()
        crowd.lay(place, policy.id, sizes.large, left_every=2)
        asked = [granted(one).id for one in _some(sizes.large)]
        taken: list[float] = []
        for number in asked:
            taken += timed(lambda number=number: _destroy(number))  # type: ignore[misc]
        say(f"a destruction among {sizes.large:,} people: {max(taken):.0f} ms at the most")
        commits = timed(_commit, _PEOPLE)
        return {
            "people": sizes.large,
            "entries": int(db.session.scalar(text("SELECT count(*) FROM ledger")) or 0),
            "database": place.database,
            "destruction": spread(taken),
            "bare_commit": spread(commits),
            "figures": figures(destruction_seconds=max(taken) / 1000),
        }


def _some(people: int) -> list[UUID]:
    query = text("SELECT id FROM subscribers ORDER BY digest LIMIT :count")
    return list(db.session.scalars(query, {"count": min(_PEOPLE, people)}))


def _destroy(request_id: int) -> None:
    done: Certificate = carrying.carry_out(request_id, OFFICER)
    demand(verifying.is_sound(done), "the certificate is not sound")


def _commit() -> None:
    db.session.execute(text("UPDATE installation SET sending_on = sending_on"))
    db.session.commit()
