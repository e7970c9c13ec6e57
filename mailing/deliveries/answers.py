"""Answers: what we write to a person because they asked for it themselves (correspondence).

An answer of the pages holds nothing that anybody typed: its kind says what stands in it, and the
links are made from its delivery. It may go to another address than the subscriber's own, when that
address is asked whether it is theirs. A receipt and a letter answer what somebody wrote to us;
their words are kept, sealed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Index,
    LargeBinary,
    Text,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import DEPERSONALISED, OPERATIONAL, PERSONAL, Table, db
from mailing.base.jobs import SEND, ring
from mailing.deliveries import batches
from mailing.deliveries.deliveries import Delivery, Kind
from mailing.people import address_changes, topics
from mailing.people.address import Address
from mailing.people.subscribers import Personal, Sealer, digest_of

At = TIMESTAMP(timezone=True)
# For so long a link that was asked for opens the data of its person.
FRESH_FOR = timedelta(hours=24)


class AnswerKind(StrEnum):
    """What was asked for."""

    LINK = "link"
    OLD_ADDRESS = "old_address"
    NEW_ADDRESS = "new_address"
    CLAIM = "claim"
    RECEIPT = "receipt"
    LETTER = "letter"
    BUNDLE = "bundle"


class Answer(Table):
    """One answer, by the delivery that carries it.

    No foreign keys: the same row is written for somebody who is not known, and taken back, so
    that the time of a page's answer tells nobody who is.
    """

    __tablename__ = "answers"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('link', 'old_address', 'new_address', 'claim', 'receipt', 'letter', "
            "'bundle')",
            name="answer_kind_is_known",
        ),
        CheckConstraint(
            "(kind IN ('old_address', 'new_address')) = (change_id IS NOT NULL)",
            name="answer_to_another_address_is_about_a_change",
        ),
        CheckConstraint(
            "(kind IN ('receipt', 'letter')) = (request_id IS NOT NULL)",
            name="answer_to_a_request_names_it",
        ),
        Index("answers_of_subscriber", "subscriber_id", "created_at"),
        Index("answers_of_request", "request_id", postgresql_where=text("request_id IS NOT NULL")),
        Index("answers_to_address", "digest", postgresql_where=text("digest IS NOT NULL")),
        Index(
            "receipts_to_address", "digest", "created_at", postgresql_where=text("kind = 'receipt'")
        ),
    )

    delivery_id: Mapped[UUID] = mapped_column(primary_key=True, info=OPERATIONAL)
    subscriber_id: Mapped[UUID] = mapped_column(info=DEPERSONALISED)
    kind: Mapped[str] = mapped_column(Text, info=DEPERSONALISED)
    change_id: Mapped[UUID | None] = mapped_column(info=DEPERSONALISED)
    recipient: Mapped[bytes | None] = mapped_column(LargeBinary, info=PERSONAL)
    digest: Mapped[bytes | None] = mapped_column(LargeBinary, info=DEPERSONALISED)
    request_id: Mapped[int | None] = mapped_column(BigInteger, info=DEPERSONALISED)
    language: Mapped[str | None] = mapped_column(Text, info=DEPERSONALISED)
    # Whether it goes to whoever certainly wrote what it answers: anybody can put a sender there.
    is_to_author: Mapped[bool] = mapped_column(
        Boolean, server_default=text("false"), info=OPERATIONAL
    )
    # The words of an answer to a request, sealed to its delivery.
    content: Mapped[bytes | None] = mapped_column(LargeBinary, info=PERSONAL)
    created_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    expires_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)


@dataclass(frozen=True)
class NewAnswer:
    """An answer about to be written; `address` where it does not go to the subscriber's own,
    `is_to_author` where our own server authenticated whoever wrote from there."""

    subscriber_id: UUID
    kind: AnswerKind
    lasts: timedelta
    change_id: UUID | None = None
    address: Address | None = None
    said: "Said | None" = None
    is_to_author: bool = False


@dataclass(frozen=True)
class Said:
    """The words of an answer to a request, in `language`, and what of a message they refer to."""

    request_id: int
    language: str
    subject: str
    text: str
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()


def write(new: NewAnswer) -> UUID:
    """Put an answer into the queue, before every campaign; the id of its delivery."""
    at, delivery_id = clock.now(), uuid4()
    answer = Answer(
        delivery_id=delivery_id,
        subscriber_id=new.subscriber_id,
        kind=new.kind.value,
        change_id=new.change_id,
        is_to_author=new.is_to_author,
        created_at=at,
        expires_at=at + new.lasts,
        **_elsewhere(new),
        **_words(new, delivery_id),
    )
    delivery = Delivery(
        id=delivery_id,
        kind=Kind.CORRESPONDENCE.value,
        batch_id=batches.of_one(),
        subscriber_id=new.subscriber_id,
        topic_id=topics.find(topics.NOTICES).id,
        created_at=at,
    )
    db.session.add_all((answer, delivery))
    db.session.flush()
    ring(SEND)
    return delivery_id


def find(delivery_id: UUID) -> Answer | None:
    """The answer that a delivery carries."""
    return db.session.get(Answer, delivery_id)


def is_fresh_link(delivery_id: UUID, subscriber_id: UUID) -> bool:
    """Whether this delivery took a link to its person because it was asked for within the day.

    After a change of address it is not any longer: whoever reads the old mailbox is somebody else.
    """
    answer = find(delivery_id)
    if answer is None or answer.subscriber_id != subscriber_id or answer.kind != AnswerKind.LINK:
        return False
    moved_at = address_changes.moved_at(subscriber_id)
    is_young = answer.created_at > clock.now() - FRESH_FOR
    return is_young and (moved_at is None or answer.created_at > moved_at)


def since(subscriber_id: UUID, kind: AnswerKind, moment: datetime) -> list[datetime]:
    """When answers of this kind were written to somebody after a moment, the oldest first."""
    query = select(Answer.created_at).where(
        Answer.subscriber_id == subscriber_id,
        Answer.kind == kind.value,
        Answer.created_at > moment,
    )
    return list(db.session.scalars(query.order_by(Answer.created_at)))


def said_in(answer: Answer) -> Said | None:
    """The words of an answer to a request; None for another answer, or once they are destroyed."""
    if answer.content is None:
        return None
    kept = Sealer().open(answer.content, answer.delivery_id.bytes)
    return Said(**{**kept, "references": tuple(kept["references"])})


def of_request(request_id: int) -> list[tuple[Answer, Delivery]]:
    """What was sent about a request, the oldest first, with what became of it."""
    query = select(Answer, Delivery).join(Delivery, Delivery.id == Answer.delivery_id)
    about = query.where(Answer.request_id == request_id).order_by(Answer.created_at)
    return [(row[0], row[1]) for row in db.session.execute(about)]


def of_kind(subscriber_id: UUID | None, kind: AnswerKind) -> list[tuple[Answer, Delivery]]:
    """The answers of one kind to somebody, the oldest first, with what became of them."""
    query = select(Answer, Delivery).join(Delivery, Delivery.id == Answer.delivery_id)
    theirs = query.where(Answer.subscriber_id == subscriber_id, Answer.kind == kind.value)
    found = db.session.execute(theirs.order_by(Answer.created_at))
    return [(row[0], row[1]) for row in found]


def receipts_to(digest: bytes, moment: datetime) -> list[Answer]:
    """The receipts that an address was sent after a moment."""
    query = select(Answer).where(
        Answer.kind == AnswerKind.RECEIPT.value,
        Answer.digest == digest,
        Answer.created_at > moment,
    )
    return list(db.session.scalars(query))


def receipts_to_anybody(moment: datetime, most: int) -> int:
    """How many receipts went after a moment to senders whom nobody had authenticated; `most` is
    all that is counted."""
    sent = select(Answer.delivery_id).where(
        Answer.kind == AnswerKind.RECEIPT.value,
        Answer.is_to_author.is_(False),
        Answer.created_at > moment,
    )
    counted = select(func.count()).select_from(sent.limit(most).subquery())
    return db.session.scalars(counted).one()


def forget(change_id: UUID) -> None:
    """Destroy the new address in the answers about a change that is closed; the gate holds what
    of them has not left."""
    about = update(Answer).where(Answer.change_id == change_id)
    db.session.execute(
        about.values(recipient=None, digest=None),
        execution_options={"synchronize_session": False},
    )


def of(subscriber_id: UUID) -> list[Answer]:
    """Every answer to somebody, the oldest first."""
    query = select(Answer).where(Answer.subscriber_id == subscriber_id)
    return list(db.session.scalars(query.order_by(Answer.created_at)))


def sealed_address(subscriber_id: UUID, address: Address) -> bytes:
    """An address that is not on file, sealed to the subscriber, as the gate opens it."""
    return Sealer().seal(Personal(address.display).as_dict(), subscriber_id.bytes)


def _elsewhere(new: NewAnswer) -> dict[str, Any]:
    if new.address is None:
        return {}
    sealed = sealed_address(new.subscriber_id, new.address)
    return {"recipient": sealed, "digest": digest_of(new.address)}


def _words(new: NewAnswer, delivery_id: UUID) -> dict[str, Any]:
    if new.said is None:
        return {}
    kept = {**vars(new.said), "references": list(new.said.references)}
    # What asks somebody whose letter it was goes to them whatever becomes of the request.
    about = None if new.kind is AnswerKind.CLAIM else new.said.request_id
    told = (about, new.said.language, Sealer().seal(kept, delivery_id.bytes))
    return dict(zip(("request_id", "language", "content"), told, strict=True))
