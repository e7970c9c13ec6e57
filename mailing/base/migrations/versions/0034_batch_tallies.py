"""What became of the deliveries of one batch, counted once."""

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE batch_tallies (
            batch_id bigint PRIMARY KEY REFERENCES batches (id) ON DELETE CASCADE,
            outcomes jsonb
        )
    """)


def downgrade() -> None:
    op.execute("DROP TABLE batch_tallies")
