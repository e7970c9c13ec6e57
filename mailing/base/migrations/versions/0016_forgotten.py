"""A request that came to nothing is looked at once more when its time is over, cancelled or not."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE optins ADD COLUMN forgotten_at timestamptz")
    op.execute("DROP INDEX optins_to_expire")
    op.execute("""
        CREATE INDEX optins_to_forget ON optins (expires_at)
        WHERE state <> 'confirmed' AND forgotten_at IS NULL
    """)


def downgrade() -> None:
    op.execute("DROP INDEX optins_to_forget")
    op.execute("CREATE INDEX optins_to_expire ON optins (expires_at) WHERE state = 'open'")
    op.execute("ALTER TABLE optins DROP COLUMN forgotten_at")
