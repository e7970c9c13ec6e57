"""Requests with their due dates and timeline; answers whose words are kept."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

OLD_KINDS = "('link', 'old_address', 'new_address', 'claim')"
KINDS = "('link', 'old_address', 'new_address', 'claim', 'receipt', 'letter')"

UP = (
    """
    CREATE TABLE requests (
        id bigserial PRIMARY KEY,
        number text NOT NULL,
        kind text NOT NULL CONSTRAINT request_kind_is_known CHECK (kind IN (
            'withdrawal', 'rectification', 'question', 'access', 'destruction', 'unsubscribe',
            'join', 'complaint', 'unclear', 'junk')),
        channel text NOT NULL CONSTRAINT request_channel_is_known
            CHECK (channel IN ('mail', 'form', 'letter', 'staff')),
        correspondent_id uuid NOT NULL,
        subscriber_id uuid REFERENCES subscribers (id),
        inbound_id bigint REFERENCES inbound_messages (id),
        language text,
        sender bytea,
        sender_digest bytea,
        received_at timestamptz NOT NULL,
        due_at timestamptz NOT NULL,
        outer_due_at timestamptz NOT NULL,
        state text NOT NULL CONSTRAINT request_state_is_known
            CHECK (state IN ('open', 'waiting', 'answered', 'closed')),
        assignee_id bigint REFERENCES staff (id),
        resolution text CONSTRAINT request_resolution_is_known CHECK (resolution IN (
            'done', 'refused', 'duplicate', 'not_ours', 'no_reply', 'junk')),
        reason bytea,
        closed_at timestamptz,
        CONSTRAINT closed_request_says_how CHECK (
            (state = 'closed') = (closed_at IS NOT NULL)
            AND (state = 'closed') = (resolution IS NOT NULL)),
        CONSTRAINT request_is_due_within_the_outer_limit CHECK (due_at <= outer_due_at)
    )
    """,
    "CREATE UNIQUE INDEX request_number_is_unique ON requests (number)",
    """
    CREATE UNIQUE INDEX one_request_a_message_and_kind ON requests (inbound_id, kind)
    WHERE inbound_id IS NOT NULL
    """,
    "CREATE INDEX requests_of_subscriber ON requests (subscriber_id)",
    "CREATE INDEX requests_due ON requests (due_at) WHERE state <> 'closed'",
    """
    CREATE TABLE request_events (
        id bigserial PRIMARY KEY,
        request_id bigint NOT NULL REFERENCES requests (id),
        at timestamptz NOT NULL,
        actor text NOT NULL,
        what text NOT NULL,
        details jsonb NOT NULL DEFAULT '{}'
    )
    """,
    "CREATE INDEX events_of_request ON request_events (request_id)",
    """
    CREATE TRIGGER request_events_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
        ON request_events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    "ALTER TABLE answers DROP CONSTRAINT answer_kind_is_known",
    f"ALTER TABLE answers ADD CONSTRAINT answer_kind_is_known CHECK (kind IN {KINDS})",
    "ALTER TABLE answers DROP CONSTRAINT answer_to_another_address_is_about_a_change",
    """
    ALTER TABLE answers ADD COLUMN request_id bigint, ADD COLUMN language text,
        ADD COLUMN content bytea,
        ADD CONSTRAINT answer_to_another_address_is_about_a_change CHECK (
            (kind IN ('old_address', 'new_address')) = (change_id IS NOT NULL)),
        ADD CONSTRAINT answer_to_a_request_names_it CHECK (
            (kind IN ('receipt', 'letter')) = (request_id IS NOT NULL))
    """,
    "CREATE INDEX answers_of_request ON answers (request_id) WHERE request_id IS NOT NULL",
    """
    CREATE INDEX receipts_to_address ON answers (digest, created_at)
    WHERE kind = 'receipt'
    """,
)

# The program before knows no such mails: what of them is on its way is taken back.
DOWN = (
    """
    DELETE FROM batches WHERE id IN (
        SELECT d.batch_id FROM deliveries d JOIN answers w ON w.delivery_id = d.id
        WHERE w.request_id IS NOT NULL)
    """,
    """
    DELETE FROM deliveries WHERE id IN (
        SELECT delivery_id FROM answers WHERE request_id IS NOT NULL)
    """,
    "DELETE FROM answers WHERE request_id IS NOT NULL",
    "DROP INDEX receipts_to_address",
    "ALTER TABLE answers DROP CONSTRAINT answer_to_another_address_is_about_a_change",
    """
    ALTER TABLE answers DROP COLUMN request_id, DROP COLUMN language, DROP COLUMN content,
        ADD CONSTRAINT answer_to_another_address_is_about_a_change CHECK (
            (kind IN ('old_address', 'new_address')) = (change_id IS NOT NULL))
    """,
    "ALTER TABLE answers DROP CONSTRAINT answer_kind_is_known",
    f"ALTER TABLE answers ADD CONSTRAINT answer_kind_is_known CHECK (kind IN {OLD_KINDS})",
    "DROP TABLE request_events",
    "DROP TABLE requests",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
