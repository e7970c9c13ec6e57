"""Mails to staff: the link by which somebody sets a password, and the officers' digest.

An invitation, a reset and a digest are one message to one person, who is no subscriber: no ledger,
no topic and no suppression is asked. The gate asks instead whether the link would still open: its
row is bound to the login as it was, so that a changed password or role, or a closed login, ends it.
"""

import hashlib
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Index,
    LargeBinary,
    Text,
    func,
    select,
    update,
)
from sqlalchemy import text as sql_text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import DEPERSONALISED, OPERATIONAL, PERSONAL, Table, db
from mailing.base.jobs import SEND, ring
from mailing.base.settings import current
from mailing.base.tokens import AccountToken, link_keys
from mailing.deliveries import batches
from mailing.deliveries.deliveries import Delivery, Kind
from mailing.people import topics
from mailing.people.canonical import canonical
from mailing.people.subscribers import Personal, Sealer, digest_of
from mailing.staff import audit, staff
from mailing.staff.audit import Actor
from mailing.staff.staff import Role, Staff

At = TIMESTAMP(timezone=True)
MOST_RESETS_AN_HOUR = 3
# Asked for where a token is not one of ours, so that the answer takes the same time.
NOBODYS = UUID(int=0)

# `m` is the mail, `u` its person.
VERDICT = """
CASE WHEN u.id IS NULL OR NOT u.active OR m.recipient IS NULL
        OR m.used_at IS NOT NULL OR m.bound_to <> sha256(convert_to(u.fs_uniquifier, 'UTF8'))
        THEN 'request_closed'
    WHEN m.expires_at <= now() THEN 'request_expired'
END
"""


class Why(StrEnum):
    """What the mail is for."""

    INVITATION = "invitation"
    RESET = "reset"
    DIGEST = "digest"


# What of a digest has not left by the evening would tell of another day.
LASTS = {
    Why.INVITATION: timedelta(hours=72),
    Why.RESET: timedelta(hours=2),
    Why.DIGEST: timedelta(hours=12),
}


class AccountMail(Table):
    """One link, by the delivery that carries it. It opens once, for some hours.

    No foreign keys: the same row is written for an address that is not known, and taken back, so
    that the time of the answer tells nobody who works here.
    """

    __tablename__ = "account_mails"
    __table_args__ = (
        CheckConstraint("why IN ('invitation', 'reset', 'digest')", name="account_mail_is_known"),
        CheckConstraint("(why = 'digest') = (day IS NOT NULL)", name="digest_is_of_a_day"),
        Index(
            "one_digest_a_day",
            "staff_id",
            "day",
            unique=True,
            postgresql_where=sql_text("day IS NOT NULL"),
        ),
        Index("account_mails_of_staff", "staff_id", "created_at"),
    )

    delivery_id: Mapped[UUID] = mapped_column(primary_key=True, info=OPERATIONAL)
    staff_id: Mapped[int] = mapped_column(BigInteger, info=OPERATIONAL)
    why: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    language: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    # Sealed to the delivery; gone once the link has been used.
    recipient: Mapped[bytes | None] = mapped_column(LargeBinary, info=PERSONAL)
    digest: Mapped[bytes] = mapped_column(LargeBinary, info=DEPERSONALISED)
    bound_to: Mapped[bytes] = mapped_column(LargeBinary, info=OPERATIONAL)
    created_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    expires_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    used_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    # Of a digest: the day that it is of, and its numbers, so that a retry says the same.
    day: Mapped[date | None] = mapped_column(info=OPERATIONAL)
    told: Mapped[dict[str, Any]] = mapped_column(
        JSONB, default=dict, server_default=sql_text("'{}'"), info=OPERATIONAL
    )


def invite(email: str, role: Role, language: str, by: Actor) -> Staff:
    """Somebody new, and the mail by which they choose a password.

    Raises Invalid for an unusable address, Conflict for somebody who is staff already.
    """
    canonical(email)
    person = staff.invite(email, role)
    _write(person, Why.INVITATION, language)
    audit.record(by, "staff invited", person.name, role=person.role)
    return person


def invite_again(person: Staff, language: str, by: Actor) -> None:
    """A new link; the ones before open nothing any more."""
    staff.end_logins(person)
    _write(person, Why.INVITATION, language)
    audit.record(by, "staff invited again", person.name)


