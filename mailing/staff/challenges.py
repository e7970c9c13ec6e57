"""Challenges: what a passkey has to sign, made anew for each time that one is asked.

A challenge lies here and not in the cookie: a cookie that was kept could be shown again, a row that
is gone cannot. It is one person's, for one purpose, for five minutes, and is gone with the first
answer, right or wrong.
"""

import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, LargeBinary, Text, delete
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import OPERATIONAL, Table, db
from mailing.staff.staff import Staff

LIVES = timedelta(minutes=5)
# Twice what Web Authentication Level 2, 13.4.3, asks for at the least.
_OCTETS = 32


class Purpose(StrEnum):
    """What is signed for: an answer to the one is none to the other."""

    REGISTER = "register"
    LOG_IN = "log in"


class Challenge(Table):
    """One question that waits for its answer."""

    __tablename__ = "passkey_challenges"
    __table_args__ = (
        CheckConstraint("purpose IN ('register', 'log in')", name="challenge_purpose_is_known"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, info=OPERATIONAL)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), info=OPERATIONAL)
    purpose: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    challenge: Mapped[bytes] = mapped_column(LargeBinary, info=OPERATIONAL)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), info=OPERATIONAL)


def ask(person: Staff, purpose: Purpose) -> Challenge:
    """A new one; those that nobody answered in time go."""
    db.session.execute(delete(Challenge).where(Challenge.created_at < clock.now() - LIVES))
    made = Challenge(
        id=uuid4(),
        staff_id=person.id,
        purpose=purpose.value,
        challenge=secrets.token_bytes(_OCTETS),
        created_at=clock.now(),
    )
    db.session.add(made)
    db.session.flush()
    return made


def take(challenge_id: UUID | None, person: Staff, purpose: Purpose) -> bytes | None:
    """What had to be signed; None where it was asked of somebody else, for something else, too long
    ago or answered already. Of two who take it at once one gets it."""
    taken = db.session.execute(
        delete(Challenge)
        .where(
            Challenge.id == challenge_id,
            Challenge.staff_id == person.id,
            Challenge.purpose == purpose.value,
            Challenge.created_at >= clock.now() - LIVES,
        )
        .returning(Challenge.challenge)
    )
    return taken.scalar()
