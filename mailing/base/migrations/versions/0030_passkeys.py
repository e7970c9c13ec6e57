"""Passkeys of the staff, and what is asked of one while it answers."""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE staff_passkeys (
            id bigserial PRIMARY KEY,
            staff_id bigint NOT NULL REFERENCES staff,
            credential_id bytea NOT NULL,
            public_key bytea NOT NULL,
            sign_count bigint NOT NULL,
            transports text[] NOT NULL,
            name text NOT NULL,
            created_at timestamptz NOT NULL,
            last_used_at timestamptz,
            CONSTRAINT passkey_is_registered_once UNIQUE (credential_id),
            CONSTRAINT passkey_counts_up CHECK (sign_count >= 0),
            CONSTRAINT passkey_has_a_name CHECK (char_length(name) BETWEEN 1 AND 60)
        );
        CREATE INDEX passkeys_of_staff ON staff_passkeys (staff_id);
        CREATE TABLE passkey_challenges (
            id uuid PRIMARY KEY,
            staff_id bigint NOT NULL REFERENCES staff,
            purpose text NOT NULL,
            challenge bytea NOT NULL,
            created_at timestamptz NOT NULL,
            CONSTRAINT challenge_purpose_is_known CHECK (purpose IN ('register', 'log in'))
        );
    """)


def downgrade() -> None:
    op.execute("""
        DROP TABLE passkey_challenges;
        DROP TABLE staff_passkeys;
    """)
