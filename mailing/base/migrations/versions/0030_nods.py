"""Somebody who got a test mail says that it looks right."""

from alembic import op

revision = "0030"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE nods (
            id bigserial PRIMARY KEY,
            campaign_id integer NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
            language text NOT NULL,
            said text NOT NULL,
            nodded_by text NOT NULL,
            at timestamptz NOT NULL
        )
    """)
    op.execute("CREATE INDEX nods_of_campaign ON nods (campaign_id, language, id)")


def downgrade() -> None:
    op.execute("DROP TABLE nods")
