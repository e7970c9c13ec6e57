"""One-click over HTTP: how long the answer takes at rest, and while a campaign goes out."""

import http.client
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from sqlalchemy import text

from bench import ground, machine, rig, work
from bench.ground import Ground
from bench.measure import demand, ratio, spread
from bench.sink import Sink, sink
from bench.sizes import Sizes
from bench.talk import say
from console.daemons import free_port, wait_until
from console.processes import Crew, Program
from console.programs import web_program
from mailing.base.database import db
from mailing.campaigns import campaigns
from mailing.deliveries import status
from mailing.people import topics
from tests import road

_HOST = "127.0.0.1"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Round:
    """What the people of one round saw: milliseconds and statuses, beside the references'."""

    leaves: list[float] = field(default_factory=list)
    health: list[float] = field(default_factory=list)
    commits: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def told(self) -> dict[str, Any]:
        """The reference is what no honest answer can do without: a response and one commit."""
        least = [one + two for one, two in zip(self.health, self.commits, strict=True)]
        return {
            "one_click": spread(self.leaves),
            "healthz": spread(self.health),
            "one_commit": spread(self.commits),
            "ratio_to_healthz_and_a_commit": ratio(self.leaves, least),
            "statuses": dict(self.statuses),
        }


def measure(sizes: Sizes) -> dict[str, Any]:
    """p50 and p99 of `POST /u/<token>`, as a ratio to `GET /healthz` plus one bare commit."""
    port = free_port()
    with sink() as into:
        relay = {"KELISIM_SMTP_CONNECTIONS": str(sizes.connections), "KELISIM_SMTP_URL": into.url}
        relay["KELISIM_PUBLIC_URL"] = f"http://{_HOST}:{port}"
        with ground.ground(**relay) as place, _web(place, port):
            work.people(road.lay(), sizes.messages)
            ground.settle()
            tokens = _tokens(sizes.leaves * 2)
            idle = _at_rest(place, port, tokens[: sizes.leaves])
            say(f"at rest: p50 {idle['one_click']['p50_ms']} ms")
            busy = _while_sending(place, port, tokens[sizes.leaves :], into, sizes)
            say(f"while a campaign runs: p50 {busy['one_click']['p50_ms']} ms")
            return {"database": place.database, "at_rest": idle, "while_sending": busy}


def _at_rest(place: Ground, port: int, tokens: list[str]) -> dict[str, Any]:
    found, load = Round(), machine.load()
    with ground.connection(place) as database:
        for token in tokens:
            _leave(found, port, token, database)
    _demand_left(len(tokens))
    return {"load": load, **found.told()}


def _while_sending(
    place: Ground, port: int, tokens: list[str], into: Sink, sizes: Sizes
) -> dict[str, Any]:
    found, waiting = Round(), list(tokens)
    number = road.campaign(body=work.body(sizes.message_size))
    with ground.connection(place) as database, rig.rig(place, into, sizes.processes) as _:
        expected = road.start(number)
        wait_until(lambda: into.messages > 0, 30.0)

        def somebody_leaves() -> None:
            if waiting:
                _leave(found, port, waiting.pop(), database)

        began = time.monotonic()
        work.until_done(number, into, somebody_leaves)
        seconds = time.monotonic() - began
    return {
        **found.told(),
        **_balance(number, expected, into, len(found.leaves)),
        "seconds": seconds,
    }


def _leave(found: Round, port: int, token: str, database: psycopg.Connection) -> None:
    found.health.append(_request(port, "GET", "/healthz")[0])
    began = time.perf_counter()
    database.execute("INSERT INTO bench_commits VALUES (2)")
    found.commits.append((time.perf_counter() - began) * 1000)
    took, code = _request(port, "POST", f"/u/{token}", "List-Unsubscribe=One-Click")
    demand(code in (200, 202), f"one-click answered {code}")
    found.leaves.append(took)
    found.statuses[code] += 1


def _request(port: int, method: str, path: str, body: str | None = None) -> tuple[float, int]:
    """Milliseconds and status of one request on a connection of its own, as mail programs do."""
    began = time.perf_counter()
    connection = http.client.HTTPConnection(_HOST, port, timeout=30)
    try:
        connection.request(method, path, body, _FORM if body else {})
        answer = connection.getresponse()
        answer.read()
        return (time.perf_counter() - began) * 1000, answer.status
    finally:
        connection.close()


def _balance(number: int, expected: int, into: Sink, left: int) -> dict[str, Any]:
    """Nobody who was answered is lost in the count: accepted and held make the audience."""
    outcomes = status.outcomes(campaigns.find(number))
    held = outcomes.held.get("unsubscribed", 0)
    arrived = into.settled_at(outcomes.accepted)
    demand(
        outcomes.accepted + held == expected and arrived == outcomes.accepted,
        f"of {expected} the sink counted {arrived}, the database {outcomes}",
    )
    return {"audience": expected, "sink_counted": arrived, "left": left, "held_back": held}


def _tokens(count: int) -> list[str]:
    query = text("SELECT id FROM subscribers ORDER BY random() LIMIT :count")
    return [road.leave_token(one) for one in list(db.session.scalars(query, {"count": count}))]


def _demand_left(count: int) -> None:
    query = text("SELECT count(*) FROM standings WHERE topic_id = :t AND standing = 'unsubscribed'")
    found = db.session.execute(query, {"t": topics.find("news").id}).scalar_one()
    db.session.rollback()
    demand(found == count, f"{count} left, the database knows {found}")


@contextmanager
def _web(place: Ground, port: int) -> Iterator[None]:
    with Crew([Program("web", web_program(_HOST, port))], os.environ | place.environment):
        demand(wait_until(lambda: _is_up(port), 60.0), "the web does not answer")
        yield


def _is_up(port: int) -> bool:
    try:
        return _request(port, "GET", "/readyz")[1] == http.client.OK
    except OSError:
        return False
