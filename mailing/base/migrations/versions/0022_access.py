"""Receipts are sealed; bundles of somebody's data; disclosures that a law demands."""

from alembic import op

revision = "0022"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE receipts ADD COLUMN seal bytea;
        ALTER TABLE receipts ADD CONSTRAINT receipt_is_sealed CHECK (seal IS NOT NULL) NOT VALID;
    """)


def downgrade() -> None:
    op.execute("""
        ALTER TABLE receipts DROP COLUMN seal;
    """)
