"""What bounces said whichever provider it was about, and the last number of a year's requests."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE returns ADD COLUMN said bytea;
        CREATE INDEX returns_by_saying ON returns (said, at) WHERE said IS NOT NULL;
        CREATE TABLE request_years (
            year integer PRIMARY KEY,
            last integer NOT NULL
        );
        INSERT INTO request_years (year, last)
            SELECT split_part(number, '-', 1)::integer, max(split_part(number, '-', 2)::integer)
            FROM requests GROUP BY 1
    """)


def downgrade() -> None:
    op.execute("""
        DROP TABLE request_years;
        DROP INDEX returns_by_saying;
        ALTER TABLE returns DROP COLUMN said
    """)
