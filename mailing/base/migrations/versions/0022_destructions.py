"""Destructions with a state for each table, their certificates, legal holds, retention."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE legal_holds (
        id bigserial PRIMARY KEY,
        subscriber_id uuid NOT NULL REFERENCES subscribers,
        basis text NOT NULL,
        kept text[] NOT NULL DEFAULT '{}',
        until date NOT NULL,
        placed_by text NOT NULL,
        placed_at timestamptz NOT NULL,
        lifted_by text,
        lifted_at timestamptz,
        CONSTRAINT lifted_hold_says_by_whom CHECK ((lifted_by IS NULL) = (lifted_at IS NULL))
    )
    """,
    "CREATE INDEX holds_of_subscriber ON legal_holds (subscriber_id)",
    """
    CREATE TABLE destructions (
        id bigserial PRIMARY KEY,
        request_id bigint REFERENCES requests,
        subscriber_id uuid NOT NULL REFERENCES subscribers,
        ground text NOT NULL DEFAULT 'request'
            CONSTRAINT destruction_ground_is_known
            CHECK (ground IN ('request', 'journal', 'retention')),
        state text NOT NULL DEFAULT 'decided'
            CONSTRAINT destruction_state_is_known
            CHECK (state IN ('decided', 'carrying', 'done', 'called_off')),
        decided_by text NOT NULL,
        decided_at timestamptz NOT NULL,
        cools_until timestamptz NOT NULL,
        approved_by text,
        approved_at timestamptz,
        expedited_by text,
        expedited_at timestamptz,
        expedited_because text,
        number text,
        repeats text,
        begun_by text,
        begun_at timestamptz,
        entry_id bigint,
        finished_at timestamptz,
        called_off_by text,
        called_off_at timestamptz,
        tried_at timestamptz,
        problem text,
        CONSTRAINT destruction_is_approved_by_another CHECK (approved_by <> decided_by),
        CONSTRAINT destruction_has_a_ground CHECK (ground <> 'request' OR request_id IS NOT NULL),
        CONSTRAINT begun_destruction_has_a_number
            CHECK (state NOT IN ('carrying', 'done') OR number IS NOT NULL)
    )
    """,
    """
    CREATE UNIQUE INDEX one_destruction_a_request ON destructions (request_id)
        WHERE state <> 'called_off'
    """,
    """
    CREATE UNIQUE INDEX one_destruction_at_a_time ON destructions (subscriber_id)
        WHERE state IN ('decided', 'carrying')
    """,
    "CREATE INDEX destructions_of_subscriber ON destructions (subscriber_id)",
    """
    CREATE TABLE destruction_steps (
        destruction_id bigint NOT NULL REFERENCES destructions,
        name text NOT NULL,
        place smallint NOT NULL,
        state text NOT NULL DEFAULT 'waiting'
            CONSTRAINT destruction_step_is_known CHECK (state IN ('waiting', 'done', 'held')),
        before integer NOT NULL,
        erased integer NOT NULL DEFAULT 0,
        remaining integer,
        done_at timestamptz,
        PRIMARY KEY (destruction_id, name)
    )
    """,
    """
    CREATE TABLE certificates (
        number text PRIMARY KEY,
        place bigint NOT NULL,
        destruction_id bigint NOT NULL REFERENCES destructions,
        issued_at timestamptz NOT NULL,
        body text NOT NULL,
        sha256 text NOT NULL,
        public_key text NOT NULL,
        signature text NOT NULL,
        CONSTRAINT certificates_form_one_chain UNIQUE (place)
    )
    """,
    "CREATE INDEX certificates_of_destruction ON certificates (destruction_id)",
    """
    CREATE TRIGGER certificates_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
        ON certificates FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TABLE certificate_years (
        year integer PRIMARY KEY,
        last integer NOT NULL
    )
    """,
    """
    CREATE TABLE replayed_destructions (
        journal_id uuid NOT NULL,
        sequence bigint NOT NULL,
        subscriber_id uuid NOT NULL,
        source text NOT NULL,
        replayed_at timestamptz NOT NULL,
        settled_at timestamptz,
        PRIMARY KEY (journal_id, sequence)
    )
    """,
    """
    CREATE INDEX replayed_destructions_to_settle ON replayed_destructions (replayed_at)
        WHERE settled_at IS NULL
    """,
    """
    CREATE TABLE retention_runs (
        id bigserial PRIMARY KEY,
        rule text NOT NULL,
        days integer NOT NULL,
        rows integer NOT NULL,
        actor text NOT NULL,
        at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX retention_runs_of_rule ON retention_runs (rule, at)",
    "ALTER TABLE inbound_messages ALTER COLUMN sealed DROP NOT NULL",
    "ALTER TABLE inbound_messages ADD COLUMN sender_digest bytea",
    """
    CREATE INDEX inbound_messages_of_sender ON inbound_messages (sender_digest)
        WHERE sender_digest IS NOT NULL
    """,
    """
    CREATE INDEX inbound_messages_to_name ON inbound_messages (id)
        WHERE sender_digest IS NULL AND sealed IS NOT NULL
    """,
    """
    CREATE INDEX requests_of_sender ON requests (sender_digest) WHERE sender_digest IS NOT NULL
    """,
    "CREATE INDEX answers_to_address ON answers (digest) WHERE digest IS NOT NULL",
    "CREATE INDEX requests_of_correspondent ON requests (correspondent_id)",
    "CREATE INDEX trials_to_address ON trials (digest)",
)


def upgrade() -> None:
    for statement in _TABLES:
        op.execute(statement)


def downgrade() -> None:
    op.execute("""
        DROP INDEX trials_to_address;
        DROP INDEX requests_of_correspondent;
        DROP INDEX answers_to_address;
        DROP INDEX requests_of_sender;
        ALTER TABLE inbound_messages DROP COLUMN sender_digest;
        UPDATE inbound_messages SET sealed = '' WHERE sealed IS NULL;
        ALTER TABLE inbound_messages ALTER COLUMN sealed SET NOT NULL;
        DROP TABLE retention_runs;
        DROP TABLE replayed_destructions;
        DROP TABLE certificate_years;
        DROP TABLE certificates;
        DROP TABLE destruction_steps;
        DROP TABLE destructions;
        DROP TABLE legal_holds
    """)
