"""Batch tallies: what became of the deliveries of one batch, counted once while its campaign still
goes out.

Whoever watches a campaign to a million would count a million deliveries at each look, for more
than a second. What was accepted, refused or held stays so, and a batch is written in one go: where
nothing else is left in it, its numbers are final. `status` adds them to what it counts.
"""

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base.database import DEPERSONALISED, OPERATIONAL, Table, db

# So many at a time, of five hundred deliveries each: a twentieth of a second.
AT_ONCE = 100


class BatchTally(Table):
    """`outcomes`: a list of state, reason and number; none where something may still change, which
    is counted at each look."""

    __tablename__ = "batch_tallies"

    batch_id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey("batches.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        info=OPERATIONAL,
    )
    outcomes: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB, info=DEPERSONALISED)


_KEEP = """
    INSERT INTO batch_tallies (batch_id, outcomes)
    SELECT batch_id, CASE WHEN bool_and(state IN ('accepted', 'refused', 'held')) THEN
        jsonb_agg(jsonb_build_object('state', state, 'reason', reason, 'number', number)) END
    FROM (
        SELECT f.id AS batch_id, d.state, d.reason, count(*) AS number
        FROM (
            SELECT b.id FROM campaigns c JOIN batches b ON b.campaign_id = c.id
            WHERE c.state IN ('sending', 'paused') AND b.finished_at IS NOT NULL
                AND NOT EXISTS (SELECT FROM batch_tallies t WHERE t.batch_id = b.id)
            ORDER BY b.id LIMIT :most
        ) f JOIN deliveries d ON d.batch_id = f.id
        GROUP BY f.id, d.state, d.reason
    ) told
    GROUP BY batch_id ON CONFLICT DO NOTHING
"""


def keep() -> int:
    """Count some batches of the campaigns that go out, those that are finished; how many."""
    kept: Any = db.session.execute(text(_KEEP), {"most": AT_ONCE})
    return int(kept.rowcount)
