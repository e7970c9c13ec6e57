"""Topics say what they are about and how often they come."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE topics
            ADD COLUMN about jsonb NOT NULL DEFAULT '{}',
            ADD COLUMN frequency text CONSTRAINT topic_frequency_is_known CHECK (frequency IN
                ('daily', 'weekly', 'twice_a_month', 'monthly', 'seldom'))
    """)


def downgrade() -> None:
    op.execute("ALTER TABLE topics DROP COLUMN about, DROP COLUMN frequency")
