"""From the last octet of a letter that withdraws to the block in the database, by the listener."""

import time
from typing import Any

import psycopg

from bench import ground
from bench.goals import figures
from bench.ground import Ground
from bench.measure import demand, spread
from bench.sizes import Sizes
from mailing.leaving import replay
from tests import road
from tests.worker.postbox import HELPDESK, WITHDRAW, letter, taking_in, talking

_PEOPLE = 50
_PATIENCE = 10.0
_BLOCKED = "SELECT count(*) FROM subscribers WHERE blocked_at IS NOT NULL"


def measure(_sizes: Sizes) -> dict[str, Any]:
    """One letter after another by LMTP: when the listener said 250, and when the block was seen.

    Raises DoesNotCount where somebody was not blocked.
    """
    told = {"KELISIM_HELPDESK_ADDRESS": HELPDESK, "KELISIM_BOUNCE_DOMAIN": "bounce.glazik.example"}
    with ground.ground(**told) as place:
        replay.run()
        road.subscribe(road.lay(), _PEOPLE)
        with taking_in(place.environment, place.directory / "inbound.log") as port:
            runs = _runs(place, port)
    answered, blocked = zip(*runs, strict=True)
    return {
        "letters": _PEOPLE,
        "answered": spread(answered),
        "blocked": spread(blocked),
        "figures": figures(arrival_to_block_seconds=max(blocked) / 1000),
    }


def _runs(place: Ground, port: int) -> list[tuple[float, float]]:
    with ground.connection(place) as database:
        return [_one(port, number, database) for number in range(_PEOPLE)]


def _one(port: int, number: int, database: psycopg.Connection) -> tuple[float, float]:
    """Milliseconds from the message to 250, and to the block as everybody sees it."""
    with talking(port) as peer:
        peer.mail("x@example.org")
        peer.rcpt(HELPDESK)
        began = time.perf_counter()
        code, _ = peer.data(letter(road.address(number), WITHDRAW))
        answered = (time.perf_counter() - began) * 1000
    demand(code == 250, f"the listener answered {code}")
    while _blocked(database) <= number:
        demand(time.perf_counter() - began < _PATIENCE, f"person {number} was not blocked")
        time.sleep(0.001)
    return answered, (time.perf_counter() - began) * 1000


def _blocked(database: psycopg.Connection) -> int:
    row = database.execute(_BLOCKED).fetchone()
    return int(row[0]) if row else 0
