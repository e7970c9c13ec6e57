"""Staff: the people who work with Kelisim, one role each.

Subscribers have no account; whoever logs in is staff. A login is tied to `fs_uniquifier`, so
that renewing it ends every login of that person at once, and every link to set a password.
"""

from datetime import datetime
from enum import StrEnum
from uuid import uuid4

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    LargeBinary,
    Text,
    UniqueConstraint,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base.clock import now
from mailing.base.database import OPERATIONAL, PERSONAL, Table, db
from mailing.base.errors import Conflict, Invalid, Missing
from mailing.staff import passwords

At = DateTime(timezone=True)
# PostgreSQL refuses to compare a bigint with it.
_TOO_LARGE = 2**63


class Role(StrEnum):
    """What somebody is here for; `mailing.staff.permissions` says what each may do."""

    ADMIN = "admin"
    MARKETER = "marketer"
    OFFICER = "officer"
    VIEWER = "viewer"


class Staff(Table):
    """One person who may log in. Without `password_at` they are invited and have not come yet."""

    __tablename__ = "staff"
    __table_args__ = (
        UniqueConstraint("email", name="staff_email_is_unique"),
        UniqueConstraint("fs_uniquifier", name="staff_login_is_unique"),
        CheckConstraint(
            "role IN ('admin', 'marketer', 'officer', 'viewer')", name="staff_role_is_known"
        ),
        CheckConstraint(
            "second_at IS NULL OR second_secret IS NOT NULL", name="second_factor_has_a_secret"
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, info=OPERATIONAL)
    email: Mapped[str] = mapped_column(Text, info=PERSONAL)
    password: Mapped[str] = mapped_column(Text, info=PERSONAL)
    active: Mapped[bool] = mapped_column(server_default="true", info=OPERATIONAL)
    fs_uniquifier: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    role: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    created_at: Mapped[datetime] = mapped_column(At, server_default=func.now(), info=OPERATIONAL)
    password_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    last_login_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    # The second factor (second_factor.py): on since `second_at`; its secret lies sealed.
    second_secret: Mapped[bytes | None] = mapped_column(LargeBinary, info=PERSONAL)
    second_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    second_counter: Mapped[int | None] = mapped_column(BigInteger, info=OPERATIONAL)
    recovery_codes: Mapped[list[str]] = mapped_column(
        JSONB, default=list, server_default=text("'[]'"), info=PERSONAL
    )

    # In which language somebody has the desk's numbers by mail each working day; empty: not.
    digest_language: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)

    @property
    def name(self) -> str:
        """How the audit log and the studio name this person: without the address."""
        return f"staff {self.id}"


def add(email: str, role: Role, password: str) -> Staff:
    """Somebody new. Raises Invalid for an unusable address or password, Conflict if known."""
    return _added(email, role, password)


def invite(email: str, role: Role) -> Staff:
    """Somebody new who will choose a password by a link; raises as `add` does."""
    return _added(email, role, None)


def authenticate(email: str, password: str) -> Staff | None:
    """The active person whose password this is; None without saying what was wrong.

    Takes the same time whether or not the address is known.
    """
    person = find_by_email(email)
    is_right = passwords.is_right(person.password if person else passwords.nobodys(), password)
    if person is None or not is_right or not person.active:
        return None
    person.password = passwords.renewed(person.password, password)
    return person


def change_password(person: Staff, password: str) -> None:
    """A new password; every login of this person ends."""
    person.password = passwords.hashed(password, person.email)
    person.password_at = now()
    end_logins(person)


def change_role(person: Staff, role: Role) -> None:
    """Another role; every login ends, so that none goes on with the old one.

    Raises Conflict where nobody would be left who may look after the staff.
    """
    if role != Role.ADMIN:
        _leave_an_admin(person)
    person.role = Role(role).value
    end_logins(person)


def deactivate(person: Staff) -> None:
    """This person can no longer log in; what they did stays in the audit log.

    Raises Conflict where nobody would be left who may look after the staff.
    """
    _leave_an_admin(person)
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


def note_login(person: Staff) -> None:
    """Keep when this person logged in last."""
    person.last_login_at = now()
    db.session.flush()


def find(email: str) -> Staff:
    """The person with this address; raises Missing."""
    person = find_by_email(email)
    if person is None:
        raise Missing(f"Nobody on the staff has the address {email}.")
    return person


def find_by_email(email: str) -> Staff | None:
    # PostgreSQL takes no NUL, and no address has one.
    address = email.strip().casefold().replace("\0", "\ufffd")
    return db.session.scalar(select(Staff).where(Staff.email == address))


def find_by_login(fs_uniquifier: str) -> Staff | None:
    """Whoever the login belongs to, unless it has been ended."""
    return db.session.scalar(select(Staff).where(Staff.fs_uniquifier == fs_uniquifier))


def get(staff_id: int) -> Staff:
    """The person with this number; raises Missing."""
    person = db.session.get(Staff, staff_id) if staff_id < _TOO_LARGE else None
    if person is None:
        raise Missing("There is nobody with this number on the staff.")
    return person


def lock(staff_id: int) -> Staff:
    """The person with this number, as they are now and until the end of the transaction; raises
    Missing."""
    query = select(Staff).where(Staff.id == staff_id).with_for_update()
    db.session.flush()
    if staff_id < _TOO_LARGE:
        db.session.scalar(query.execution_options(populate_existing=True))
    return get(staff_id)


def everybody() -> list[Staff]:
    """All staff, by address."""
    return list(db.session.scalars(select(Staff).order_by(Staff.email)))


def addresses() -> dict[str, str]:
    """The address of each, by the name that the audit log knows them by."""
    return {one.name: one.email for one in everybody()}


def _added(email: str, role: Role, password: str | None) -> Staff:
    address = address_of(email)
    if find_by_email(address):
        raise Conflict(
            f"{address} is already staff; "
            "change what is there with kelisim staff password, role or open."
        )
    chosen = None if password is None else passwords.hashed(password, address)
    person = Staff(
        email=address,
        role=Role(role).value,
        password=chosen or passwords.unknown(),
        password_at=now() if chosen else None,
        active=True,
        fs_uniquifier=uuid4().hex,
        created_at=now(),
    )
    db.session.add(person)
    db.session.flush()
    return person


def address_of(email: str) -> str:
    """The address as it is kept; raises Invalid."""
    address = email.strip().casefold()
    name, _, domain = address.rpartition("@")
    if not name or not domain or any(c.isspace() or not c.isprintable() for c in address):
        raise Invalid("Give an address like name@example.com.", field="email")
    return address


def _leave_an_admin(person: Staff) -> None:
    """All admins are locked in one order: of two who take each other's role, one is refused."""
    admins = select(Staff).where(Staff.role == Role.ADMIN.value, Staff.active).order_by(Staff.id)
    fresh = admins.with_for_update().execution_options(populate_existing=True)
    db.session.flush()
    able = [one.id for one in db.session.scalars(fresh) if one.password_at is not None]
    if able == [person.id]:
        raise Conflict(
            "This is the last admin who can log in: nobody could look after the staff any more. "
            "Make somebody else an admin first."
        )
