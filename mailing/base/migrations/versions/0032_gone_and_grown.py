"""Those whose data is gone are found without a look at everybody; days that are over are kept as
they were counted."""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX subscribers_gone ON subscribers (id) WHERE personal IS NULL")
    op.execute("""
        CREATE TABLE growth_days (
            day date NOT NULL,
            zone text NOT NULL,
            joined integer NOT NULL,
            "left" integer NOT NULL,
            entry_id bigint NOT NULL,
            PRIMARY KEY (day, zone)
        )
    """)


def downgrade() -> None:
    op.execute("DROP TABLE growth_days")
    op.execute("DROP INDEX subscribers_gone")
