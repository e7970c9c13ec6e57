"""Forms carry a heading and an introduction; requests of the last hour are counted by provider."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE form_versions ADD COLUMN texts jsonb NOT NULL DEFAULT '{}'")
    op.execute("CREATE INDEX optins_by_time ON optins (created_at)")


def downgrade() -> None:
    op.execute("DROP INDEX optins_by_time")
    op.execute("ALTER TABLE form_versions DROP COLUMN texts")
