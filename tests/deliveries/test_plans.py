"""How the engine finds its rows, whatever the database has been told of its tables."""

from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from mailing.base import roundtrip
from mailing.deliveries import gate, queue, results, seal
from tests import road
from tests.deliveries.conftest import Sender

# What the operator has many of. A plan for a group, or for the end of a batch, that reads all of
# such a table is a wrong one.
_LARGE = {"deliveries", "subscribers", "standings", "suppressions", "batches", "batch_owners"}
_STATEMENTS = {
    "look": queue._LOOK,
    "next": queue._NEXT,
    "next_returned": queue._NEXT_RETURNED,
    "write": queue._WRITE,
    "take": queue._TAKE,
    "due_again": queue._DUE_AGAIN,
    "put_back": queue._PUT_BACK,
    "call": queue._CALL,
    "lock": gate._LOCK_SUBSCRIBERS,
    "decide": gate._DECIDE.format(**gate._PLACES["campaign"]),
    "seal": seal._SEAL,
    "accepted": results._ACCEPTED,
    "record": results._RECORD,
    "call_owned": queue._CALL_OWNED,
    "lock_owned": queue._LOCK_OWNED,
    "lock_released": queue._LOCK_RELEASED,
    "release": queue._RELEASE,
    "finish": queue._FINISH,
}


def never_looked_at(_database: Connection) -> None:
    """The database knows nothing of its tables: it was made a moment ago."""
    road.subscribe(road.lay(), 1000)


def small_when_looked_at(database: Connection) -> None:
    """One small campaign had gone out when the database gathered its statistics."""
    road.under_way(1000)
    # As the sweep leaves it: all is accepted, and nobody owns a batch.
    database.execute("UPDATE deliveries SET state = 'accepted', finished_at = now()")
    database.execute("UPDATE batches SET due_at = NULL, finished_at = now()")
    database.execute("ANALYZE")


@pytest.mark.parametrize("statement", _STATEMENTS)
@pytest.mark.parametrize("known", [never_looked_at, small_when_looked_at])
def test_what_a_campaign_passes_on_its_way_reads_no_whole_table(
    sender: Sender, known: Any, statement: str
) -> None:
    """A plan lives as long as its connection: one that suited a small table met a large one, and
    the end of each batch read all deliveries there were."""
    known(sender.database)
    road.start(road.campaign())
    assert len(sender.claim(500)) == 500
    assert not list(whole_tables(sender.database, _STATEMENTS[statement]))


def whole_tables(database: Connection, statement: str) -> Iterator[str]:
    """The large tables of which a plan reads everything."""
    numbered, names = roundtrip._numbered(statement)
    database.execute(b"PREPARE planned AS " + numbered)
    nothing = f"({', '.join(['NULL'] * len(names))})"
    try:
        explain = f"EXPLAIN (FORMAT JSON) EXECUTE planned{nothing}".encode()
        found = database.execute(explain).fetchone()
    finally:
        database.execute("DEALLOCATE planned")
    assert found is not None
    yield from _read_whole(found[0][0]["Plan"])


def _read_whole(node: dict[str, Any]) -> Iterator[str]:
    is_scan = node.get("Relation Name") in _LARGE and node["Node Type"].endswith("Scan")
    if is_scan and not {"Index Cond", "Recheck Cond"} & node.keys():
        yield node["Relation Name"]
    for below in node.get("Plans", []):
        yield from _read_whole(below)
