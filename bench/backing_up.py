"""`kelisim backup` beside `pg_dump -Fc` of the same database; the restore; the journal replayed.

Both references write compressed files of all rows in one snapshot; ours are encrypted besides.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from psycopg import sql
from sqlalchemy import text
from sqlalchemy.engine import make_url

from bench import crowd, ground, machine
from bench.goals import figures
from bench.ground import Ground
from bench.measure import demand, ratio, timed
from bench.sizes import Sizes
from bench.talk import say
from console.binaries import installed
from mailing.base.database import db, dsn
from mailing.base.settings import ROOT
from mailing.leaving import journal as journals
from mailing.leaving import marks, replay
from mailing.leaving.catching_up import catch_up
from mailing.leaving.journal import Line, Note
from mailing.people import ledger, topics
from tests import road

_SOME = 100_000


def measure(sizes: Sizes) -> dict[str, Any]:
    """Seconds of a backup, of `pg_dump -Fc`, of a restore, and of a journal's lines replayed."""
    with ground.ground() as place:
        replay.run()
        policy = road.lay()
        crowd.lay(place, policy.id, sizes.kept, left_every=4)
        rounds = [_round(place, number) for number in range(sizes.rounds)]
        restored = _restore(place)
        replayed = _replay(sizes.replayed)
    reached = ratio(
        [one["pg_dump_seconds"] for one in rounds], [one["backup_seconds"] for one in rounds]
    )
    return {
        "people": sizes.kept,
        "database": place.database,
        "rounds": rounds,
        "restore": restored,
        "replay": replayed,
        "figures": figures(
            backup_to_pg_dump=reached, replay_seconds=replayed["seconds_per_100_000_lines"]
        ),
    }


def _round(place: Ground, number: int) -> dict[str, Any]:
    """One after the other; neither finds its own files of the time before."""
    ground.settle()
    dump, ours = place.directory / "dump", place.directory / f"backup{number}"
    theirs = timed(lambda: _pg_dump(place, dump))[0] / 1000
    said: list[dict[str, Any]] = []
    mine = timed(lambda: said.append(json.loads(place.command("backup", str(ours), "--json"))))[0]
    found = {
        "load": machine.load(),
        "rows": said[0]["rows"],
        "pg_dump_seconds": round(theirs, 2),
        "pg_dump_octets": dump.stat().st_size,
        "backup_seconds": round(mine / 1000, 2),
        "backup_octets": said[0]["octets"],
    }
    dump.unlink()
    if number:
        shutil.rmtree(ours)
    say(f"pg_dump {found['pg_dump_seconds']} s, backup {found['backup_seconds']} s")
    return found


def _pg_dump(place: Ground, to: Path) -> None:
    program = next(installed()).directory / "pg_dump"
    order = [str(program), "-Fc", "-f", str(to), dsn(place.environment["KELISIM_DATABASE_URL"])]
    done = subprocess.run(order, check=False, capture_output=True, text=True)
    demand(done.returncode == 0, f"pg_dump failed: {done.stderr}")


def _restore(place: Ground) -> dict[str, Any]:
    """The first round's backup into a database of its own."""
    var = Path(place.environment["KELISIM_VAR"])
    with _another(place) as url:
        there = {"KELISIM_DATABASE_URL": url, "KELISIM_VAR": str(place.directory / "there")}
        order = ["restore", str(place.directory / "backup0"), "--journal", str(var / "journal")]
        order += ["--key", str(var / "backup-keys"), "--json"]
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "console.cli", *order],
            check=False,
            cwd=ROOT,
            env=os.environ | place.environment | there,
            capture_output=True,
            text=True,
        )
        seconds = time.perf_counter() - began
    demand(done.returncode == 0, f"the restore failed: {done.stderr[-500:]}")
    rows = json.loads(done.stdout)["rows"]
    say(f"restore of {rows:,} rows {seconds:.1f} s")
    return {"rows": rows, "seconds": round(seconds, 2), "load": machine.load()}


@contextmanager
def _another(place: Ground) -> Iterator[str]:
    """An empty database beside the ground's."""
    url = make_url(place.environment["KELISIM_DATABASE_URL"])
    name = f"{url.database}_restored"
    with ground.connection(place) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield url.set(database=name).render_as_string(hide_password=False)
        finally:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            server.execute(drop.format(sql.Identifier(name)))


def _replay(count: int) -> dict[str, Any]:
    """So many people who left by one click, known to the journal alone."""
    own = marks.own_journal()
    lines = list(_lines(count))
    db.session.commit()
    began = time.perf_counter()
    done = sum(counted.total() for counted in catch_up(own.id, lines))
    seconds = time.perf_counter() - began
    demand(done == count, f"{done} of {count} lines were applied")
    query = text("SELECT count(*) FROM standings WHERE topic_id = :t AND standing = 'unsubscribed'")
    left = db.session.scalars(query, {"t": topics.find("news").id}).one()
    demand(left >= count, f"{count} have left, the database knows {left}")
    demand(next(ledger.verify(), None) is None, "a chain is broken")
    say(f"{count:,} lines replayed in {seconds:.1f} s")
    return {
        "lines": count,
        "seconds": round(seconds, 2),
        "seconds_per_100_000_lines": round(seconds * _SOME / count, 2),
        "load": machine.load(),
    }


def _lines(count: int) -> Iterator[Line]:
    """A chain of its own; written to no disk, which would take longer than all of it."""
    query = text(
        "SELECT s.id, s.digest FROM subscribers s JOIN standings t ON t.subscriber_id = s.id "
        "WHERE t.standing = 'given' ORDER BY random() LIMIT :count"
    )
    topic_id, before = topics.find("news").id, "0" * 64
    for number, row in enumerate(db.session.execute(query, {"count": count}).all(), 1):
        scope = f"topics:{topic_id}"
        note = Note(str(row.id), row.digest.hex(), scope, "unsubscribed", "one-click")
        _, line = journals._spell(number, before, note)
        before = line.hash
        yield line
