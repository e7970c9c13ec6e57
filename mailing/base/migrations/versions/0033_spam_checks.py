"""A spam filter of the operator's own says what it makes of a campaign, in each language."""

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE spam_checks (
            campaign_id integer NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
            language text NOT NULL,
            asked_at timestamptz NOT NULL,
            taken_at timestamptz,
            checked_at timestamptz,
            said text,
            verdict jsonb,
            trouble text CONSTRAINT spam_trouble_is_known
                CHECK (trouble IN ('away', 'slow', 'locked', 'nonsense', 'skipped')),
            PRIMARY KEY (campaign_id, language)
        )
    """)


def downgrade() -> None:
    op.execute("DROP TABLE spam_checks")
