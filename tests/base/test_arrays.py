"""Arrays are read by PostgreSQL as what they were."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base.arrays import array_of
from mailing.base.database import db
from mailing.people.ledger import Kind

MOMENT = datetime(2026, 11, 29, 5, 0, 0, 123456, UTC)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("uuid", [UUID(int=1), None, UUID(int=2**128 - 1)]),
        ("bigint", [0, -1, None, 2**62]),
        ("boolean", [True, False, None, True]),
        ("bytea", [b"", b"\\x", bytes(range(256)), None]),
        ("timestamptz", [MOMENT, None, MOMENT.replace(microsecond=0)]),
        ("text", ["", "NULL", "null", 'a "b" \\ {c},\n\td', "Ә\u2028\u00a0", None, " "]),
        ("text", ["the same", "the same", "the same"]),
        ("text", ["ends", "as it", "ends"]),
        ("integer", [None, None]),
        ("text", []),
    ],
)
def test_what_is_spelt_is_read_as_what_it_was(app: Flask, kind: str, values: list[Any]) -> None:
    query = text(f"SELECT value FROM unnest(CAST(:values AS {kind}[])) AS n (value)")  # noqa: S608
    read = db.session.scalars(query, {"values": array_of(values)}).all()
    assert [bytes(one) if kind == "bytea" and one is not None else one for one in read] == values


def test_a_word_of_a_closed_list_is_its_text(app: Flask) -> None:
    assert array_of([Kind.GIVEN, Kind.BLOCKED]) == '{"given","blocked"}'


@pytest.mark.parametrize("value", [1.5, {"a": 1}, datetime(2026, 11, 29)])  # noqa: DTZ001
def test_what_nobody_has_said_how_to_spell_is_refused(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        array_of([value, None])
