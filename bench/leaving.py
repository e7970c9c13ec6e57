"""One-click over HTTP: how long the answer takes at rest, and while campaigns go out."""

import http.client
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from sqlalchemy import text

from bench import crowd, ground, machine, rate, rig, work
from bench.goals import figures
from bench.ground import Ground
from bench.measure import demand
from bench.oneclick import HOST, Clicks, request
from bench.rig import Rig
from bench.sink import sink
from bench.sizes import Sizes
from bench.talk import say
from console.daemons import free_port, wait_until
from console.processes import Crew, Program
from console.programs import web_program
from mailing.base.database import db
from mailing.campaigns import campaigns
from mailing.deliveries import outcomes
from mailing.people import topics
from tests import road

_PAUSE = 0.02
# People leave until so much of a campaign has left: its last messages are not at full rate.
_UNTIL = 0.9


@dataclass
class Leaving:
    """People who leave one after another while campaigns go out, as many as they need."""

    over: Rig
    database: psycopg.Connection
    waiting: list[str]
    clicks: Clicks
    campaigns: list[dict[str, Any]] = field(default_factory=list)

    def go(self, written: str) -> None:
        """One campaign, and those who leave during it.

        Raises DoesNotCount unless accepted and held make the audience, and the sink counted
        what is accepted.
        """
        ground.settle()
        number, before, left = road.campaign(body=written), self.over.into.mark(), self._left
        began = time.time()
        people = road.start(number)
        work.until_done(number, self.over.into, lambda: self._leave(before, people))
        counted = _balance(number, people, self.over, before)
        speed = rate.of(number, counted["accepted"], began)
        self.campaigns.append({**speed, **counted, "left": self._left - left})
        say(
            f"{self._left - left} left while {counted['accepted']:,} went at {speed['rate']:,.0f}/s"
        )

    @property
    def _left(self) -> int:
        return len(self.clicks.leaves)

    def _leave(self, before: int, people: int) -> None:
        sent = self.over.into.messages - before
        while self.waiting and 0 < sent < people * _UNTIL:
            self.clicks.leave(self.waiting.pop(), self.database)
            time.sleep(_PAUSE)
            sent = self.over.into.messages - before


def measure(sizes: Sizes) -> dict[str, Any]:
    """p50 and p99 of `POST /u/<token>`, beside `GET /healthz` plus one bare commit."""
    port = free_port()
    public = {"KELISIM_PUBLIC_URL": f"http://{HOST}:{port}"}
    with sink() as into, ground.ground(**public) as place, _web(place, port):
        crowd.lay(place, road.lay().id, sizes.crowd)
        tokens = _tokens(sizes.leaves * 2)
        idle = _at_rest(place, port, tokens[: sizes.leaves])
        say(f"at rest: p50 {idle['one_click']['p50_ms']} ms, p99 {idle['one_click']['p99_ms']} ms")
        relay = {"KELISIM_SMTP_CONNECTIONS": str(sizes.connections)}
        with rig.rig(place, into, sizes.processes, **relay) as over:
            busy = _while_sending(over, port, tokens[sizes.leaves :], sizes)
        _demand_left(len(tokens))
    click = busy["one_click"]
    say(f"while campaigns go out: p50 {click['p50_ms']} ms, p99 {click['p99_ms']} ms")
    return {
        "figures": figures(one_click_p99_ms=click["p99_ms"]),
        "database": place.database,
        "at_rest": idle,
        "while_sending": busy,
    }


def _at_rest(place: Ground, port: int, tokens: list[str]) -> dict[str, Any]:
    found, load = Clicks(port), machine.load()
    with ground.connection(place) as database:
        for token in tokens:
            found.leave(token, database)
    _demand_left(len(tokens))
    return {"load": load, **found.told()}


def _while_sending(over: Rig, port: int, tokens: list[str], sizes: Sizes) -> dict[str, Any]:
    written, load = work.body(sizes.message_size), machine.load()
    with ground.connection(over.place) as database:
        leaving = Leaving(over, database, list(tokens), Clicks(port))
        while leaving.waiting:
            leaving.go(written)
            demand(leaving.campaigns[-1]["left"] > 0, "a campaign is over before anybody leaves")
    return {"load": load, **leaving.clicks.told(), "campaigns": leaving.campaigns}


def _balance(number: int, people: int, over: Rig, before: int) -> dict[str, Any]:
    """Nobody who was answered is lost in the count."""
    counted = outcomes.count(campaigns.find(number))
    db.session.rollback()
    held = counted.held.get("unsubscribed", 0)
    arrived = over.into.settled_at(before + counted.accepted) - before
    demand(
        counted.accepted + held == people and arrived == counted.accepted,
        f"of {people} the sink counted {arrived}, the database {counted}",
    )
    return {"audience": people, "sink_counted": arrived, "accepted": arrived, "held_back": held}


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
    with Crew([Program("web", web_program(HOST, port))], os.environ | place.environment):
        demand(wait_until(lambda: _is_up(port), 60.0), "the web does not answer")
        yield


def _is_up(port: int) -> bool:
    try:
        return request(port, "GET", "/readyz")[1] == http.client.OK
    except OSError:
        return False
