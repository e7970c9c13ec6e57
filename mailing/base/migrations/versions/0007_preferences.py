"""What somebody chose that is no consent, why people leave, and requests without a form."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE choices (
            id bigserial PRIMARY KEY,
            subscriber_id uuid NOT NULL REFERENCES subscribers (id),
            kind text NOT NULL CONSTRAINT choice_kind_is_known
                CHECK (kind IN ('language', 'pause', 'pause_ended')),
            value text NOT NULL,
            source text NOT NULL,
            at timestamptz NOT NULL
        )
    """)
    op.execute("CREATE INDEX choices_of_subscriber ON choices (subscriber_id)")
    op.execute(
        "CREATE TRIGGER choices_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
        "ON choices FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute("""
        CREATE TABLE leave_reasons (
            once bytea PRIMARY KEY,
            campaign_id integer REFERENCES campaigns (id) ON DELETE SET NULL,
            topic_id integer REFERENCES topics (id),
            reason text CONSTRAINT leave_reason_is_known CHECK (reason IN
                ('too_many', 'not_relevant', 'never_asked', 'content', 'other')),
            words bytea,
            day date NOT NULL,
            CONSTRAINT leave_reason_says_something CHECK (reason IS NOT NULL OR words IS NOT NULL)
        )
    """)
    op.execute("CREATE INDEX leave_reasons_of_campaign ON leave_reasons (campaign_id)")
    op.execute("""
        ALTER TABLE optins
            ALTER COLUMN form_id DROP NOT NULL, ALTER COLUMN form_version DROP NOT NULL,
            ADD CONSTRAINT optin_has_a_form_and_version_or_neither
                CHECK ((form_id IS NULL) = (form_version IS NULL))
    """)


def downgrade() -> None:
    # A request without a form cannot be said in the older schema; what it led to stays in the
    # ledger, and its confirmation with it cannot be written any more.
    op.execute(
        "DELETE FROM deliveries WHERE optin_id IN (SELECT id FROM optins WHERE form_id IS NULL)"
    )
    op.execute("DELETE FROM optins WHERE form_id IS NULL")
    op.execute("""
        ALTER TABLE optins DROP CONSTRAINT optin_has_a_form_and_version_or_neither,
            ALTER COLUMN form_id SET NOT NULL, ALTER COLUMN form_version SET NOT NULL
    """)
    op.execute("DROP TABLE leave_reasons")
    op.execute("DROP TABLE choices")
