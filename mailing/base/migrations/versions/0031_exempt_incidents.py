"""An incident may be written down as one of which the authority need not be told, and why."""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_BEFORE = "'opened', 'noted', 'reported', 'told', 'closed', 'reopened'"


def upgrade() -> None:
    op.execute("ALTER TABLE incidents ADD COLUMN exempt_at timestamptz")
    _know(f"{_BEFORE}, 'exempt'")


def downgrade() -> None:
    """Lines are never changed: such a one becomes none, so it has to be a note by then."""
    op.execute("ALTER TABLE incident_lines DISABLE TRIGGER incident_lines_is_append_only")
    op.execute("UPDATE incident_lines SET what = 'noted' WHERE what = 'exempt'")
    op.execute("ALTER TABLE incident_lines ENABLE TRIGGER incident_lines_is_append_only")
    _know(_BEFORE)
    op.execute("ALTER TABLE incidents DROP COLUMN exempt_at")


def _know(lines: str) -> None:
    op.execute("ALTER TABLE incident_lines DROP CONSTRAINT incident_line_is_known")
    op.execute(f"""
        ALTER TABLE incident_lines ADD CONSTRAINT incident_line_is_known CHECK (what IN ({lines}))
    """)
