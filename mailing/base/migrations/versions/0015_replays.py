"""Letters that ask to join are taken once; a receipt knows whether its author is sure."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE join_letters (
            mark bytea PRIMARY KEY,
            inbound_id bigint NOT NULL,
            at timestamptz NOT NULL
        );
        CREATE INDEX join_letters_by_time ON join_letters (at);
        ALTER TABLE answers ADD COLUMN is_to_author boolean NOT NULL DEFAULT false
    """)


def downgrade() -> None:
    op.execute("""
        ALTER TABLE answers DROP COLUMN is_to_author;
        DROP TABLE join_letters
    """)
