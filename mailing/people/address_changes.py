"""Address changes: the wish to be written to at another address, until both ends have agreed.

The new address is kept, sealed, for as long as the change is open, and nothing of an address
that did not become one stays for longer than seven days. Of the address that somebody moved
from, the digest stays: it is how a "no" goes on holding for it (T19, T23).
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Text, select, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import DEPERSONALISED, OPERATIONAL, PERSONAL, Table, db
from mailing.people.subscribers import Sealer

At = TIMESTAMP(timezone=True)


class State(StrEnum):
    """What became of a change."""

    OPEN = "open"
    DONE = "done"
    STOPPED = "stopped"
    REFUSED = "refused"
    EXPIRED = "expired"


class End(StrEnum):
    """Which of the two mailboxes somebody answers from."""

    OLD = "old"
    NEW = "new"


class AddressChange(Table):
    """One wish; `digest` is the new address's, `former` that of the address moved from."""

    __tablename__ = "address_changes"
    __table_args__ = (
        CheckConstraint(
            "state IN ('open', 'done', 'stopped', 'refused', 'expired')",
            name="address_change_state_is_known",
        ),
        CheckConstraint(
            "state <> 'done' OR (old_agreed_at IS NOT NULL AND new_agreed_at IS NOT NULL)",
            name="change_is_agreed_at_both_ends",
        ),
        CheckConstraint(
            "(state = 'open') = (personal IS NOT NULL)", name="open_change_knows_its_address"
        ),
        CheckConstraint(
            "(state = 'done') = (former IS NOT NULL)", name="done_change_knows_what_was"
        ),
        Index("address_changes_of_subscriber", "subscriber_id"),
        Index(
            "one_open_change_a_subscriber",
            "subscriber_id",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
        Index("address_changes_to", "digest", postgresql_where=text("digest IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(
        primary_key=True, server_default=text("gen_random_uuid()"), info=OPERATIONAL
    )
    subscriber_id: Mapped[UUID] = mapped_column(ForeignKey("subscribers.id"), info=DEPERSONALISED)
    state: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    personal: Mapped[bytes | None] = mapped_column(LargeBinary, info=PERSONAL)
    digest: Mapped[bytes | None] = mapped_column(LargeBinary, info=DEPERSONALISED)
    former: Mapped[bytes | None] = mapped_column(LargeBinary, info=DEPERSONALISED)
    old_agreed_at: Mapped[datetime | None] = mapped_column(At, info=DEPERSONALISED)
    new_agreed_at: Mapped[datetime | None] = mapped_column(At, info=DEPERSONALISED)
    created_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    expires_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    closed_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)

    @property
    def standing(self) -> State:
        """What is so now: an open change whose time is over has expired."""
        is_over = self.state == State.OPEN and self.expires_at <= clock.now()
        return State.EXPIRED if is_over else State(self.state)

    @property
    def address(self) -> str:
        """The new address, as it is mailed to; empty once the change is closed."""
        opened = Sealer().open(self.personal, self.subscriber_id.bytes) if self.personal else {}
        return str(opened.get("email", ""))

    def has_agreed(self, end: End) -> bool:
        """Whether this end has said yes."""
        return (self.old_agreed_at if end is End.OLD else self.new_agreed_at) is not None


def find(change_id: UUID) -> AddressChange | None:
    """A change by its id, as it is now."""
    return db.session.get(AddressChange, change_id, populate_existing=True)


def of(subscriber_id: UUID) -> list[AddressChange]:
    """The changes that somebody wished for, oldest first."""
    query = select(AddressChange).where(AddressChange.subscriber_id == subscriber_id)
    fresh = query.order_by(AddressChange.created_at).execution_options(populate_existing=True)
    return list(db.session.scalars(fresh))


def done(subscriber_id: UUID) -> list[AddressChange]:
    """The changes that came about, in the order of time."""
    ended = [change for change in of(subscriber_id) if change.state == State.DONE]
    return sorted(ended, key=lambda change: change.closed_at or change.created_at)


def moved_from(digest: bytes) -> list[UUID]:
    """Who moved away from an address, the last of them first."""
    query = select(AddressChange.subscriber_id).where(AddressChange.former == digest)
    return list(db.session.scalars(query.order_by(AddressChange.closed_at.desc())))


def moved_at(subscriber_id: UUID) -> datetime | None:
    """When somebody moved last: a link that was mailed before may lie in another's mailbox."""
    ended = done(subscriber_id)
    return ended[-1].closed_at if ended else None


def close(change: AddressChange, state: State) -> None:
    """End a change; the new address is destroyed, or is the subscriber's own by now."""
    change.state, change.personal, change.closed_at = state.value, None, clock.now()
    db.session.flush()
