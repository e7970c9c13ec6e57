"""The main road: policies, people, campaigns, deliveries, leaving, staff.

Written as SQL: rules that the database can hold live in the database, with names that speak.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = ("audit_log", "policy_texts", "wordings", "ledger", "evidence")

TABLES = (
    """
    CREATE TABLE installation (
        id smallint PRIMARY KEY DEFAULT 1 CONSTRAINT installation_is_one_row CHECK (id = 1),
        installation_id uuid NOT NULL DEFAULT gen_random_uuid(),
        sending_on boolean NOT NULL DEFAULT true,
        sending_off_reason text,
        suppression_key_check text,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "INSERT INTO installation DEFAULT VALUES",
    """
    CREATE TABLE data_key_checks (
        fingerprint text PRIMARY KEY,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE staff (
        id bigserial PRIMARY KEY,
        email text NOT NULL CONSTRAINT staff_email_is_unique UNIQUE,
        password text NOT NULL,
        active boolean NOT NULL DEFAULT true,
        fs_uniquifier text NOT NULL CONSTRAINT staff_login_is_unique UNIQUE,
        role text NOT NULL CONSTRAINT staff_role_is_known
            CHECK (role IN ('admin', 'marketer', 'officer', 'viewer')),
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE audit_log (
        id bigserial PRIMARY KEY,
        at timestamptz NOT NULL,
        actor text NOT NULL,
        role text NOT NULL,
        action text NOT NULL,
        subject text NOT NULL,
        details jsonb NOT NULL DEFAULT '{}'
    )
    """,
    """
    CREATE TABLE policy_versions (
        id serial PRIMARY KEY,
        label text NOT NULL CONSTRAINT policy_label_is_unique UNIQUE,
        effective_on date NOT NULL,
        material boolean NOT NULL DEFAULT false,
        purposes text[] NOT NULL,
        fields text[] NOT NULL,
        published_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE policy_texts (
        policy_id integer NOT NULL REFERENCES policy_versions (id),
        language text NOT NULL CONSTRAINT policy_language_is_known
            CHECK (language IN ('kk', 'ru', 'en')),
        content bytea NOT NULL,
        sha256 text NOT NULL CONSTRAINT policy_text_is_unique UNIQUE,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (policy_id, language)
    )
    """,
    """
    CREATE TABLE topics (
        id serial PRIMARY KEY,
        slug text NOT NULL CONSTRAINT topic_slug_is_unique UNIQUE,
        purpose text NOT NULL,
        name_kk text NOT NULL,
        name_ru text NOT NULL,
        name_en text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    INSERT INTO topics (slug, purpose, name_kk, name_ru, name_en)
    VALUES ('notices', 'notices', 'Саясат өзгерістері туралы хабарламалар',
            'Сообщения об изменениях политики', 'Notices of policy changes')
    """,
    """
    CREATE TABLE forms (
        id serial PRIMARY KEY,
        slug text NOT NULL CONSTRAINT form_slug_is_unique UNIQUE,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE form_versions (
        form_id integer NOT NULL REFERENCES forms (id),
        version integer NOT NULL,
        origins text[] NOT NULL,
        topic_ids integer[] NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (form_id, version)
    )
    """,
    """
    CREATE TABLE wordings (
        hash text PRIMARY KEY,
        language text NOT NULL,
        text text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE subscribers (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        digest bytea NOT NULL CONSTRAINT subscriber_address_is_unique UNIQUE,
        provider text NOT NULL,
        language text NOT NULL CONSTRAINT subscriber_language_is_known
            CHECK (language IN ('kk', 'ru', 'en')),
        personal bytea,
        blocked_at timestamptz,
        paused_until timestamptz,
        ledger_seq integer NOT NULL DEFAULT 0,
        ledger_head bytea NOT NULL DEFAULT '\\x',
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE evidence (
        hash bytea PRIMARY KEY,
        body jsonb NOT NULL
    )
    """,
    """
    CREATE TABLE evidence_private (
        hash bytea PRIMARY KEY,
        sealed bytea NOT NULL
    )
    """,
    """
    CREATE TABLE ledger (
        id bigserial PRIMARY KEY,
        subscriber_id uuid NOT NULL REFERENCES subscribers (id),
        seq integer NOT NULL,
        kind text NOT NULL CONSTRAINT ledger_kind_is_known CHECK (kind IN ('requested', 'given',
            'attested', 'unsubscribed', 'blocked', 'restored', 'withdrawn', 'destroyed')),
        topic_id integer REFERENCES topics (id),
        policy_id integer REFERENCES policy_versions (id),
        source text NOT NULL,
        actor text NOT NULL,
        evidence_hash bytea NOT NULL REFERENCES evidence (hash),
        at timestamptz NOT NULL,
        prev_hash bytea NOT NULL,
        hash bytea NOT NULL,
        CONSTRAINT ledger_chain_has_no_fork UNIQUE (subscriber_id, seq)
    )
    """,
    "CREATE INDEX ledger_by_time ON ledger (at)",
    """
    CREATE TABLE standings (
        subscriber_id uuid NOT NULL REFERENCES subscribers (id),
        topic_id integer NOT NULL REFERENCES topics (id),
        standing text NOT NULL CONSTRAINT standing_is_known CHECK (standing IN
            ('none', 'requested', 'given', 'unsubscribed', 'withdrawn')),
        policy_id integer REFERENCES policy_versions (id),
        entry_id bigint REFERENCES ledger (id),
        of_everything boolean NOT NULL DEFAULT false,
        quarantined boolean NOT NULL DEFAULT false,
        refused boolean NOT NULL DEFAULT false,
        since timestamptz NOT NULL,
        PRIMARY KEY (subscriber_id, topic_id),
        CONSTRAINT quarantine_is_no_standing CHECK (NOT quarantined OR standing <> 'given')
    )
    """,
    "CREATE INDEX standings_by_topic ON standings (topic_id, subscriber_id)",
    """
    CREATE TABLE suppressions (
        digest bytea NOT NULL,
        reason text NOT NULL CONSTRAINT suppression_reason_is_known CHECK (reason IN
            ('withdrawn', 'destroyed', 'complaint', 'bounce', 'staff')),
        detail text NOT NULL DEFAULT '',
        since timestamptz NOT NULL,
        PRIMARY KEY (digest, reason)
    )
    """,
    """
    CREATE TABLE imports (
        id serial PRIMARY KEY,
        topic_id integer NOT NULL REFERENCES topics (id),
        sha256 text NOT NULL,
        actor text NOT NULL,
        counts jsonb NOT NULL DEFAULT '{}',
        created_at timestamptz NOT NULL,
        finished_at timestamptz
    )
    """,
    """
    CREATE TABLE optins (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        subscriber_id uuid NOT NULL REFERENCES subscribers (id),
        topic_ids integer[] NOT NULL,
        form_id integer NOT NULL,
        form_version integer NOT NULL,
        policy_id integer NOT NULL REFERENCES policy_versions (id),
        language text NOT NULL,
        page text NOT NULL,
        wordings jsonb NOT NULL,
        personal bytea,
        state text NOT NULL CONSTRAINT optin_state_is_known CHECK (state IN
            ('open', 'confirmed', 'cancelled')),
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        FOREIGN KEY (form_id, form_version) REFERENCES form_versions (form_id, version)
    )
    """,
    "CREATE INDEX optins_of_subscriber ON optins (subscriber_id)",
    "CREATE INDEX optins_to_expire ON optins (expires_at) WHERE state = 'open'",
    """
    CREATE TABLE campaigns (
        id serial PRIMARY KEY,
        kind text NOT NULL CONSTRAINT campaign_kind_is_known CHECK (kind IN ('campaign', 'notice')),
        topic_id integer NOT NULL REFERENCES topics (id),
        policy_id integer REFERENCES policy_versions (id),
        state text NOT NULL CONSTRAINT campaign_state_is_known CHECK (state IN ('draft', 'review',
            'approved', 'scheduled', 'sending', 'paused', 'stopped', 'done')),
        language text NOT NULL,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL,
        release_at timestamptz,
        started_at timestamptz,
        finished_at timestamptz,
        audience integer,
        considered integer,
        held_at_start jsonb NOT NULL DEFAULT '{}',
        fanned_out boolean NOT NULL DEFAULT false,
        CONSTRAINT notice_announces_a_policy CHECK (kind <> 'notice' OR policy_id IS NOT NULL),
        CONSTRAINT sending_has_an_audience CHECK (state NOT IN ('sending', 'paused', 'done')
            OR audience IS NOT NULL)
    )
    """,
    "CREATE UNIQUE INDEX one_notice_a_policy ON campaigns (policy_id) WHERE kind = 'notice'",
    """
    CREATE TABLE campaign_bodies (
        campaign_id integer NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
        language text NOT NULL CONSTRAINT body_language_is_known
            CHECK (language IN ('kk', 'ru', 'en')),
        subject text NOT NULL,
        preheader text NOT NULL DEFAULT '',
        format text NOT NULL CONSTRAINT body_format_is_known
            CHECK (format IN ('markdown', 'html', 'mjml')),
        body text NOT NULL,
        PRIMARY KEY (campaign_id, language)
    )
    """,
    """
    CREATE TABLE audience_chunks (
        campaign_id integer NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
        number integer NOT NULL,
        reason text,
        subscriber_ids uuid[] NOT NULL,
        written_at timestamptz,
        PRIMARY KEY (campaign_id, number)
    )
    """,
    """
    CREATE TABLE incarnations (
        id uuid PRIMARY KEY,
        host_id uuid NOT NULL,
        boot_id text NOT NULL,
        pid integer NOT NULL,
        started_at timestamptz NOT NULL,
        ended_at timestamptz,
        fenced_at timestamptz
    )
    """,
    """
    CREATE TABLE deliveries (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        kind text NOT NULL CONSTRAINT delivery_kind_is_known
            CHECK (kind IN ('campaign', 'notice', 'confirmation')),
        campaign_id integer REFERENCES campaigns (id) ON DELETE CASCADE,
        optin_id uuid REFERENCES optins (id),
        subscriber_id uuid NOT NULL REFERENCES subscribers (id),
        topic_id integer NOT NULL REFERENCES topics (id),
        confirmation_day date,
        confirmation_number smallint,
        state text NOT NULL DEFAULT 'pending' CONSTRAINT delivery_state_is_known CHECK (state IN
            ('pending', 'claimed', 'open', 'sealed', 'aborting', 'accepted', 'refused',
             'uncertain', 'held', 'deferred')),
        reason text,
        owner uuid,
        fence integer NOT NULL DEFAULT 0,
        attempts smallint NOT NULL DEFAULT 0,
        retry_at timestamptz,
        allowed_by bigint,
        link_key text,
        dated_at timestamptz,
        opened_at timestamptz,
        sealed_at timestamptz,
        finished_at timestamptz,
        reply_code smallint,
        reply_text text,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT one_delivery_a_campaign_and_subscriber UNIQUE (campaign_id, subscriber_id),
        CONSTRAINT two_confirmations_a_day
            UNIQUE (subscriber_id, confirmation_day, confirmation_number),
        CONSTRAINT confirmation_number_is_one_or_two CHECK (confirmation_number IN (1, 2)),
        CONSTRAINT delivery_belongs CHECK ((kind = 'confirmation') = (campaign_id IS NULL)
            AND (kind = 'confirmation') = (optin_id IS NOT NULL)
            AND (kind = 'confirmation') = (confirmation_number IS NOT NULL)),
        CONSTRAINT held_has_a_reason CHECK (state NOT IN ('held', 'aborting')
            OR reason IS NOT NULL),
        CONSTRAINT deferred_has_a_time CHECK (state <> 'deferred' OR retry_at IS NOT NULL),
        CONSTRAINT in_work_has_an_owner CHECK (state NOT IN ('claimed', 'open', 'sealed',
            'aborting') OR owner IS NOT NULL)
    )
    """,
    """
    CREATE INDEX deliveries_unfinished ON deliveries (campaign_id, state, id)
    WHERE state IN ('pending', 'claimed', 'open', 'sealed', 'aborting', 'deferred')
    """,
    """
    CREATE INDEX deliveries_in_work ON deliveries (owner, state)
    WHERE state IN ('claimed', 'open', 'sealed', 'aborting')
    """,
    "CREATE INDEX deliveries_to_retry ON deliveries (retry_at) WHERE state = 'deferred'",
    "CREATE INDEX deliveries_of_subscriber ON deliveries (subscriber_id)",
    """
    CREATE TABLE relays (
        name text PRIMARY KEY,
        trouble text,
        since timestamptz NOT NULL,
        retry_at timestamptz
    )
    """,
    """
    CREATE TABLE journals (
        id uuid PRIMARY KEY,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE journal_entries (
        journal_id uuid NOT NULL REFERENCES journals (id),
        sequence bigint NOT NULL,
        hash text NOT NULL,
        applied_at timestamptz NOT NULL,
        PRIMARY KEY (journal_id, sequence)
    )
    """,
    """
    CREATE TABLE receipts (
        id text PRIMARY KEY,
        subscriber_id uuid NOT NULL,
        topic_id integer,
        kind text NOT NULL,
        entry_id bigint,
        recorded_at timestamptz NOT NULL,
        in_flight jsonb NOT NULL DEFAULT '[]'
    )
    """,
    "CREATE INDEX receipts_of_subscriber ON receipts (subscriber_id)",
    """
    CREATE TABLE inbound_messages (
        id bigserial PRIMARY KEY,
        sha256 text NOT NULL CONSTRAINT inbound_message_is_unique UNIQUE,
        sealed bytea NOT NULL,
        kind text NOT NULL,
        action text NOT NULL DEFAULT '',
        received_at timestamptz NOT NULL
    )
    """,
)

NAMES = (
    "inbound_messages",
    "receipts",
    "journal_entries",
    "journals",
    "relays",
    "deliveries",
    "incarnations",
    "audience_chunks",
    "campaign_bodies",
    "campaigns",
    "optins",
    "imports",
    "suppressions",
    "standings",
    "ledger",
    "evidence_private",
    "evidence",
    "subscribers",
    "wordings",
    "form_versions",
    "forms",
    "topics",
    "policy_texts",
    "policy_versions",
    "audit_log",
    "staff",
    "data_key_checks",
    "installation",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
                USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
            f"ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    for table in NAMES:
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION refuse_change()")
