"""Receipts are sealed; bundles of somebody's data; disclosures that a law demands."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE receipts ADD COLUMN seal bytea;
        -- Those of before have none, and only a program with the key could make one.
        DO $$ BEGIN
            EXECUTE format('ALTER TABLE receipts ADD CONSTRAINT receipt_is_sealed '
                'CHECK (seal IS NOT NULL OR recorded_at < %L)', now());
        END $$;
        ALTER TABLE answers DROP CONSTRAINT answer_kind_is_known;
        ALTER TABLE answers ADD CONSTRAINT answer_kind_is_known CHECK (kind IN (
            'link', 'old_address', 'new_address', 'claim', 'receipt', 'letter', 'bundle'));
        CREATE TABLE bundles (
            id uuid PRIMARY KEY,
            subscriber_id uuid NOT NULL REFERENCES subscribers,
            request_id bigint REFERENCES requests,
            state text NOT NULL,
            is_by_person boolean NOT NULL,
            left_out bytea,
            done integer NOT NULL DEFAULT 0,
            steps integer NOT NULL DEFAULT 0,
            tries integer NOT NULL DEFAULT 0,
            files integer,
            size bigint,
            sha256 text,
            delivery_id uuid,
            created_at timestamptz NOT NULL,
            made_at timestamptz,
            released_at timestamptz,
            expires_at timestamptz,
            taken_at timestamptz,
            CONSTRAINT bundle_state_is_known CHECK (state IN (
                'waiting', 'making', 'ready', 'released', 'taken', 'expired', 'failed')),
            CONSTRAINT released_bundle_has_a_link_and_an_end CHECK (
                state <> 'released' OR (expires_at IS NOT NULL AND delivery_id IS NOT NULL))
        );
        CREATE INDEX bundles_of_subscriber ON bundles (subscriber_id);
        CREATE INDEX bundles_of_request ON bundles (request_id);
        CREATE TABLE bundle_pieces (
            bundle_id uuid NOT NULL REFERENCES bundles ON DELETE CASCADE,
            number integer NOT NULL,
            sealed bytea NOT NULL,
            PRIMARY KEY (bundle_id, number)
        );
        CREATE TABLE disclosures (
            id uuid PRIMARY KEY,
            state text NOT NULL,
            sealed bytea NOT NULL,
            reason bytea,
            fields text[] NOT NULL,
            asked_by text NOT NULL,
            decided_by text,
            exported_by text,
            rows integer NOT NULL,
            sha256 text,
            created_at timestamptz NOT NULL,
            decided_at timestamptz,
            exported_at timestamptz,
            CONSTRAINT disclosure_state_is_known CHECK (state IN (
                'asked', 'approved', 'refused', 'exported')),
            CONSTRAINT disclosure_is_approved_by_a_second_person CHECK (decided_by <> asked_by),
            CONSTRAINT disclosure_is_decided_before_it_goes CHECK (
                (state = 'asked') = (decided_by IS NULL))
        );
        CREATE TABLE disclosed_people (
            disclosure_id uuid NOT NULL REFERENCES disclosures,
            subscriber_id uuid NOT NULL REFERENCES subscribers,
            PRIMARY KEY (disclosure_id, subscriber_id)
        );
        CREATE INDEX disclosures_of_subscriber ON disclosed_people (subscriber_id);
    """)


def downgrade() -> None:
    op.execute("""
        DROP TABLE disclosed_people;
        DROP TABLE disclosures;
        DROP TABLE bundle_pieces;
        DROP TABLE bundles;
        DELETE FROM answers WHERE kind = 'bundle';
        ALTER TABLE answers DROP CONSTRAINT answer_kind_is_known;
        ALTER TABLE answers ADD CONSTRAINT answer_kind_is_known CHECK (kind IN (
            'link', 'old_address', 'new_address', 'claim', 'receipt', 'letter'));
        ALTER TABLE receipts DROP CONSTRAINT receipt_is_sealed;
        ALTER TABLE receipts DROP COLUMN seal;
    """)
