"""Somebody who got a test mail says that it looks right; messages have a name, a logo, a colour."""

from alembic import op

revision = "0029"
down_revision = "0028"
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
    op.execute("""
        CREATE TABLE brands (
            id serial PRIMARY KEY,
            name text NOT NULL,
            accent text NOT NULL CONSTRAINT brand_accent_is_a_colour
                CHECK (accent ~ '^(#[0-9a-f]{6})?$'),
            logo text REFERENCES images (name),
            changed_by text NOT NULL,
            at timestamptz NOT NULL
        )
    """)


def downgrade() -> None:
    op.execute("DROP TABLE brands")
    op.execute("DROP TABLE nods")
