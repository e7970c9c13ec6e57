"""Certificates: that a person's data are gone, in a form that all can check and none can change.

Each is one JSON document under its SHA-256, which the next one repeats, with an Ed25519 signature.
It names nobody: who it is about shows only to whoever has the address and our key.
"""

import hashlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, Text, UniqueConstraint, select
from sqlalchemy import text as sql_text
from sqlalchemy.dialects.postgresql import TIMESTAMP, insert
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import attesting, clock
from mailing.base.attesting import Seal
from mailing.base.database import OPERATIONAL, Table, db
from mailing.base.errors import Missing
from mailing.base.settings import current
from mailing.people.evidence import canonical

_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
# With its tail a number cannot be guessed: nobody counts our destructions by asking for them.
NUMBER = re.compile(r"D-(\d{4})-(\d{4,})-[2-9A-HJ-NP-Z]{8}", re.ASCII)


class Certificate(Table):
    """One certificate; never changed (a trigger refuses it). `body` is what was hashed."""

    __tablename__ = "certificates"
    __table_args__ = (
        UniqueConstraint("place", name="certificates_form_one_chain"),
        Index("certificates_of_destruction", "destruction_id"),
    )

    number: Mapped[str] = mapped_column(Text, primary_key=True, info=OPERATIONAL)
    place: Mapped[int] = mapped_column(BigInteger, info=OPERATIONAL)
    destruction_id: Mapped[int] = mapped_column(ForeignKey("destructions.id"), info=OPERATIONAL)
    issued_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), info=OPERATIONAL)
    body: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    sha256: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    public_key: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    signature: Mapped[str] = mapped_column(Text, info=OPERATIONAL)

    @property
    def said(self) -> dict[str, Any]:
        """What it certifies."""
        read: dict[str, Any] = json.loads(self.body)
        return read

    @property
    def document(self) -> dict[str, Any]:
        """The whole of it, as it is handed out."""
        signature = {
            "algorithm": attesting.ALGORITHM,
            "public_key": self.public_key,
            "value": self.signature,
        }
        return {"certificate": self.said, "sha256": self.sha256, "signature": signature}


class CertificateYear(Table):
    """The last number that was given in a year."""

    __tablename__ = "certificate_years"

    year: Mapped[int] = mapped_column(Integer, primary_key=True, info=OPERATIONAL)
    last: Mapped[int] = mapped_column(Integer, info=OPERATIONAL)


@dataclass(frozen=True)
class NewCertificate:
    """What is about to be certified under a number that was given before."""

    number: str
    destruction_id: int
    body: dict[str, Any]


def next_number() -> str:
    """The next of its year by the operator's clock, as "D-2026-0007-K7QX2M9T"."""
    year = clock.now().astimezone(ZoneInfo(current().time_zone)).year
    counted = insert(CertificateYear).values(year=year, last=1)
    more = counted.on_conflict_do_update(
        index_elements=[CertificateYear.year], set_={"last": CertificateYear.last + 1}
    )
    last = db.session.execute(more.returning(CertificateYear.last)).scalar_one()
    tail = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return f"D-{year}-{last:04}-{tail}"


def note_given(number: str) -> None:
    """Give no number again that was given out before a backup was restored."""
    read = NUMBER.fullmatch(number)
    if read is not None:
        year, last = int(read[1]), int(read[2])
        kept = insert(CertificateYear).values(year=year, last=last)
        later = kept.on_conflict_do_update(
            index_elements=[CertificateYear.year],
            set_={"last": kept.excluded.last},
            where=CertificateYear.last < kept.excluded.last,
        )
        db.session.execute(later)


def issue(new: NewCertificate) -> Certificate:
    """Sign and keep a certificate, behind the one before it. One at a time."""
    db.session.execute(sql_text("SELECT pg_advisory_xact_lock(hashtext('kelisim certificates'))"))
    before = newest()
    link = {"number": before.number, "sha256": before.sha256} if before else None
    at = clock.now()
    told = {"number": new.number, "issued_at": at.astimezone(UTC).isoformat()}
    body = {**told, **new.body, "previous": link}
    text = canonical(body)
    seal = attesting.sign(current().secret_keys, text)
    issued = Certificate(
        number=new.number,
        place=before.place + 1 if before else 1,
        destruction_id=new.destruction_id,
        issued_at=at,
        body=text.decode(),
        sha256=hashlib.sha256(text).hexdigest(),
        public_key=seal.key,
        signature=seal.value,
    )
    db.session.add(issued)
    db.session.flush()
    return issued


def find(number: str) -> Certificate:
    """Raises Missing."""
    is_one = NUMBER.fullmatch(number) is not None
    found = db.session.get(Certificate, number) if is_one else None
    if found is None:
        raise Missing(f"There is no certificate {number[:40]}.")
    return found


def newest() -> Certificate | None:
    """The last link of the chain."""
    query = select(Certificate).order_by(Certificate.place.desc()).limit(1)
    return db.session.scalars(query).first()


def of_destruction(destruction_id: int) -> list[Certificate]:
    """The certificates of one destruction, the oldest first; a second one completes the first."""
    query = select(Certificate).where(Certificate.destruction_id == destruction_id)
    return list(db.session.scalars(query.order_by(Certificate.place)))


def seal_of(found: Certificate) -> Seal:
    return Seal(found.public_key, found.signature)


def reference(number: str, digest: bytes) -> str:
    """Whom a certificate is about: for each certificate another value, which only the address and
    our key lead to."""
    key = current().suppression_key
    return hmac.digest(key, b"certificate\0" + number.encode() + b"\0" + digest, "sha256").hex()
