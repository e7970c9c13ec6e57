"""What became of campaigns that have ended, counted once."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE campaign_tallies (
            campaign_id integer PRIMARY KEY REFERENCES campaigns (id) ON DELETE CASCADE,
            outcomes jsonb NOT NULL,
            is_final boolean NOT NULL,
            counted_at timestamp with time zone NOT NULL
        )
    """)


def downgrade() -> None:
    op.execute("DROP TABLE campaign_tallies")
