"""What a chunk's strangers become, written by COPY: a row each, evidence, an entry, a standing.

Nobody else knows these people, so nothing of theirs can be locked, chained or projected before:
what `ledger.append_many` does in four statements comes to four COPYs. With addresses read quickly
this took an import of 20,000 rows from 0.13 to 0.21 of what COPY reaches, on two cores.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy import text

from mailing.base.database import db
from mailing.people.imports.mould import Mould
from mailing.people.imports.person import Person
from mailing.people.imports.rows import Claim
from mailing.people.ledger import NewEntry
from mailing.people.signups import SignUp
from mailing.people.standings import Change, Said
from mailing.people.subscribers import Sealer

Columns = dict[str, str]
Claimed = tuple[Person, int, Claim]
Spoken = Callable[[Person], NewEntry]
Written = tuple[list[tuple[Any, ...]], list[tuple[bytes, bytes]]]

_SUBSCRIBERS: Columns = {
    "id": "uuid",
    "digest": "bytea",
    "provider": "text",
    "language": "text",
    "personal": "bytea",
    "ledger_seq": "int4",
    "ledger_head": "bytea",
}
# The binary form of jsonb is a version octet and the text: sent as it was hashed, not made again.
_EVIDENCE: Columns = {"hash": "bytea", "body": "bytea"}
_JSONB_VERSION = b"\x01"
_LEDGER: Columns = {
    "id": "int8",
    "subscriber_id": "uuid",
    "seq": "int4",
    "kind": "text",
    "topic_id": "int4",
    "policy_id": "int4",
    "source": "text",
    "actor": "text",
    "evidence_hash": "bytea",
    "at": "timestamptz",
    "prev_hash": "bytea",
    "hash": "bytea",
}
_STANDINGS: Columns = {
    "subscriber_id": "uuid",
    "topic_id": "int4",
    "standing": "text",
    "policy_id": "int4",
    "entry_id": "int8",
    "since": "timestamptz",
    "of_everything": "bool",
    "quarantined": "bool",
    "refused": "bool",
    "signed_up_at": "timestamptz",
    "signed_up_site": "text",
    "signed_up_form": "text",
}
_IDS = text("SELECT nextval('ledger_id_seq') FROM generate_series(1, :count)")


def introduce(strangers: list[Person], entry_of: Spoken, at: datetime) -> list[Change]:
    """Write these people, each with the entry of their claim, if any; what it makes of them.

    Raises UniqueViolation where somebody else has made one of them meanwhile.
    """
    ordered = sorted(strangers, key=lambda one: one.digest)
    claims = [(one, *one.claim) for one in strangers if one.claim]
    rows, bodies = _chained(claims, entry_of, at)
    heads = {row[1]: (1, row[-1]) for row in rows}
    personal = Sealer().seal_all([(_named(one), one.id.bytes) for one in ordered])
    copy(
        "subscribers",
        _SUBSCRIBERS,
        (
            (
                one.id,
                one.digest,
                one.first.address.provider,
                one.language,
                sealed,
                *heads.get(one.id, (0, b"")),
            )
            for one, sealed in zip(ordered, personal, strict=True)
        ),
    )
    copy("evidence", _EVIDENCE, bodies)
    copy("ledger", _LEDGER, rows)
    return [_given(row, claim, at) for row, (_, _, claim) in zip(rows, claims, strict=True)]


def stand(changes: list[Change]) -> None:
    """Write the standings of people who have none on the topic."""
    rows = (change.values() for change in changes)
    copy("standings", _STANDINGS, (tuple(row[name] for name in _STANDINGS) for row in rows))


def waiting(person: Person, topic_id: int, since: datetime) -> Change:
    """Quarantine, as the standing of somebody who has said nothing."""
    return Change(person.id, topic_id, Said.NONE, None, None, since, quarantined=True)


def copy(table: str, columns: Columns, rows: Iterable[Sequence[Any]]) -> None:
    """Copy rows into a table, within the session's transaction."""
    driver: psycopg.Connection = db.session.connection().connection.driver_connection  # type: ignore[assignment]
    order = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT binary)"
    with driver.cursor() as cursor, cursor.copy(order.encode()) as lines:
        lines.set_types(list(columns.values()))
        for row in rows:
            lines.write_row(row)


def _given(row: tuple[Any, ...], claim: Claim, at: datetime) -> Change:
    return Change(
        subscriber_id=row[1],
        topic_id=row[4],
        standing=Said.GIVEN,
        policy_id=row[5],
        entry_id=row[0],
        since=at,
        sign_up=SignUp(claim.at, form=claim.form),
    )


def _chained(claims: list[Claimed], entry_of: Spoken, at: datetime) -> Written:
    """The first entry of each chain, with an id, and the evidence of all."""
    ids = db.session.scalars(_IDS, {"count": len(claims)})
    moulds: dict[tuple[Any, ...], Mould] = {}
    rows, bodies = [], []
    for number, (person, row, claim) in zip(ids, claims, strict=True):
        if claim.kind not in moulds:
            moulds[claim.kind] = Mould(entry_of(person), at)
        mould = moulds[claim.kind]
        key, body = mould.evidence(claim.at, row)
        bodies.append((key, _JSONB_VERSION + body))
        rows.append((number, person.id, *mould.entry(person.id, key)))
    return rows, bodies


def _named(person: Person) -> dict[str, str]:
    if person.personal is None:
        raise ValueError("nobody is introduced without a name")
    return person.personal.as_dict()
