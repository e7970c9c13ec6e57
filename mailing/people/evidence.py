"""Evidence: what proves an entry of the ledger, referenced by its hash.

The body holds no personal data. What is personal (a network address where the policy declares
it, a staff member's free text) is sealed beside it and bound by its hash, so that it can be
destroyed and the chain still verifies.
"""

import hashlib
import json
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base.arrays import array_of
from mailing.base.database import DEPERSONALISED, PERSONAL, Table, db
from mailing.base.roundtrip import Said
from mailing.base.saying import tell
from mailing.people.subscribers import Sealer


class Evidence(Table):
    """A body of evidence under its SHA-256; never changed."""

    __tablename__ = "evidence"

    hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True, info=DEPERSONALISED)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB, info=DEPERSONALISED)


class EvidencePrivate(Table):
    """The personal part of a body, sealed; destroyed with the person."""

    __tablename__ = "evidence_private"

    hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True, info=DEPERSONALISED)
    sealed: Mapped[bytes] = mapped_column(LargeBinary, info=PERSONAL)


# Made once: `json.dumps` with these options makes one at each call, which takes half of its time.
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def canonical(body: dict[str, Any]) -> bytes:
    """The one spelling of a body that is hashed (sorted keys, no spaces, UTF-8)."""
    return _ENCODER.encode(body).encode()


def hashed(body: dict[str, Any]) -> tuple[bytes, bytes]:
    """The hash of a body, and its canonical spelling."""
    spelt = canonical(body)
    return hashlib.sha256(spelt).digest(), spelt


def hash_of(body: dict[str, Any]) -> bytes:
    """SHA-256 of the canonical body."""
    return hashlib.sha256(canonical(body)).digest()


# One statement for all of them: an import brings a thousand at a time.
KEEP = """
    INSERT INTO evidence (hash, body)
    SELECT hash, CAST(body AS jsonb)
    FROM unnest(%(hashes)s::bytea[], %(bodies)s::text[]) AS n (hash, body)
    ON CONFLICT DO NOTHING
"""


def keep(bodies: list[dict[str, Any]]) -> list[bytes]:
    """Store each body once; their hashes, in order."""
    keys, values = keeping(bodies)
    if keys:
        tell(Said(KEEP, values))
    return keys


def keeping(bodies: list[dict[str, Any]]) -> tuple[list[bytes], dict[str, str]]:
    """Their hashes, in order, and the values of `KEEP`, for whoever says it as a part of another
    statement."""
    spelt = [hashed(body) for body in bodies]
    by_hash = dict(spelt)
    values = {
        "hashes": array_of(by_hash),
        "bodies": array_of([body.decode() for body in by_hash.values()]),
    }
    return [key for key, _ in spelt], values


_MOST_KNOWN = 200_000


def spoilt(keys: set[bytes], known: set[bytes]) -> dict[bytes, str]:
    """What is wrong with the evidence of these hashes, by hash. `known` remembers which are right:
    a million entries of one form refer to a few."""
    if len(known) > _MOST_KNOWN:
        known.clear()
    rows = db.session.execute(text(_STORED), {"keys": list(keys - known)})
    found = {row.hash: (row.body, row.sealed) for row in rows}
    wrong = {key: trouble for key in keys - known if (trouble := _wrong(key, found.get(key)))}
    known |= keys - wrong.keys()
    return wrong


_STORED = """
    SELECT e.hash, e.body, p.sealed FROM evidence e
    LEFT JOIN evidence_private p ON p.hash = decode(e.body ->> 'private', 'hex')
    WHERE e.hash = ANY (:keys)
"""


def _wrong(key: bytes, stored: tuple[dict[str, Any], bytes | None] | None) -> str | None:
    if stored is None:
        return "its evidence is missing"
    body, sealed = stored
    if hash_of(body) != key:
        return "its evidence is not what was hashed"
    # What is gone was destroyed with the person; what is there has to be what was sealed.
    if sealed is not None and hashlib.sha256(sealed).hexdigest() != body["private"]:
        return "what is sealed with its evidence is not what was hashed"
    return None


def seal_private(subscriber_id: UUID, private: dict[str, Any]) -> str:
    """Seal the personal part of a body; the hash (hex) that the body has to carry."""
    sealed = Sealer().seal(private, subscriber_id.bytes)
    key = hashlib.sha256(sealed).digest()
    db.session.add(EvidencePrivate(hash=key, sealed=sealed))
    return key.hex()


def private_of(subscriber_id: UUID, body: dict[str, Any]) -> dict[str, Any] | None:
    """The personal part that a body refers to; None where there is none (any more)."""
    if "private" not in body:
        return None
    query = select(EvidencePrivate.sealed).where(
        EvidencePrivate.hash == bytes.fromhex(body["private"])
    )
    sealed = db.session.execute(query).scalar_one_or_none()
    return Sealer().open(sealed, subscriber_id.bytes) if sealed else None


def forget_private(keys: list[bytes]) -> None:
    """Destroy what is sealed behind the evidence of these hashes; the evidence itself stays."""
    db.session.execute(text(_FORGET), {"keys": keys})


_FORGET = """
    DELETE FROM evidence_private p USING evidence e
    WHERE e.hash = ANY (:keys) AND p.hash = decode(e.body ->> 'private', 'hex')
"""


def body_of(key: bytes) -> dict[str, Any]:
    """The body under this hash; empty for the entry that needs none."""
    kept = db.session.get(Evidence, key)
    return dict(kept.body) if kept else {}
