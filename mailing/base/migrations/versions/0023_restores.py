"""Restores, and the people whom a restored database does not know any more."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE restores (
            id serial PRIMARY KEY,
            backup_id text NOT NULL,
            made_at timestamptz NOT NULL,
            begun_at timestamptz NOT NULL,
            finished_at timestamptz,
            told jsonb NOT NULL DEFAULT '{}'
        );
        CREATE TABLE lost_subscribers (
            id uuid PRIMARY KEY,
            digest bytea NOT NULL
        );
        CREATE INDEX lost_subscribers_by_digest ON lost_subscribers (digest)
    """)


def downgrade() -> None:
    op.execute("DROP TABLE lost_subscribers, restores")
