"""Batches of which something is due that was claimed before: found without a look at the others."""

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE INDEX batches_returned ON batches (id)
        WHERE due_at IS NOT NULL AND written_at IS NOT NULL
    """)


def downgrade() -> None:
    op.execute("DROP INDEX batches_returned")
