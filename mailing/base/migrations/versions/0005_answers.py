"""Answers to what a person asked for themselves; address changes; corrections."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

OLD_KINDS = "('campaign', 'notice', 'confirmation')"
KINDS = "('campaign', 'notice', 'confirmation', 'correspondence')"
OLD_WHY = "('withdrawn', 'destroyed', 'complaint', 'bounce', 'staff')"
WHY = "('withdrawn', 'destroyed', 'complaint', 'bounce', 'staff', 'moved')"
BELONGS = """
    (kind IN {kinds}) = (campaign_id IS NULL)
    AND (kind = 'confirmation') = (optin_id IS NOT NULL)
    AND (kind = 'confirmation') = (confirmation_number IS NOT NULL)
"""

UP = (
    "ALTER TABLE deliveries DROP CONSTRAINT delivery_kind_is_known",
    f"ALTER TABLE deliveries ADD CONSTRAINT delivery_kind_is_known CHECK (kind IN {KINDS})",
    "ALTER TABLE deliveries DROP CONSTRAINT delivery_belongs",
    f"""
    ALTER TABLE deliveries ADD CONSTRAINT delivery_belongs
        CHECK ({BELONGS.format(kinds="('confirmation', 'correspondence')")})
    """,
    """
    CREATE TABLE answers (
        delivery_id uuid PRIMARY KEY,
        subscriber_id uuid NOT NULL,
        kind text NOT NULL CONSTRAINT answer_kind_is_known
            CHECK (kind IN ('link', 'old_address', 'new_address')),
        change_id uuid,
        recipient bytea,
        digest bytea,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        CONSTRAINT answer_to_another_address_is_about_a_change CHECK (
            (kind = 'link') = (change_id IS NULL))
    )
    """,
    "CREATE INDEX answers_of_subscriber ON answers (subscriber_id, created_at)",
    """
    CREATE TABLE address_changes (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        subscriber_id uuid NOT NULL REFERENCES subscribers (id),
        state text NOT NULL CONSTRAINT address_change_state_is_known
            CHECK (state IN ('open', 'done', 'stopped', 'refused', 'expired')),
        personal bytea,
        digest bytea,
        former bytea,
        old_agreed_at timestamptz,
        new_agreed_at timestamptz,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        closed_at timestamptz,
        CONSTRAINT change_is_agreed_at_both_ends CHECK (state <> 'done'
            OR (old_agreed_at IS NOT NULL AND new_agreed_at IS NOT NULL)),
        CONSTRAINT open_change_knows_its_address CHECK ((state = 'open') = (personal IS NOT NULL)),
        CONSTRAINT done_change_knows_what_was CHECK ((state = 'done') = (former IS NOT NULL))
    )
    """,
    "CREATE INDEX address_changes_of_subscriber ON address_changes (subscriber_id)",
    """
    CREATE UNIQUE INDEX one_open_change_a_subscriber ON address_changes (subscriber_id)
    WHERE state = 'open'
    """,
    "CREATE INDEX address_changes_to ON address_changes (digest) WHERE digest IS NOT NULL",
    "ALTER TABLE suppressions DROP CONSTRAINT suppression_reason_is_known",
    f"ALTER TABLE suppressions ADD CONSTRAINT suppression_reason_is_known CHECK (reason IN {WHY})",
    """
    CREATE TABLE corrections (
        id bigserial PRIMARY KEY,
        subscriber_id uuid NOT NULL REFERENCES subscribers (id),
        fields text[] NOT NULL,
        policy_id integer NOT NULL REFERENCES policy_versions (id),
        source text NOT NULL,
        evidence_hash bytea NOT NULL REFERENCES evidence (hash),
        at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX corrections_of_subscriber ON corrections (subscriber_id)",
    """
    CREATE TRIGGER corrections_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
        ON corrections FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
)

# The program before knows no such messages: what is on its way is taken back. An address that
# somebody left stays kept out, as if staff had said so: no import may write to it.
DOWN = (
    "DROP TABLE corrections",
    "DROP TABLE answers",
    "DROP TABLE address_changes",
    """
    INSERT INTO suppressions (digest, reason, detail, since)
    SELECT digest, 'staff', detail, since FROM suppressions WHERE reason = 'moved'
    ON CONFLICT DO NOTHING
    """,
    "DELETE FROM suppressions WHERE reason = 'moved'",
    "ALTER TABLE suppressions DROP CONSTRAINT suppression_reason_is_known",
    f"""
    ALTER TABLE suppressions ADD CONSTRAINT suppression_reason_is_known CHECK (reason IN {OLD_WHY})
    """,
    """
    DELETE FROM batches
    WHERE id IN (SELECT batch_id FROM deliveries WHERE kind = 'correspondence')
    """,
    "DELETE FROM deliveries WHERE kind = 'correspondence'",
    "ALTER TABLE deliveries DROP CONSTRAINT delivery_belongs",
    f"""
    ALTER TABLE deliveries ADD CONSTRAINT delivery_belongs
        CHECK ({BELONGS.format(kinds="('confirmation')")})
    """,
    "ALTER TABLE deliveries DROP CONSTRAINT delivery_kind_is_known",
    f"ALTER TABLE deliveries ADD CONSTRAINT delivery_kind_is_known CHECK (kind IN {OLD_KINDS})",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
