"""Suppression: addresses that must not be written to, kept as keyed digests.

There is no foreign key and no expiry: the "no" outlives the person's row, an import, a
deletion and a merge (T19, T20, T25).
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, LargeBinary, Text, delete, select, text
from sqlalchemy.dialects.postgresql import TIMESTAMP, insert
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.arrays import array_of
from mailing.base.database import DEPERSONALISED, OPERATIONAL, Table, db


class Why(StrEnum):
    """Why an address is suppressed."""

    WITHDRAWN = "withdrawn"
    DESTROYED = "destroyed"
    COMPLAINT = "complaint"
    BOUNCE = "bounce"
    STAFF = "staff"
    MOVED = "moved"


class Suppression(Table):
    """One address and one reason."""

    __tablename__ = "suppressions"
    __table_args__ = (
        CheckConstraint(
            "reason IN ('withdrawn', 'destroyed', 'complaint', 'bounce', 'staff', 'moved')",
            name="suppression_reason_is_known",
        ),
    )

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True, info=DEPERSONALISED)
    reason: Mapped[str] = mapped_column(Text, primary_key=True, info=DEPERSONALISED)
    detail: Mapped[str] = mapped_column(Text, server_default=text("''"), info=OPERATIONAL)
    since: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), info=OPERATIONAL)


def suppress(digest: bytes, reason: Why, detail: str = "") -> None:
    """Keep this address out. The subscriber's row, where there is one, is touched first."""
    db.session.execute(
        text("UPDATE subscribers SET ledger_seq = ledger_seq WHERE digest = :digest"),
        {"digest": digest},
    )
    row = {"digest": digest, "reason": reason.value, "detail": detail, "since": clock.now()}
    kept = insert(Suppression).values(row)
    # A mailbox that bounces again begins its thirty days again; any other reason began once.
    again = kept.on_conflict_do_update(
        index_elements=["digest", "reason"],
        set_={"since": kept.excluded.since, "detail": kept.excluded.detail},
        where=Suppression.reason == Why.BOUNCE.value,
    )
    db.session.execute(again)
    if reason in _OF_THE_PERSON:
        db.session.execute(text(_FORMER_TOO), row)


def suppress_all(digests: list[bytes], reason: Why) -> None:
    """The same for many, of a reason that begins once."""
    values = {"digests": array_of(digests), "reason": reason.value, "since": clock.now()}
    db.session.execute(text(_TOUCH_ALL), values)
    db.session.execute(text(_SUPPRESS_ALL), values)
    if reason in _OF_THE_PERSON:
        among = _FORMER_TOO.replace("= :digest", "= ANY (CAST(:digests AS bytea[]))")
        db.session.execute(text(among), values | {"detail": ""})


_TOUCH_ALL = """
    UPDATE subscribers SET ledger_seq = ledger_seq
    WHERE digest = ANY (CAST(:digests AS bytea[]))
"""
_SUPPRESS_ALL = """
    INSERT INTO suppressions (digest, reason, since)
    SELECT DISTINCT digest, CAST(:reason AS text), CAST(:since AS timestamptz)
    FROM unnest(CAST(:digests AS bytea[])) AS n (digest)
    ON CONFLICT DO NOTHING
"""

# What somebody says of themselves holds for every address that was theirs: nobody gets round it
# by the one that they moved from (T19, T23).
_OF_THE_PERSON = (Why.WITHDRAWN, Why.DESTROYED, Why.COMPLAINT)
_FORMER_TOO = """
    INSERT INTO suppressions (digest, reason, detail, since)
    SELECT c.former, :reason, :detail, :since FROM address_changes c
    JOIN subscribers s ON s.id = c.subscriber_id
    WHERE s.digest = :digest AND c.former IS NOT NULL AND c.former <> s.digest
        AND NOT EXISTS (SELECT FROM subscribers o WHERE o.digest = c.former)
    ON CONFLICT DO NOTHING
"""


def lift_bounce(digest: bytes) -> None:
    """Forget what an answer disproves: a bounce, and that the person has moved away. Somebody
    has just answered a message to this address."""
    disproved = (Why.BOUNCE.value, Why.MOVED.value)
    db.session.execute(
        delete(Suppression).where(Suppression.digest == digest, Suppression.reason.in_(disproved))
    )


def lift_own(digest: bytes) -> None:
    """Forget what somebody said of themselves and has taken back: they wrote from this address,
    authenticated, to join again, and then said yes. What staff decided stays."""
    own = [why.value for why in Why if why is not Why.STAFF]
    db.session.execute(
        delete(Suppression).where(Suppression.digest == digest, Suppression.reason.in_(own))
    )


def forget_bounce(digest: bytes, detail: str) -> None:
    """Take back a suppression that one bounce alone made: it was no fault of the mailbox."""
    db.session.execute(
        delete(Suppression).where(
            Suppression.digest == digest,
            Suppression.reason == Why.BOUNCE.value,
            Suppression.detail == detail,
        )
    )


def of(digest: bytes) -> list[Suppression]:
    """Each reason why this address is kept out, the first of them first."""
    query = select(Suppression).where(Suppression.digest == digest)
    return list(db.session.scalars(query.order_by(Suppression.since, Suppression.reason)))


def reasons(digest: bytes) -> dict[Why, datetime]:
    """Why this address is kept out, and since when; empty when it is not."""
    query = select(Suppression.reason, Suppression.since).where(Suppression.digest == digest)
    return {Why(row.reason): row.since for row in db.session.execute(query)}
