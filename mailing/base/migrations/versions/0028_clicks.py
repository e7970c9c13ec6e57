"""Clicks are counted for each link of a campaign, where installation and campaign want it."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE installation ADD COLUMN clicks_counted boolean NOT NULL DEFAULT false
    """)
    op.execute("""
        ALTER TABLE campaigns
            ADD COLUMN counts_clicks boolean NOT NULL DEFAULT false,
            ADD CONSTRAINT notice_counts_no_clicks CHECK (kind <> 'notice' OR NOT counts_clicks)
    """)
    op.execute("""
        CREATE TABLE counted_links (
            token text PRIMARY KEY,
            campaign_id integer NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
            language text NOT NULL,
            number integer NOT NULL,
            target text NOT NULL,
            words text NOT NULL,
            CONSTRAINT link_stands_in_one_place UNIQUE (campaign_id, language, number)
        )
    """)
    op.execute("""
        CREATE TABLE clicks (
            token text NOT NULL REFERENCES counted_links (token) ON DELETE CASCADE,
            hour timestamp with time zone NOT NULL,
            pressed integer NOT NULL,
            machines integer NOT NULL,
            PRIMARY KEY (token, hour),
            CONSTRAINT machines_are_among_the_clicks
                CHECK (machines >= 0 AND machines <= pressed)
        )
    """)


def downgrade() -> None:
    op.execute("DROP TABLE clicks")
    op.execute("DROP TABLE counted_links")
    op.execute("""
        ALTER TABLE campaigns
            DROP CONSTRAINT notice_counts_no_clicks,
            DROP COLUMN counts_clicks
    """)
    op.execute("ALTER TABLE installation DROP COLUMN clicks_counted")
