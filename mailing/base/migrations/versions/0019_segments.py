"""Segments, approvals by a second person, and what links in campaigns lead to."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE segments (
            id serial PRIMARY KEY,
            name text NOT NULL CONSTRAINT segment_has_a_name CHECK (name <> ''),
            definition jsonb NOT NULL,
            created_by text NOT NULL,
            created_at timestamptz NOT NULL,
            changed_at timestamptz NOT NULL,
            retired_at timestamptz,
            CONSTRAINT segment_name_is_unique UNIQUE (name)
        );
        ALTER TABLE campaigns
            ADD COLUMN segment_id integer REFERENCES segments (id),
            ADD COLUMN frozen_segment jsonb,
            ADD COLUMN approved_by text,
            ADD CONSTRAINT notice_has_no_segment CHECK (kind <> 'notice' OR segment_id IS NULL);
        CREATE TABLE approvals (
            id serial PRIMARY KEY,
            campaign_id integer NOT NULL REFERENCES campaigns (id),
            step text NOT NULL CONSTRAINT approval_step_is_known
                CHECK (step IN ('asked', 'approved', 'sent_back', 'taken_back')),
            actor text NOT NULL,
            at timestamptz NOT NULL,
            bound_to text NOT NULL,
            note text NOT NULL,
            considered integer NOT NULL,
            will_receive integer NOT NULL
        );
        CREATE INDEX ix_approvals_campaign_id ON approvals (campaign_id);
        CREATE TRIGGER approvals_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
            ON approvals FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
        CREATE TABLE link_checks (
            address text PRIMARY KEY,
            asked_at timestamptz NOT NULL,
            taken_at timestamptz,
            checked_at timestamptz,
            finding text CONSTRAINT link_finding_is_known
                CHECK (finding IN ('fine', 'moved', 'broken', 'refused', 'unknown')),
            told text NOT NULL DEFAULT ''
        );
        CREATE INDEX links_to_check ON link_checks (asked_at)
            WHERE checked_at IS NULL OR checked_at < asked_at
    """)


def downgrade() -> None:
    op.execute("""
        DROP TABLE link_checks, approvals;
        ALTER TABLE campaigns DROP COLUMN segment_id, DROP COLUMN frozen_segment,
            DROP COLUMN approved_by;
        DROP TABLE segments
    """)
