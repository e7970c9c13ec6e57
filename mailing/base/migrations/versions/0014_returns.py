"""What comes back: bounces, complaints, storms held back, reports ignored; and the brake."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE storms (
            id bigserial PRIMARY KEY,
            cause bytea NOT NULL,
            provider text NOT NULL,
            sample text NOT NULL,
            state text NOT NULL CONSTRAINT storm_state_is_known
                CHECK (state IN ('open', 'suppressed', 'forgotten')),
            began_at timestamptz NOT NULL,
            last_at timestamptz NOT NULL,
            decided_by text,
            decided_at timestamptz
        );
        CREATE UNIQUE INDEX one_open_storm_a_cause ON storms (cause) WHERE state = 'open';
        CREATE TABLE returns (
            id bigserial PRIMARY KEY,
            delivery_id uuid NOT NULL,
            subscriber_id uuid NOT NULL,
            campaign_id integer,
            kind text NOT NULL CONSTRAINT return_kind_is_known
                CHECK (kind IN ('hard', 'soft', 'policy', 'other', 'complaint', 'seen')),
            status text NOT NULL,
            inbound_id bigint NOT NULL,
            cause bytea,
            storm_id bigint,
            at timestamptz NOT NULL,
            CONSTRAINT return_is_told_once UNIQUE (delivery_id, inbound_id)
        );
        CREATE INDEX returns_of_campaign ON returns (campaign_id);
        CREATE INDEX returns_of_subscriber ON returns (subscriber_id, at);
        CREATE INDEX returns_by_time ON returns (at);
        CREATE INDEX returns_by_cause ON returns (cause, at) WHERE cause IS NOT NULL;
        CREATE INDEX returns_of_storm ON returns (storm_id) WHERE storm_id IS NOT NULL;
        CREATE TABLE ignored_reports (
            inbound_id bigint PRIMARY KEY,
            why text NOT NULL,
            at timestamptz NOT NULL
        );
        ALTER TABLE deliveries
            ADD COLUMN bounced_at timestamptz,
            ADD COLUMN bounce_kind text CONSTRAINT bounce_kind_is_known
                CHECK (bounce_kind IN ('hard', 'soft', 'policy', 'other'));
        ALTER TABLE optins ADD COLUMN bounced_at timestamptz;
        ALTER TABLE campaigns
            ADD COLUMN brake jsonb NOT NULL DEFAULT '{}',
            ADD COLUMN brake_since timestamptz
    """)


def downgrade() -> None:
    op.execute("""
        ALTER TABLE campaigns DROP COLUMN brake, DROP COLUMN brake_since;
        ALTER TABLE optins DROP COLUMN bounced_at;
        ALTER TABLE deliveries DROP COLUMN bounced_at, DROP COLUMN bounce_kind;
        DROP TABLE ignored_reports, returns, storms
    """)
