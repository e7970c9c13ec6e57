"""A worker killed in the middle of an import: another goes on, nobody is doubled, it adds up."""

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base.database import db, dsn
from mailing.base.settings import Settings
from mailing.people import ledger, topics
from mailing.people.canonical import canonical
from mailing.people.imports import run, running, state, uploads
from mailing.people.ledger import Kind, NewEntry
from mailing.people.subscribers import digest_of
from mailing.policies.versions import PolicyVersion
from tests import road

ROWS = 6 * run.CHUNK
MIDDLE = 3 * run.CHUNK + run.CHUNK // 2  # The row at which the worker is struck.
COLUMNS = ("email", "consent_at", "consent_form", "consent_policy")
LEFT, MUTE, BROKEN, TWICE = 11, 13, 17, 19  # Each so-manieth row is one of these.


@pytest.fixture
def policy(app: Flask) -> PolicyVersion:
    return road.lay()


def lines(policy: PolicyVersion) -> list[str]:
    """Rows of each kind, all over the file."""
    proof = f"2026-01-05T09:00:00+05:00,site,{policy.id}"
    return [_line(number, proof) for number in range(1, ROWS + 1)]


def _line(number: int, proof: str) -> str:
    if number % BROKEN == 0:
        return f"nobody {number},{proof}"
    if number % MUTE == 0:
        return f"{road.address(number)},,,"
    return f"{road.address(_person(number))},{proof}"


def _person(number: int) -> int:
    """Some rows name whoever the row before them names."""
    return number - 1 if number % TWICE == 0 and number % BROKEN != 1 else number


def leave_some(policy: PolicyVersion) -> None:
    """Some of these people are known, and have left."""
    news = topics.find("news").id
    for first in range(LEFT, ROWS, LEFT * 40):
        [person] = road.subscribe(policy, 1, "news", first)
        ledger.append(NewEntry(person, Kind.UNSUBSCRIBED, news, None, "page", "test"))
    db.session.commit()


def begun(settings: Settings, policy: PolicyVersion) -> int:
    """An upload that has been looked through and waits for its start; its number."""
    part = uploads.receive(settings)
    part.write("\n".join([",".join(COLUMNS), *lines(policy), ""]).encode())
    number = uploads.keep(part, "news", road.ACTOR).id
    db.session.commit()
    uploads.check(number, {name: name for name in COLUMNS}, road.ACTOR)
    db.session.commit()
    running.work_on(number, db.session.commit, lambda: False)
    assert state.find(number).state == "checked"
    return number


@contextmanager
def somebody_else_is_making(database: psycopg.Connection, number: int) -> Iterator[None]:
    """Somebody signs up and has not been committed: whoever writes the same person has to wait."""
    digest = digest_of(canonical(road.address(number)))
    with database.transaction(force_rollback=True):
        database.execute(
            "INSERT INTO subscribers (id, digest, provider, language, personal) "
            "VALUES (gen_random_uuid(), %s, 'example.com', 'kk', '')",
            [digest],
        )
        yield


def waiting(watcher: psycopg.Connection) -> list[str]:
    """What those are doing who wait for a lock of somebody else."""
    query = (
        "SELECT query FROM pg_stat_activity WHERE datname = current_database() "
        "AND wait_event_type = 'Lock' AND xact_start IS NOT NULL"
    )
    return [row[0] for row in watcher.execute(query)]


def test_a_worker_killed_in_the_middle_of_a_chunk_is_followed_by_another_without_a_double(
    app: Flask,
    settings: Settings,
    policy: PolicyVersion,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    """T48 for imports: SIGKILL while rows are being written; what was not committed never was."""
    leave_some(policy)
    number = begun(settings, policy)
    planned, entries = state.find(number).rehearsal, entries_of(app)
    url = dsn(environment["KELISIM_DATABASE_URL"])
    with psycopg.connect(url) as other, psycopg.connect(url, autocommit=True) as watcher:
        with somebody_else_is_making(other, MIDDLE):
            uploads.start(number, road.ACTOR)
            db.session.commit()
            victim = road.Worker(environment, tmp_path / "first.log", 1)
            try:
                [statement] = road.wait_for(lambda: waiting(watcher))
            finally:
                victim.kill()
            assert victim.process.returncode == -signal.SIGKILL
            assert statement.startswith("COPY subscribers"), "rows were on their way"
            struck = state.find(number)
            assert (struck.state, sum(struck.counts.values())) == ("importing", 3 * run.CHUNK)
            written = entries_of(app) - entries
            assert written == struck.counts["new"] + struck.counts["updated"] > 0
        db.session.rollback()
        with road.working(environment, tmp_path / "second.log", 1):
            road.wait_for(lambda: _fresh(number).state == "done", 120)
    assert state.find(number).counts == planned
    assert sum(planned.values()) == ROWS
    assert min(planned[name] for name in ("invalid", "quarantined", "left_kept_out")) > 0
    assert entries_of(app) - entries == planned["new"] + planned["updated"]
    demand_each_once(number)


def test_the_harness_sees_a_worker_that_is_not_struck(
    app: Flask,
    settings: Settings,
    policy: PolicyVersion,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    """The same file, undisturbed, comes to the same: so the counts above are those of the file."""
    leave_some(policy)
    number, entries = begun(settings, policy), entries_of(app)
    uploads.start(number, road.ACTOR)
    db.session.commit()
    with road.working(environment, tmp_path / "worker.log", 1):
        road.wait_for(lambda: _fresh(number).state == "done", 120)
    counts = state.find(number).counts
    assert counts == state.find(number).rehearsal
    assert entries_of(app) - entries == counts["new"] + counts["updated"]
    demand_each_once(number)


def demand_each_once(number: int) -> None:
    """Each row has at most one entry, each person one chain that holds, each error one line."""
    rows = db.session.scalars(
        text(
            "SELECT CAST(e.body ->> 'row' AS integer) FROM ledger l "
            "JOIN evidence e ON e.hash = l.evidence_hash WHERE e.body ->> 'import' = :number"
        ),
        {"number": str(number)},
    )
    assert max(Counter(rows).values()) == 1
    assert list(ledger.verify()) == []
    told = uploads.errors_of(state.find(number)).read_text().splitlines()[1:]
    numbers = [int(line.split(",")[0]) for line in told]
    assert numbers == sorted(set(numbers))
    counts = state.find(number).counts
    wanted = ("invalid", "quarantined", "left_kept_out", "suppressed_kept_out")
    assert len(numbers) == sum(counts[name] for name in wanted)


def entries_of(app: Flask) -> int:
    db.session.rollback()
    return int(db.session.scalar(text("SELECT count(*) FROM ledger")) or 0)


def _fresh(number: int) -> Any:
    db.session.rollback()
    return state.find(number)
