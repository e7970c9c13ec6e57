"""One-click as a mail program does it, beside what no honest answer can do without."""

import http.client
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import psycopg

from bench.measure import demand, ratio, spread

HOST = "127.0.0.1"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Clicks:
    """What people saw: milliseconds and statuses, beside the references' milliseconds."""

    port: int
    leaves: list[float] = field(default_factory=list)
    health: list[float] = field(default_factory=list)
    commits: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def leave(self, token: str, database: psycopg.Connection) -> None:
        """One person leaves; raises DoesNotCount when the answer is not that they have left."""
        self.health.append(request(self.port, "GET", "/healthz")[0])
        began = time.perf_counter()
        database.execute("INSERT INTO bench_commits VALUES (2)")
        self.commits.append((time.perf_counter() - began) * 1000)
        took, code = request(self.port, "POST", f"/u/{token}", "List-Unsubscribe=One-Click")
        demand(code in (200, 202), f"one-click answered {code}")
        self.leaves.append(took)
        self.statuses[code] += 1

    def told(self) -> dict[str, Any]:
        """The reference is a response and one commit."""
        least = [one + two for one, two in zip(self.health, self.commits, strict=True)]
        return {
            "one_click": spread(self.leaves),
            "healthz": spread(self.health),
            "one_commit": spread(self.commits),
            "ratio_to_healthz_and_a_commit": ratio(self.leaves, least),
            "statuses": dict(self.statuses),
        }


def request(port: int, method: str, path: str, body: str | None = None) -> tuple[float, int]:
    """Milliseconds and status of one request on a connection of its own, as mail programs do."""
    began = time.perf_counter()
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    try:
        connection.request(method, path, body, _FORM if body else {})
        answer = connection.getresponse()
        answer.read()
        return (time.perf_counter() - began) * 1000, answer.status
    finally:
        connection.close()
