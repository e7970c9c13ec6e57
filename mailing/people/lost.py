"""People whom a restored database does not know any more: they came after the backup.

Their yes is lost, and is not guessed. Their mails are still in their mailboxes, though, and the
links in them must lead somewhere: to whoever has the same address now, or to a "no" that is kept.
"""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import Index, LargeBinary, delete, exists, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, aliased, mapped_column

from mailing.base.database import DEPERSONALISED, Table, db
from mailing.base.roundtrip import Said
from mailing.base.saying import ask
from mailing.people.subscribers import Subscriber


class LostSubscriber(Table):
    """The id that somebody had, and the keyed digest of their address."""

    __tablename__ = "lost_subscribers"
    __table_args__ = (Index("lost_subscribers_by_digest", "digest"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, info=DEPERSONALISED)
    digest: Mapped[bytes] = mapped_column(LargeBinary, info=DEPERSONALISED)


def note(people: Mapping[UUID, bytes]) -> None:
    """Keep the digests of these ids."""
    rows = [{"id": one, "digest": digest} for one, digest in people.items()]
    for start in range(0, len(rows), 1000):
        written = insert(LostSubscriber).values(rows[start : start + 1000])
        db.session.execute(written.on_conflict_do_nothing())


def forget(subscriber_id: UUID, digest: bytes) -> None:
    """Let nothing lead from an id to the address of somebody who was destroyed, by whichever id
    they were known."""
    theirs = or_(LostSubscriber.id == subscriber_id, LostSubscriber.digest == digest)
    db.session.execute(delete(LostSubscriber).where(theirs))


def now_known_as(subscriber_id: UUID) -> UUID:
    """The id of whoever has the address now; the same where nobody was lost, or came back."""
    return now_known([subscriber_id]).get(subscriber_id, subscriber_id)


def now_known(subscriber_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Who has the addresses of those of these ids now that were lost, and came back under another.

    An id that is known again (`subscribers.remember`) is its own, wherever its address may have
    gone since.
    """
    if not subscriber_ids:
        return {}
    itself = aliased(Subscriber)
    query = (
        select(LostSubscriber.id, Subscriber.id)
        .join(Subscriber, LostSubscriber.digest == Subscriber.digest)
        .where(LostSubscriber.id.in_(subscriber_ids))
        .where(~exists().where(itself.id == LostSubscriber.id))
    )
    return {row[0]: row[1] for row in db.session.execute(query)}


# The digest of the address that somebody of this id has, or had, as one column of a question.
DIGEST = """
    coalesce((SELECT digest FROM subscribers WHERE id = %(id)s::uuid),
             (SELECT digest FROM lost_subscribers WHERE id = %(id)s::uuid))
"""
_DIGEST_OF = f"SELECT {DIGEST}"


def digest_of(subscriber_id: UUID) -> bytes | None:
    """The digest of the address that somebody of this id has, or had; None for nobody known."""
    found: bytes | None = ask(Said(_DIGEST_OF, {"id": str(subscriber_id)}))[0][0][0]
    return found


def hex_digest_of(subscriber_id: UUID) -> str | None:
    """The same as a line of the journal spells it."""
    found = digest_of(subscriber_id)
    return found.hex() if found else None


def hex_digests_of(subscriber_ids: Collection[UUID]) -> dict[UUID, str]:
    """The same of those of these ids that were lost."""
    if not subscriber_ids:
        return {}
    query = select(LostSubscriber).where(LostSubscriber.id.in_(subscriber_ids))
    return {row.id: row.digest.hex() for row in db.session.scalars(query)}


def note_unknown(people: Mapping[UUID, str | None]) -> None:
    """Keep the digests (hex) of those of these ids whom nobody knows."""
    named = {one: bytes.fromhex(digest) for one, digest in people.items() if digest}
    ids = list(named)
    known = {
        found
        for start in range(0, len(ids), 1000)
        for found in db.session.scalars(
            select(Subscriber.id).where(Subscriber.id.in_(ids[start : start + 1000]))
        )
    }
    note({one: digest for one, digest in named.items() if one not in known})
