"""Letters that came in: what each is, what was done, for whom; and joining by a letter."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE inbound_messages
            ADD COLUMN recipients bytea,
            ADD COLUMN via text NOT NULL DEFAULT 'listener' CONSTRAINT inbound_way_is_known
                CHECK (via IN ('listener', 'imap', 'file')),
            ADD COLUMN state text NOT NULL DEFAULT 'taken' CONSTRAINT inbound_state_is_known
                CHECK (state IN ('taken', 'acted', 'waiting')),
            ADD COLUMN reason text NOT NULL DEFAULT '',
            ADD COLUMN subscriber_id uuid,
            ADD COLUMN request_id bigint,
            ADD COLUMN tries integer NOT NULL DEFAULT 0,
            ADD COLUMN acted_at timestamptz
    """)
    # What was kept for a person had been read by its address alone: it is read again.
    op.execute("UPDATE inbound_messages SET action = '' WHERE action = 'kept'")
    op.execute(
        "UPDATE inbound_messages SET state = 'acted', acted_at = received_at WHERE action <> ''"
    )
    op.execute(
        "CREATE INDEX inbound_messages_to_act_upon ON inbound_messages (received_at) "
        "WHERE state = 'taken'"
    )
    op.execute(
        "CREATE INDEX inbound_messages_of_subscriber ON inbound_messages (subscriber_id) "
        "WHERE subscriber_id IS NOT NULL"
    )
    op.execute("ALTER TABLE optins ADD COLUMN letter text")
    op.execute("""
        ALTER TABLE answers DROP CONSTRAINT answer_kind_is_known,
            ADD CONSTRAINT answer_kind_is_known
                CHECK (kind IN ('link', 'old_address', 'new_address', 'claim')),
            DROP CONSTRAINT answer_to_another_address_is_about_a_change,
            ADD CONSTRAINT answer_to_another_address_is_about_a_change
                CHECK ((kind IN ('old_address', 'new_address')) = (change_id IS NOT NULL))
    """)


def downgrade() -> None:
    # The older schema cannot say what a claim asks; the block that it is about stays.
    op.execute(
        "DELETE FROM deliveries WHERE id IN (SELECT delivery_id FROM answers WHERE kind = 'claim')"
    )
    op.execute("DELETE FROM answers WHERE kind = 'claim'")
    op.execute("""
        ALTER TABLE answers DROP CONSTRAINT answer_kind_is_known,
            ADD CONSTRAINT answer_kind_is_known
                CHECK (kind IN ('link', 'old_address', 'new_address')),
            DROP CONSTRAINT answer_to_another_address_is_about_a_change,
            ADD CONSTRAINT answer_to_another_address_is_about_a_change
                CHECK ((kind = 'link') = (change_id IS NULL))
    """)
    op.execute("ALTER TABLE optins DROP COLUMN letter")
    op.execute("DROP INDEX inbound_messages_to_act_upon")
    op.execute("DROP INDEX inbound_messages_of_subscriber")
    op.execute("""
        ALTER TABLE inbound_messages DROP COLUMN recipients, DROP COLUMN via, DROP COLUMN state,
            DROP COLUMN reason, DROP COLUMN subscriber_id, DROP COLUMN request_id,
            DROP COLUMN tries, DROP COLUMN acted_at
    """)
