"""Batches: the queue leaves the deliveries' indexes, so that a change of state writes none.

What is under way goes on: chunks become batches, and what waits in them is due at once.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

IN_WORK = "('claimed', 'open', 'sealed', 'aborting')"
UNFINISHED = "('pending', 'claimed', 'open', 'sealed', 'aborting', 'deferred')"

UP = (
    """
    CREATE TABLE batches (
        id bigserial PRIMARY KEY,
        campaign_id integer,
        chunk integer,
        written_at timestamptz,
        due_at timestamptz,
        finished_at timestamptz,
        confirms uuid,
        CONSTRAINT batch_is_a_chunk FOREIGN KEY (campaign_id, chunk)
            REFERENCES audience_chunks (campaign_id, number) ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE batch_owners (
        owner uuid NOT NULL,
        batch_id bigint NOT NULL REFERENCES batches (id) ON DELETE CASCADE,
        PRIMARY KEY (owner, batch_id)
    )
    """,
    "ALTER TABLE deliveries ADD COLUMN batch_id bigint",
    """
    INSERT INTO batches (campaign_id, chunk, written_at)
    SELECT campaign_id, number, written_at FROM audience_chunks
    WHERE reason IS NULL ORDER BY campaign_id, number
    """,
    """
    UPDATE deliveries d SET batch_id = b.id
    FROM batches b JOIN audience_chunks a ON a.campaign_id = b.campaign_id AND a.number = b.chunk
    CROSS JOIN unnest(a.subscriber_ids) AS m (id)
    WHERE d.campaign_id = b.campaign_id AND d.subscriber_id = m.id
    """,
    """
    INSERT INTO batches (written_at, confirms)
    SELECT created_at, id FROM deliveries WHERE campaign_id IS NULL ORDER BY created_at
    """,
    "UPDATE deliveries d SET batch_id = b.id FROM batches b WHERE b.confirms = d.id",
    "ALTER TABLE batches DROP COLUMN confirms",
    f"""
    INSERT INTO batch_owners (owner, batch_id)
    SELECT DISTINCT owner, batch_id FROM deliveries WHERE state IN {IN_WORK}
    """,  # noqa: S608 - our own text
    """
    UPDATE batches b SET due_at = to_timestamp(0) WHERE b.written_at IS NULL OR EXISTS (
        SELECT FROM deliveries d WHERE d.batch_id = b.id AND d.state IN ('pending', 'deferred'))
    """,
    f"""
    UPDATE batches b SET finished_at = now() WHERE b.due_at IS NULL AND NOT EXISTS (
        SELECT FROM deliveries d WHERE d.batch_id = b.id AND d.state IN {UNFINISHED})
    """,  # noqa: S608 - our own text
    "ALTER TABLE deliveries ALTER COLUMN batch_id SET NOT NULL",
    "DROP INDEX deliveries_unfinished, deliveries_in_work, deliveries_to_retry",
    "DROP INDEX deliveries_of_subscriber",
    "ALTER TABLE deliveries DROP CONSTRAINT one_delivery_a_campaign_and_subscriber",
    "ALTER TABLE deliveries DROP CONSTRAINT two_confirmations_a_day",
    "ALTER TABLE deliveries DROP CONSTRAINT deliveries_campaign_id_fkey",
    "ALTER TABLE deliveries DROP CONSTRAINT deliveries_topic_id_fkey",
    "ALTER TABLE deliveries DROP CONSTRAINT deliveries_subscriber_id_fkey",
    """
    ALTER TABLE deliveries ADD CONSTRAINT one_delivery_a_campaign_and_subscriber
        UNIQUE (subscriber_id, campaign_id)
    """,
    """
    CREATE UNIQUE INDEX two_confirmations_a_day
    ON deliveries (subscriber_id, confirmation_day, confirmation_number)
    WHERE confirmation_day IS NOT NULL
    """,
    "CREATE INDEX deliveries_of_batch ON deliveries (batch_id)",
    "ALTER TABLE deliveries SET (fillfactor = 40)",
    "CREATE INDEX batches_due ON batches (campaign_id, id) WHERE due_at IS NOT NULL",
    "CREATE INDEX batches_unfinished ON batches (campaign_id) WHERE finished_at IS NULL",
    "CREATE INDEX batches_of_campaign ON batches (campaign_id, chunk)",
    "ALTER TABLE audience_chunks DROP COLUMN written_at",
    "ALTER TABLE campaigns DROP COLUMN fanned_out",
)

DOWN = (
    "ALTER TABLE campaigns ADD COLUMN fanned_out boolean NOT NULL DEFAULT false",
    "ALTER TABLE audience_chunks ADD COLUMN written_at timestamptz",
    """
    UPDATE audience_chunks a SET written_at = b.written_at FROM batches b
    WHERE a.campaign_id = b.campaign_id AND a.number = b.chunk
    """,
    """
    UPDATE campaigns c SET fanned_out = NOT EXISTS (
        SELECT FROM batches b WHERE b.campaign_id = c.id AND b.written_at IS NULL)
    WHERE c.audience IS NOT NULL
    """,
    "ALTER TABLE deliveries RESET (fillfactor)",
    "ALTER TABLE deliveries DROP CONSTRAINT one_delivery_a_campaign_and_subscriber",
    """
    ALTER TABLE deliveries ADD CONSTRAINT one_delivery_a_campaign_and_subscriber
        UNIQUE (campaign_id, subscriber_id)
    """,
    "DROP INDEX two_confirmations_a_day",
    """
    ALTER TABLE deliveries ADD CONSTRAINT two_confirmations_a_day
        UNIQUE (subscriber_id, confirmation_day, confirmation_number)
    """,
    """
    ALTER TABLE deliveries ADD CONSTRAINT deliveries_campaign_id_fkey
        FOREIGN KEY (campaign_id) REFERENCES campaigns (id) ON DELETE CASCADE
    """,
    """
    ALTER TABLE deliveries ADD CONSTRAINT deliveries_topic_id_fkey
        FOREIGN KEY (topic_id) REFERENCES topics (id)
    """,
    """
    ALTER TABLE deliveries ADD CONSTRAINT deliveries_subscriber_id_fkey
        FOREIGN KEY (subscriber_id) REFERENCES subscribers (id)
    """,
    f"""
    CREATE INDEX deliveries_unfinished ON deliveries (campaign_id, state, id)
    WHERE state IN {UNFINISHED}
    """,
    f"CREATE INDEX deliveries_in_work ON deliveries (owner, state) WHERE state IN {IN_WORK}",
    "CREATE INDEX deliveries_to_retry ON deliveries (retry_at) WHERE state = 'deferred'",
    "CREATE INDEX deliveries_of_subscriber ON deliveries (subscriber_id)",
    "ALTER TABLE deliveries DROP COLUMN batch_id",
    "DROP TABLE batch_owners",
    "DROP TABLE batches",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
