"""Batches: the queue. Some hundred deliveries that are written, claimed and finished together.

A row of `deliveries` changes four times within a second, and an index on what changes would be
written each time: 21 us a change instead of 7, measured. So no index there knows a state;
a batch says since when something in it may be claimed, and who may have some of it in work.
A message that one person waits for is a batch of one.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index, Integer, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import OPERATIONAL, Table, db
from mailing.campaigns.audience import AudienceChunk

At = TIMESTAMP(timezone=True)


# No clock decides when what waits for no time may go: one that was ahead for a moment would keep
# it waiting.
_AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)


class Batch(Table):
    """`due_at`: from then on something in it may be claimed; empty: nothing waits.

    `finished_at`: nothing in it is unfinished. Locks are taken on deliveries first, then on
    their batches; a claim and `close_stopped`, which begin with the batch, wait for no delivery.
    """

    __tablename__ = "batches"
    __table_args__ = (
        ForeignKeyConstraint(
            ["campaign_id", "chunk"],
            [AudienceChunk.campaign_id, AudienceChunk.number],
            name="batch_is_a_chunk",
            ondelete="CASCADE",
        ),
        Index("batches_due", "campaign_id", "id", postgresql_where=text("due_at IS NOT NULL")),
        Index(
            "batches_returned",
            "id",
            postgresql_where=text("due_at IS NOT NULL AND written_at IS NOT NULL"),
        ),
        Index("batches_unfinished", "campaign_id", postgresql_where=text("finished_at IS NULL")),
        Index("batches_of_campaign", "campaign_id", "chunk"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, info=OPERATIONAL)
    campaign_id: Mapped[int | None] = mapped_column(Integer, info=OPERATIONAL)
    chunk: Mapped[int | None] = mapped_column(Integer, info=OPERATIONAL)
    written_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    due_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    finished_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)


class BatchOwner(Table):
    """An incarnation that may have rows of a batch in work: what a sweep goes by."""

    __tablename__ = "batch_owners"

    owner: Mapped[UUID] = mapped_column(primary_key=True, info=OPERATIONAL)
    batch_id: Mapped[int] = mapped_column(
        ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True, info=OPERATIONAL
    )


_LAY = """
    INSERT INTO batches (campaign_id, chunk, due_at)
    SELECT campaign_id, number, to_timestamp(0) FROM audience_chunks
    WHERE campaign_id = :campaign AND reason IS NULL ORDER BY number
"""


def lay(campaign_id: int) -> None:
    """Put the frozen audience of a campaign that starts into the queue, unwritten."""
    db.session.execute(text(_LAY), {"campaign": campaign_id})


# From when on the first of some rows that wait may be claimed.
DUE = "min(CASE WHEN state = 'pending' THEN to_timestamp(0) ELSE retry_at END)"

# Whatever is unfinished and waits makes its batch due; batches are locked in one order.
CALL = f"""
    WITH waiting AS (
        SELECT batch_id, {DUE} AS at
        FROM deliveries WHERE {{which}} AND state IN ('pending', 'deferred')
        GROUP BY batch_id
    ), locked AS (
        SELECT id FROM batches WHERE id = ANY (ARRAY(SELECT batch_id FROM waiting))
        ORDER BY id FOR UPDATE
    )
    UPDATE batches b SET due_at = least(b.due_at, w.at), finished_at = NULL
    FROM waiting w JOIN locked l ON l.id = w.batch_id WHERE b.id = w.batch_id
"""  # noqa: S608 - our own text; every value is bound


# The batches of a campaign that can hold an ending of this moment or later: those that were
# finished before have none.
MOVED_SINCE = """
    SELECT b.id FROM batches b WHERE b.campaign_id = :campaign
        AND (b.finished_at IS NULL OR b.finished_at >= {since})
"""


def call(ids: Collection[UUID]) -> None:
    """Have the batches of these deliveries claimed again when what waits in them is due."""
    query = text(CALL.format(which="id = ANY (CAST(:ids AS uuid[]))"))
    db.session.execute(query, {"ids": list(ids)})


def of_one() -> int:
    """A batch of one, due now; its number."""
    batch = Batch(written_at=clock.now(), due_at=_AT_ONCE)
    db.session.add(batch)
    db.session.flush()
    return batch.id
