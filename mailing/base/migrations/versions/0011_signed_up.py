"""A standing tells when and where its person signed up, for the footer of every message.

Filled from the ledger for those that have a yes: the first one after the last "no" that was not
taken back.
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE standings
            ADD COLUMN signed_up_at timestamptz,
            ADD COLUMN signed_up_site text,
            ADD COLUMN signed_up_form text
    """)
    op.execute("""
        WITH said AS (
            SELECT st.subscriber_id, st.topic_id, l.seq, l.kind, l.at, e.body,
                lead(l.kind) OVER (PARTITION BY st.subscriber_id, st.topic_id ORDER BY l.seq)
                    IS NOT DISTINCT FROM 'restored' AS is_taken_back
            FROM standings st
            JOIN ledger l ON l.subscriber_id = st.subscriber_id
                AND (l.topic_id = st.topic_id OR l.topic_id IS NULL)
                AND l.kind IN ('given', 'attested', 'restored',
                    'unsubscribed', 'withdrawn', 'destroyed')
                AND (l.kind <> 'restored' OR l.topic_id IS NOT NULL)
            JOIN evidence e ON e.hash = l.evidence_hash
            WHERE st.standing = 'given'
        ), yeses AS (
            SELECT DISTINCT ON (subscriber_id, topic_id) y.*
            FROM said y
            WHERE y.kind IN ('given', 'attested') AND NOT EXISTS (
                SELECT FROM said n
                WHERE n.subscriber_id = y.subscriber_id AND n.topic_id = y.topic_id
                    AND n.kind IN ('unsubscribed', 'withdrawn', 'destroyed')
                    AND NOT n.is_taken_back AND n.seq > y.seq)
            ORDER BY subscriber_id, topic_id, seq
        )
        UPDATE standings st SET
            signed_up_at = CASE WHEN y.kind = 'attested' AND y.body ? 'consent_at'
                THEN CAST(y.body->>'consent_at' AS timestamptz) ELSE y.at END,
            signed_up_site = CASE WHEN y.kind = 'given'
                THEN substring(y.body->>'page' FROM '^https?://([^/?#@]+)') END,
            signed_up_form = CASE WHEN y.kind = 'attested' THEN y.body->>'form' END
        FROM yeses y
        WHERE st.subscriber_id = y.subscriber_id AND st.topic_id = y.topic_id
    """)


def downgrade() -> None:
    op.execute("""
        ALTER TABLE standings DROP COLUMN signed_up_at, DROP COLUMN signed_up_site,
            DROP COLUMN signed_up_form
    """)
