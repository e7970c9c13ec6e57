"""Imports that staff begin in the studio: their state, mapping, dry run and first faults."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE imports
            ADD COLUMN state text NOT NULL DEFAULT 'importing' CONSTRAINT import_state_is_known
                CHECK (state IN ('uploaded', 'checking', 'checked', 'importing', 'done',
                    'refused', 'cancelled')),
            ADD COLUMN role text NOT NULL DEFAULT 'admin',
            ADD COLUMN size bigint,
            ADD COLUMN mapping jsonb NOT NULL DEFAULT '{}',
            ADD COLUMN rehearsal jsonb NOT NULL DEFAULT '{}',
            ADD COLUMN faults bytea,
            ADD COLUMN problem text,
            ADD COLUMN tries integer NOT NULL DEFAULT 0
    """)
    op.execute("UPDATE imports SET state = 'done' WHERE finished_at IS NOT NULL")


def downgrade() -> None:
    op.execute("""
        ALTER TABLE imports DROP COLUMN state, DROP COLUMN role, DROP COLUMN size,
            DROP COLUMN mapping, DROP COLUMN rehearsal, DROP COLUMN faults,
            DROP COLUMN problem, DROP COLUMN tries
    """)
