"""Passkeys of the staff: a key pair on a device of theirs, whose public half lies here.

A passkey is a second factor behind the password, never in place of it. It signs for our own host
alone, so a page that only looks like ours gets nothing out of it (W3C, Web Authentication
Level 2). How one is registered and asked is in `ceremonies.py`.
"""

from datetime import datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    delete,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base.database import OPERATIONAL, PERSONAL, Table, db
from mailing.base.errors import Invalid, Missing
from mailing.staff.staff import Staff

LONGEST_NAME = 60
# More than anybody carries; a list of them all goes to the browser at each login.
MOST = 20

At = DateTime(timezone=True)
_TOO_LARGE = 2**63


class Passkey(Table):
    """One passkey of one person. `sign_count` is what its device counted last; 0: it counts not."""

    __tablename__ = "staff_passkeys"
    __table_args__ = (
        UniqueConstraint("credential_id", name="passkey_is_registered_once"),
        CheckConstraint("sign_count >= 0", name="passkey_counts_up"),
        CheckConstraint(
            f"char_length(name) BETWEEN 1 AND {LONGEST_NAME}", name="passkey_has_a_name"
        ),
        Index("passkeys_of_staff", "staff_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, info=OPERATIONAL)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), info=OPERATIONAL)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, info=PERSONAL)
    public_key: Mapped[bytes] = mapped_column(LargeBinary, info=PERSONAL)
    sign_count: Mapped[int] = mapped_column(BigInteger, info=OPERATIONAL)
    # How its device is reached (usb, nfc, internal …), so that the browser asks for the right one.
    transports: Mapped[list[str]] = mapped_column(ARRAY(Text), info=OPERATIONAL)
    name: Mapped[str] = mapped_column(Text, info=PERSONAL)
    created_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    last_used_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)


def of(person: Staff) -> list[Passkey]:
    """Their passkeys, the oldest first."""
    query = select(Passkey).where(Passkey.staff_id == person.id).order_by(Passkey.id)
    return list(db.session.scalars(query))


def has_any(person: Staff) -> bool:
    """Whether there is one that they could log in with."""
    query = select(Passkey.id).where(Passkey.staff_id == person.id).limit(1)
    return db.session.scalar(query) is not None


def get(person: Staff, passkey_id: int) -> Passkey:
    """The passkey of theirs with this number; raises Missing, for another's, too."""
    found = db.session.get(Passkey, passkey_id) if passkey_id < _TOO_LARGE else None
    if found is None or found.staff_id != person.id:
        raise Missing("You have no passkey with this number.")
    return found


def by_credential(credential_id: bytes) -> Passkey | None:
    """Whose device this is, whoever asks."""
    query = select(Passkey).where(Passkey.credential_id == credential_id)
    return db.session.scalar(query.execution_options(populate_existing=True))


def rename(person: Staff, passkey_id: int, name: str) -> Passkey:
    """Another name for one of theirs; raises Missing and, as `named` does, Invalid."""
    passkey = get(person, passkey_id)
    passkey.name = named(name)
    db.session.flush()
    return passkey


def remove_all(person: Staff) -> int:
    """None is left; how many there were."""
    gone = db.session.execute(
        delete(Passkey).where(Passkey.staff_id == person.id).returning(Passkey.id)
    )
    return len(gone.all())


def named(text: str) -> str:
    """A name as it is kept, on one line and without what cannot be seen; raises Invalid."""
    name = "".join(sign for sign in " ".join(text.split()) if sign.isprintable()).strip()
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid(f"Give it a name of 1 to {LONGEST_NAME} characters.", "name")
    return name
