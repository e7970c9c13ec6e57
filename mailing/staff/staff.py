"""Staff: the people who work with Kelisim, one role each.

Subscribers have no account; whoever logs in is staff. A login is tied to `fs_uniquifier`, so
that renewing it ends every login of that person at once.
"""

import unicodedata
from datetime import datetime
from enum import StrEnum
from uuid import uuid4

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import BigInteger, CheckConstraint, DateTime, Text, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base.clock import now
from mailing.base.database import OPERATIONAL, PERSONAL, Table, db
from mailing.base.errors import Conflict, Invalid, Missing

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 1024

# argon2id with the least memory that OWASP's password storage guidance recommends (19 MiB, two
# passes), so that many logins at once cannot exhaust a small machine.
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)

# Verified against when nobody has the address, so that the answer takes the same time.
_NOBODY = _hasher.hash(uuid4().hex)


class Role(StrEnum):
    """What somebody is here for; `mailing.staff.permissions` says what each may do."""

    ADMIN = "admin"
    MARKETER = "marketer"
    OFFICER = "officer"
    VIEWER = "viewer"


class Staff(Table):
    """One person who may log in."""

    __tablename__ = "staff"
    __table_args__ = (
        UniqueConstraint("email", name="staff_email_is_unique"),
        UniqueConstraint("fs_uniquifier", name="staff_login_is_unique"),
        CheckConstraint(
            "role IN ('admin', 'marketer', 'officer', 'viewer')", name="staff_role_is_known"
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, info=OPERATIONAL)
    email: Mapped[str] = mapped_column(Text, info=PERSONAL)
    password: Mapped[str] = mapped_column(Text, info=PERSONAL)
    active: Mapped[bool] = mapped_column(server_default="true", info=OPERATIONAL)
    fs_uniquifier: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    role: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    created_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), info=OPERATIONAL
    )

    @property
    def name(self) -> str:
        """How the audit log and the studio name this person: without the address."""
        return f"staff {self.id}"


def add(email: str, role: Role, password: str) -> Staff:
    """Somebody new. Raises Invalid for an unusable address or password, Conflict if known."""
    address = _address(email)
    if find_by_email(address):
        raise Conflict(
            f"{address} is already staff; "
            "change what is there with kelisim staff password, role or open."
        )
    person = Staff(
        email=address,
        role=Role(role).value,
        password=_hasher.hash(_acceptable(password, address)),
        active=True,
        fs_uniquifier=uuid4().hex,
        created_at=now(),
    )
    db.session.add(person)
    db.session.flush()
    return person


def authenticate(email: str, password: str) -> Staff | None:
    """The active person whose password this is; None without saying what was wrong.

    Takes the same time whether or not the address is known.
    """
    person = find_by_email(email)
    is_right = _verified(person.password if person else _NOBODY, password)
    if person is None or not is_right or not person.active:
        return None
    if _hasher.check_needs_rehash(person.password):
        person.password = _hasher.hash(_normal(password))
    return person


def change_password(person: Staff, password: str) -> None:
    """A new password; every login of this person ends."""
    person.password = _hasher.hash(_acceptable(password, person.email))
    end_logins(person)


def change_role(person: Staff, role: Role) -> None:
    """Another role; every login ends, so that none goes on with the old one."""
    person.role = Role(role).value
    end_logins(person)


def deactivate(person: Staff) -> None:
    """This person can no longer log in; what they did stays in the audit log."""
    person.active = False
    end_logins(person)


def reactivate(person: Staff) -> None:
    """This person can log in again, with the password and the role that they had."""
    person.active = True
    db.session.flush()


def end_logins(person: Staff) -> None:
    """Log this person out everywhere."""
    person.fs_uniquifier = uuid4().hex
    db.session.flush()


def find(email: str) -> Staff:
    """The person with this address; raises Missing."""
    person = find_by_email(email)
    if person is None:
        raise Missing(f"Nobody on the staff has the address {email}.")
    return person


def find_by_email(email: str) -> Staff | None:
    return db.session.scalar(select(Staff).where(Staff.email == email.strip().casefold()))


def find_by_login(fs_uniquifier: str) -> Staff | None:
    """Whoever the login belongs to, unless it has been ended."""
    return db.session.scalar(select(Staff).where(Staff.fs_uniquifier == fs_uniquifier))


def everybody() -> list[Staff]:
    """All staff, by address."""
    return list(db.session.scalars(select(Staff).order_by(Staff.email)))


def _address(email: str) -> str:
    address = email.strip().casefold()
    name, _, domain = address.rpartition("@")
    if not name or not domain or any(c.isspace() or not c.isprintable() for c in address):
        raise Invalid("Give an address like name@example.com.", field="email")
    return address


def _acceptable(password: str, address: str) -> str:
    normal = _normal(password)
    if not SHORTEST_PASSWORD <= len(normal) <= LONGEST_PASSWORD:
        raise Invalid(
            f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters; "
            "a few unrelated words make a good one.",
            field="password",
        )
    if normal.casefold() in {address, address.partition("@")[0]} or len(set(normal)) < 4:
        raise Invalid("That password is too easily guessed; take another.", field="password")
    return normal


def _normal(password: str) -> str:
    # Two keyboards may spell the same letter in two ways (NIST SP 800-63B 3.1.1.2 asks for it).
    return unicodedata.normalize("NFKC", password)


def _verified(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, _normal(password)[:LONGEST_PASSWORD])
    except (VerificationError, ValueError):
        return False