def ask_reset(email: str, language: str) -> None:
    """Mail a link to whoever has this address, at most a few an hour.

    The same is done for an address that nobody has, and taken back: the caller learns nothing, by
    the answer or by its time. Raises Invalid for what is no address.
    """
    address = canonical(email)
    person = staff.find_by_email(email)
    with db.session.begin_nested() as attempt:
        sought = person or Staff(id=0, email=address.display, fs_uniquifier=uuid4().hex)
        is_flood = _number_lately(sought) >= MOST_RESETS_AN_HOUR
        _write(sought, Why.RESET, language)
        audit.record(_self(sought), "password link asked for", sought.name)
        db.session.flush()
        if person is None or not person.active or is_flood:
            attempt.rollback()


def digest(person: Staff, day: date, told: dict[str, int]) -> bool:
    """The numbers of a day, once; whether it was this call that wrote them."""
    try:
        with db.session.begin_nested():
            _write(person, Why.DIGEST, person.digest_language or "", {"day": day, "told": told})
    except IntegrityError:
        # Another sweep was first.
        return False
    return True


def look(text: str) -> Staff | None:
    """Whose password a link sets; None for one that is not ours, was used, or is over."""
    found = _open(text)
    return found[1] if found else None


def take(text: str, password: str) -> Staff | None:
    """Set the password by a link, once; every login and every other link ends.

    None for a link that does not open; raises Invalid for a password that is not acceptable, and
    then the link still opens.
    """
    found = _open(text, is_to_be_used=True)
    if found is None:
        return None
    mail, person = found
    staff.change_password(person, password)
    mail.used_at, mail.recipient = clock.now(), None
    audit.record(_self(person), "password set by mail", person.name, why=mail.why)
    return person


def find(delivery_id: UUID) -> AccountMail | None:
    """The mail that a delivery carries."""
    return db.session.get(AccountMail, delivery_id)


def last_of(person: Staff) -> tuple[AccountMail, Delivery] | None:
    """The last mail to this person, and what became of it."""
    query = select(AccountMail, Delivery).join(Delivery, Delivery.id == AccountMail.delivery_id)
    own = query.where(AccountMail.staff_id == person.id)
    row = db.session.execute(own.order_by(AccountMail.created_at.desc()).limit(1)).first()
    return (row[0], row[1]) if row else None


def _write(person: Staff, why: Why, language: str, more: dict[str, Any] | None = None) -> None:
    at, delivery_id = clock.now(), uuid4()
    address = canonical(person.email)
    mail = AccountMail(
        delivery_id=delivery_id,
        staff_id=person.id,
        why=why.value,
        language=language,
        recipient=Sealer().seal(Personal(address.display).as_dict(), delivery_id.bytes),
        digest=digest_of(address),
        bound_to=_bond(person),
        created_at=at,
        expires_at=at + LASTS[why],
        **(more or {}),
    )
    delivery = Delivery(
        id=delivery_id,
        kind=Kind.ACCOUNT.value,
        batch_id=batches.of_one(),
        # Nobody's: the mail is found by its delivery.
        subscriber_id=delivery_id,
        topic_id=topics.find(topics.NOTICES).id,
        created_at=at,
    )
    _forget(at)
    db.session.add_all((mail, delivery))
    db.session.flush()
    ring(SEND)


def _forget(at: datetime) -> None:
    """No address is kept for a link that is over."""
    over = update(AccountMail).where(
        AccountMail.expires_at < at, AccountMail.recipient.is_not(None)
    )
    gone = {"synchronize_session": False}
    db.session.execute(over.values(recipient=None), execution_options=gone)


def _open(text: str, is_to_be_used: bool = False) -> tuple[AccountMail, Staff] | None:
    token = AccountToken.read(link_keys(current().secret_keys), text)
    query = select(AccountMail, Staff).join(Staff, Staff.id == AccountMail.staff_id)
    own = query.where(AccountMail.delivery_id == (token.delivery if token else NOBODYS))
    # Of two who use one link at once, the second finds it used.
    asked = own.with_for_update() if is_to_be_used else own
    row = db.session.execute(asked.execution_options(populate_existing=True)).first()
    if row is None or not _opens(row[0], row[1]):
        return None
    return row[0], row[1]


def _opens(mail: AccountMail, person: Staff) -> bool:
    is_unused = mail.why != Why.DIGEST and mail.used_at is None and mail.expires_at > clock.now()
    return is_unused and person.active and mail.bound_to == _bond(person)


def _bond(person: Staff) -> bytes:
    return hashlib.sha256(person.fs_uniquifier.encode()).digest()


def _number_lately(person: Staff) -> int:
    hour = clock.now() - timedelta(hours=1)
    query = select(func.count()).where(
        AccountMail.staff_id == person.id,
        AccountMail.why == Why.RESET.value,
        AccountMail.created_at > hour,
    )
    return int(db.session.scalar(query) or 0)


def _self(person: Staff) -> Actor:
    return Actor(person.name, Role(person.role or Role.VIEWER))
