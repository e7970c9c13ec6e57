"""Verifying a certificate: is it whole, is it ours, does the chain hold, is still nothing there?

A single bit that was flipped, in the database or in a file that somebody brings, is found: a file
must be the very octets that we hand out.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from sqlalchemy import or_, select

from mailing.base import attesting
from mailing.base.attesting import Seal
from mailing.base.database import db
from mailing.base.settings import current
from mailing.leaving.destroyed import ReplayedDestruction
from mailing.people.evidence import canonical
from mailing.people.ledger import Entry, entry_hash
from mailing.requests import certificates, destructions, erasing, whose
from mailing.requests.certificates import Certificate
from mailing.requests.destructions import Destruction

# As commands print it, and as the page hands it out.
_STYLES: tuple[dict[str, Any], ...] = (
    {"ensure_ascii": False},
    {"ensure_ascii": True},
    {"ensure_ascii": False, "indent": 1},
)
_SHAPE = {"certificate", "sha256", "signature"}


@dataclass(frozen=True)
class Verdict:
    """What was found; `trouble` is empty where all is well. `is_kept` says whether this database
    holds the certificate, `found_now` how many rows of the person were found today."""

    number: str
    trouble: tuple[str, ...]
    is_kept: bool = True
    found_now: int | None = None

    @property
    def is_sound(self) -> bool:
        return not self.trouble


def stored(number: str) -> Verdict:
    """Check a certificate that is kept here; raises Missing."""
    found = certificates.find(number)
    broken = (*_sealed(found), *_chained(found))
    if broken:
        return Verdict(number, broken)
    return Verdict(number, tuple(_entry(found)), True, _now(found))


def was_given(number: str) -> bool:
    """Whether we gave this number before a backup was restored that does not know it: the journal
    says so, under our key, or what was being carried out when the backup was made."""
    replayed = select(ReplayedDestruction.sequence).where(ReplayedDestruction.source == number)
    repeated = select(Destruction.id).where(Destruction.repeats == number)
    return bool(db.session.scalar(select(or_(replayed.exists(), repeated.exists()))))


def repeated_by(number: str) -> Certificate | None:
    """The certificate of the second time, where a backup had brought the person back."""
    query = (
        select(Certificate)
        .join(Destruction, Destruction.id == Certificate.destruction_id)
        .where(Destruction.repeats == number)
    )
    return db.session.scalars(query.order_by(Certificate.place).limit(1)).first()


def is_sound(found: Certificate) -> bool:
    """Whether it is whole, signed by us and in its place: what everybody may know."""
    return not (*_sealed(found), *_chained(found))


def shown(number: str, text: str) -> Verdict:
    """Check a file that somebody brings: its octets, its signature, and that it is the one kept
    here. One of before a restored backup is ours by its signature alone."""
    document = _read(text)
    if document is None:
        return Verdict(number, ("these are not the octets of a certificate of ours",), False)
    body = document["certificate"]
    named = body.get("number") if isinstance(body, dict) else None
    if named != number:
        return Verdict(number, (f"it is another certificate: {str(named)[:40]}",), False)
    said = canonical(body)
    signature = document["signature"]
    seal = Seal(str(signature["public_key"]), str(signature["value"]))
    trouble = [*_hashed(said, document["sha256"]), *_signed(said, seal)]
    if signature["algorithm"] != attesting.ALGORITHM:
        trouble.append("it names another kind of signature")
    kept = db.session.get(Certificate, number)
    if kept is not None and kept.document != document:
        trouble.append("it is not the one that is kept here under this number")
    return Verdict(number, tuple(trouble), kept is not None)


def render(found: Certificate) -> str:
    """A certificate as a file; `shown` knows it again."""
    return json.dumps(found.document, ensure_ascii=False, indent=1) + "\n"


def _read(text: str) -> dict[str, Any] | None:
    """The document, where the text is one that we hand out, to the octet."""
    plain = text.removesuffix("\n")
    try:
        read = json.loads(plain)
        is_ours = any(plain == json.dumps(read, **style) for style in _STYLES)
        is_whole = set(read) == _SHAPE and set(read["signature"]) == {
            *("algorithm", "public_key", "value")
        }
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return read if is_ours and is_whole else None


def _sealed(found: Certificate) -> list[str]:
    said, told = found.body.encode(), _told(found.body)
    wrong = [] if told.get("number") == found.number else ["it is kept under another number"]
    if told.get("issued_at") != found.issued_at.astimezone(UTC).isoformat():
        wrong.append("it is kept under another time")
    return [*wrong, *_hashed(said, found.sha256), *_signed(said, certificates.seal_of(found))]


def _told(body: str) -> dict[str, Any]:
    try:
        return dict(json.loads(body))
    except (ValueError, TypeError):
        return {}


def _hashed(said: bytes, sha256: object) -> list[str]:
    is_same = hashlib.sha256(said).hexdigest() == sha256
    return [] if is_same else ["its content is not what was hashed"]


def _signed(said: bytes, seal: Seal) -> list[str]:
    if not attesting.holds(seal, said):
        return ["its signature does not hold"]
    is_ours = attesting.is_ours(current().secret_keys, seal.key)
    return [] if is_ours else ["no key of this installation has signed it"]


def _chained(found: Certificate) -> list[str]:
    """Its neighbours: the one that it repeats, and the one that repeats it."""
    query = select(Certificate).where(Certificate.place.in_([found.place - 1, found.place + 1]))
    around = {one.place: one for one in db.session.scalars(query)}
    before, after = around.get(found.place - 1), around.get(found.place + 1)
    wrong = []
    is_first = found.place == 1
    if _previous(found) != (before.sha256 if before else None) or is_first is (before is not None):
        wrong.append("it does not follow the certificate before it")
    if after is not None and _previous(after) != found.sha256:
        wrong.append("the certificate after it repeats another")
    return wrong


def _previous(found: Certificate) -> str | None:
    try:
        link = json.loads(found.body)["previous"]
        return str(link["sha256"]) if link is not None else None
    except (ValueError, KeyError, TypeError):
        return ""


def _entry(found: Certificate) -> list[str]:
    """The entry of the ledger that it names stands there, as it was written, and is that of the
    destruction that it is kept with."""
    link = found.said["ledger"]
    if destructions.find(found.destruction_id).entry_id != link["entry"]:
        return ["it is kept with another destruction"]
    entry = db.session.get(Entry, link["entry"])
    is_there = entry is not None and entry.hash.hex() == link["hash"]
    if entry is None or not is_there or entry_hash(vars(entry)) != entry.hash:
        return ["the ledger does not hold the entry that it names"]
    return []


def _now(found: Certificate) -> int:
    """How many rows of the person hold personal data today, without what a hold keeps."""
    about = destructions.find(found.destruction_id)
    who = whose.person(about.subscriber_id)
    held = {one["table"] for one in found.said["kept"]}
    return sum(n for name, n in erasing.counts(who).items() if name not in held | whose.SHARED)
