"""Evidence and entries by the thousand that differ in a few places: spelt once, then filled in.

The hashes are those of `evidence.hashed` and `ledger.first`, which a test compares byte by byte;
spelling each row's two JSON texts anew took 40 of 210 µs of a row.
"""

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

from mailing.people import evidence, ledger
from mailing.people.ledger import NewEntry

# Nothing that is spelt holds these: JSON writes a control character as an escape.
_HOLES = ("\x01", "\x02")
_ROW, _AT = "row", "consent_at"


class Mould:
    """The evidence and the first entry of people who claim alike; `entry` is one of theirs."""

    def __init__(self, entry: NewEntry, at: datetime) -> None:
        first = ledger.first(entry, b"")
        self._middle = (
            1,
            *(first[name] for name in ("kind", "topic_id", "policy_id", "source", "actor")),
        )
        self._at = at
        holes = dict(zip((_AT, _ROW), _HOLES, strict=True))
        self._body = _split(entry.evidence | holes)
        spoken = ledger.spoken(first | {"at": at})
        holes = dict(zip(("evidence", "subscriber"), _HOLES, strict=True))
        self._entry = _split(spoken | holes)

    def evidence(self, at: datetime, row: int) -> tuple[bytes, bytes]:
        """The hash and the canonical body of one row's claim."""
        before, between, after = self._body
        spelt = b'%b"%b"%b%d%b' % (before, at.isoformat().encode(), between, row, after)
        return hashlib.sha256(spelt).digest(), spelt

    def entry(self, subscriber_id: UUID, key: bytes) -> tuple[Any, ...]:
        """The columns of the ledger from `seq` on, the hash last; the chain begins with it."""
        before, between, after = self._entry
        who = str(subscriber_id).encode()
        spelt = b'%b"%b"%b"%b"%b' % (before, key.hex().encode(), between, who, after)
        return (*self._middle, key, self._at, b"", hashlib.sha256(spelt).digest())


def _split(body: dict[str, Any]) -> tuple[bytes, bytes, bytes]:
    """The canonical spelling of a body around its two holes, their quotes left out."""
    before, rest = evidence.canonical(body).split(b'"\\u0001"')
    between, after = rest.split(b'"\\u0002"')
    return before, between, after
