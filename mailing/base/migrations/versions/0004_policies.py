"""Policy versions say who declares them, and their texts how they are written."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE policy_versions
            ADD COLUMN operator text,
            ADD COLUMN mailbox text,
            ADD COLUMN marks jsonb NOT NULL DEFAULT '{}',
            ADD COLUMN summaries jsonb NOT NULL DEFAULT '{}'
    """)
    op.execute("""
        ALTER TABLE policy_texts
            ADD COLUMN format text NOT NULL DEFAULT 'text'
                CONSTRAINT policy_format_is_known CHECK (format IN ('text', 'markdown'))
    """)


def downgrade() -> None:
    op.execute("ALTER TABLE policy_texts DROP COLUMN format")
    op.execute("""
        ALTER TABLE policy_versions
            DROP COLUMN operator, DROP COLUMN mailbox, DROP COLUMN marks, DROP COLUMN summaries
    """)
