"""Letters to the join address: which of them their author means now, and each one once.

A signature says who wrote a letter, to whom and when, not who brought it here: whoever once got a
signed letter of somebody's can send it on, again and again, to any address of ours. So it counts
only as it was written: to the join address, in the one `To` that signatures cover, within the last
days, and the first time.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, LargeBinary, delete
from sqlalchemy.dialects.postgresql import TIMESTAMP, insert
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import DEPERSONALISED, OPERATIONAL, Table, db
from mailing.base.sealing import digest
from mailing.base.settings import current
from mailing.inbound import addresses, messages
from mailing.inbound.heading import YOUNG, Heading
from mailing.inbound.messages import InboundMessage
from mailing.people.address import Address

# By then its date alone refuses it.
_KEPT = 2 * YOUNG


class JoinLetter(Table):
    """What one letter is known by, twice: its Message-ID, and its author with its date. Keyed
    digests; kept until its date alone refuses it."""

    __tablename__ = "join_letters"
    __table_args__ = (Index("join_letters_by_time", "at"),)

    mark: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True, info=DEPERSONALISED)
    inbound_id: Mapped[int] = mapped_column(BigInteger, info=OPERATIONAL)
    at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), info=OPERATIONAL)


def written_to(message: InboundMessage) -> list[str]:
    """The join addresses that it was written to; none where it was not, or where it is too old (or
    cannot be known again), so that a person has to look."""
    read = messages.heading_of(message)
    is_known_again = read.message_id is not None and read.is_young(message.received_at)
    return addresses.joining(read.to) if is_known_again else []


def is_first(message: InboundMessage, author: Address) -> bool:
    """Whether nothing with its marks has come before; from now on they have. Never commits."""
    at = clock.now()
    db.session.execute(delete(JoinLetter).where(JoinLetter.at < at - _KEPT))
    marks = _marks(messages.heading_of(message), author)
    rows = [{"mark": mark, "inbound_id": message.id, "at": at} for mark in marks]
    new = insert(JoinLetter).values(rows).on_conflict_do_nothing().returning(JoinLetter.mark)
    return len(list(db.session.scalars(new))) == len(marks)


def _marks(read: Heading, author: Address) -> list[bytes]:
    date = read.at.isoformat() if read.at else ""
    texts = (f"message {read.message_id}", f"author {author.text} {date}")
    return sorted(digest(current().suppression_key, text) for text in texts)
