"""Fan-out: the frozen audience becomes deliveries, chunk by chunk."""

from sqlalchemy import text

from mailing.base.database import db
from mailing.base.jobs import FAN_OUT, SEND, ring

_WRITE = """
    WITH chunk AS (
        SELECT campaign_id, number, subscriber_ids FROM audience_chunks
        WHERE campaign_id = :campaign AND reason IS NULL AND written_at IS NULL
        ORDER BY number LIMIT :chunks FOR UPDATE SKIP LOCKED
    ), written AS (
        UPDATE audience_chunks a SET written_at = now() FROM chunk c
        WHERE a.campaign_id = c.campaign_id AND a.number = c.number
    )
    INSERT INTO deliveries (kind, campaign_id, subscriber_id, topic_id)
    SELECT g.kind, g.id, unnest(c.subscriber_ids), g.topic_id
    FROM chunk c JOIN campaigns g ON g.id = c.campaign_id
    ON CONFLICT ON CONSTRAINT one_delivery_a_campaign_and_subscriber DO NOTHING
"""

_LEFT = """
    SELECT count(*) FROM audience_chunks
    WHERE campaign_id = :campaign AND reason IS NULL AND written_at IS NULL
"""

_CLOSE = """
    WITH written AS (
        SELECT id FROM campaigns c
        WHERE c.state IN ('sending', 'paused') AND NOT c.fanned_out AND NOT EXISTS (
            SELECT FROM audience_chunks a
            WHERE a.campaign_id = c.id AND a.reason IS NULL AND a.written_at IS NULL)
        ORDER BY id FOR UPDATE SKIP LOCKED)
    UPDATE campaigns c SET fanned_out = true FROM written WHERE c.id = written.id
    RETURNING c.id
"""


def write(campaign_id: int, chunks: int) -> int:
    """Write up to `chunks` thousands of deliveries and ring for them; how many chunks are left.

    The campaign's row is held, so that a stop either comes before and is seen, or after and
    sees these rows. Doing it twice writes nothing twice. `close` notes the end, afterwards.
    """
    if not _is_going(campaign_id):
        return 0
    values = {"campaign": campaign_id, "chunks": chunks}
    written = db.session.execute(text(_WRITE), values).rowcount  # type: ignore[attr-defined]
    left = int(db.session.execute(text(_LEFT), values).scalar_one())
    if written:
        ring(SEND)
    if left:
        ring(FAN_OUT, campaign_id=campaign_id)
    return left


def close() -> list[int]:
    """Note the campaigns whose audience is written down; which. In a transaction of its own.

    Whoever writes holds the campaign's row together with others; wishing for it alone from
    there would be a deadlock with a stop that waits for it.
    """
    return list(db.session.scalars(text(_CLOSE)))


def unfinished() -> list[int]:
    """The campaigns whose fan-out nobody may be working on."""
    query = "SELECT id FROM campaigns WHERE state IN ('sending', 'paused') AND NOT fanned_out"
    return list(db.session.scalars(text(query)))


def _is_going(campaign_id: int) -> bool:
    query = "SELECT state FROM campaigns WHERE id = :campaign FOR SHARE"
    state = db.session.execute(text(query), {"campaign": campaign_id}).scalar()
    return state in ("sending", "paused")
