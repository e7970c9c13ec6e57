"""The desk: rights of a request, pauses, questions by link, incidents, the officers' digest."""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

OLD_KINDS = """('withdrawal', 'rectification', 'question', 'access', 'destruction', 'unsubscribe',
    'join', 'complaint', 'unclear', 'junk')"""
KINDS = """('withdrawal', 'rectification', 'question', 'access', 'destruction', 'blocking',
    'unblocking', 'unsubscribe', 'join', 'complaint', 'unclear', 'junk')"""

UP = (
    "ALTER TABLE requests DROP CONSTRAINT request_kind_is_known",
    f"""
    ALTER TABLE requests
        ADD CONSTRAINT request_kind_is_known CHECK (kind IN {KINDS}),
        ADD COLUMN identity text NOT NULL DEFAULT 'unknown',
        ADD COLUMN paused_at timestamptz,
        ADD COLUMN pause_reason text,
        ADD COLUMN extended_at timestamptz,
        ADD COLUMN merged_into bigint REFERENCES requests (id),
        ADD COLUMN told bytea,
        ADD CONSTRAINT request_identity_is_known CHECK (
            identity IN ('unknown', 'asked', 'sender', 'link', 'staff', 'denied')),
        ADD CONSTRAINT paused_request_waits_for_a_reason CHECK (
            (paused_at IS NULL) = (pause_reason IS NULL)
            AND (paused_at IS NULL OR state = 'waiting')),
        ADD CONSTRAINT merged_request_is_a_duplicate CHECK (
            merged_into IS NULL
            OR (resolution IS NOT DISTINCT FROM 'duplicate' AND merged_into <> id))
    """,
    f"""
    CREATE TABLE request_rights (
        id bigserial PRIMARY KEY,
        request_id bigint NOT NULL REFERENCES requests (id),
        kind text NOT NULL CONSTRAINT right_kind_is_known CHECK (kind IN {KINDS}),
        state text NOT NULL CONSTRAINT right_state_is_known
            CHECK (state IN ('open', 'decided', 'done')),
        due_at timestamptz NOT NULL,
        outer_due_at timestamptz NOT NULL,
        ruling text CONSTRAINT right_ruling_is_known CHECK (ruling IN ('grant', 'part', 'refuse')),
        ground text,
        words bytea,
        ruled_by text,
        ruled_at timestamptz,
        resolution text,
        done_at timestamptz,
        CONSTRAINT right_is_ruled_by_somebody CHECK (
            (ruling IS NULL) = (ruled_at IS NULL) AND (ruling IS NULL) = (ruled_by IS NULL)
            AND (state <> 'open' OR ruling IS NULL)
            AND (state <> 'decided' OR ruling <> 'refuse')),
        CONSTRAINT right_refused_has_a_ground CHECK (
            ruling IS NULL OR ruling = 'grant' OR ground IS NOT NULL),
        CONSTRAINT done_right_says_how CHECK (
            (state = 'done') = (done_at IS NOT NULL)
            AND (state = 'done') = (resolution IS NOT NULL)),
        CONSTRAINT right_is_due_within_the_outer_limit CHECK (due_at <= outer_due_at)
    )
    """,
    "CREATE UNIQUE INDEX one_right_of_a_kind_a_request ON request_rights (request_id, kind)",
    # Each request that is there asks for the one thing that it was said to be.
    """
    INSERT INTO request_rights (request_id, kind, state, due_at, outer_due_at, resolution, done_at)
    SELECT id, kind, CASE WHEN state = 'closed' THEN 'done' ELSE 'open' END, due_at, outer_due_at,
        resolution, closed_at
    FROM requests ORDER BY id
    """,
    """
    CREATE TABLE inquiries (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        request_id bigint NOT NULL REFERENCES requests (id),
        subscriber_id uuid REFERENCES subscribers (id),
        what text NOT NULL CONSTRAINT inquiry_is_known CHECK (what IN ('identity', 'correction')),
        state text NOT NULL CONSTRAINT inquiry_state_is_known
            CHECK (state IN ('open', 'yes', 'no', 'over')),
        proposed bytea,
        asked_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        answered_at timestamptz,
        CONSTRAINT only_an_open_correction_says_what CHECK (
            proposed IS NULL OR (what = 'correction' AND state = 'open')),
        CONSTRAINT correction_is_of_somebody CHECK (
            what = 'identity' OR subscriber_id IS NOT NULL),
        CONSTRAINT answered_inquiry_says_when CHECK (
            (state IN ('yes', 'no')) = (answered_at IS NOT NULL))
    )
    """,
    """
    CREATE UNIQUE INDEX one_open_inquiry_a_request ON inquiries (request_id, what)
    WHERE state = 'open'
    """,
    "CREATE INDEX inquiries_of_request ON inquiries (request_id)",
    "CREATE INDEX inquiries_of_subscriber ON inquiries (subscriber_id)",
    """
    CREATE TABLE incidents (
        id bigserial PRIMARY KEY,
        number text NOT NULL,
        title text NOT NULL,
        nature text NOT NULL CONSTRAINT incident_nature_is_known
            CHECK (nature IN ('disclosed', 'lost', 'changed', 'unavailable', 'other')),
        people integer CONSTRAINT incident_concerns_people CHECK (people >= 0),
        detected_at timestamptz NOT NULL,
        opened_at timestamptz NOT NULL,
        due_at timestamptz NOT NULL,
        state text NOT NULL CONSTRAINT incident_state_is_known
            CHECK (state IN ('open', 'reported', 'closed')),
        reported_at timestamptz,
        closed_at timestamptz,
        CONSTRAINT incident_number_is_unique UNIQUE (number),
        CONSTRAINT incident_was_detected_first CHECK (detected_at <= opened_at),
        CONSTRAINT reported_incident_says_when CHECK (
            state <> 'reported' OR reported_at IS NOT NULL),
        CONSTRAINT closed_incident_says_when CHECK ((state = 'closed') = (closed_at IS NOT NULL))
    )
    """,
    """
    CREATE TABLE incident_lines (
        id bigserial PRIMARY KEY,
        incident_id bigint NOT NULL REFERENCES incidents (id),
        at timestamptz NOT NULL,
        actor text NOT NULL,
        what text NOT NULL CONSTRAINT incident_line_is_known
            CHECK (what IN ('opened', 'noted', 'reported', 'told', 'closed', 'reopened')),
        words text NOT NULL
    )
    """,
    "CREATE INDEX lines_of_incident ON incident_lines (incident_id)",
    """
    CREATE TRIGGER incident_lines_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
        ON incident_lines FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    "ALTER TABLE staff ADD COLUMN digest_language text",
    "ALTER TABLE account_mails DROP CONSTRAINT account_mail_is_known",
    """
    ALTER TABLE account_mails
        ADD CONSTRAINT account_mail_is_known CHECK (why IN ('invitation', 'reset', 'digest')),
        ADD COLUMN day date,
        ADD COLUMN told jsonb NOT NULL DEFAULT '{}',
        ADD CONSTRAINT digest_is_of_a_day CHECK ((why = 'digest') = (day IS NOT NULL))
    """,
    "CREATE UNIQUE INDEX one_digest_a_day ON account_mails (staff_id, day) WHERE day IS NOT NULL",
)

# The program before knows no such mails, and no blocking on request: what of the mails is on its
# way is taken back, and such a request is shown as a question.
DOWN = (
    """
    DELETE FROM batches WHERE id IN (
        SELECT d.batch_id FROM deliveries d JOIN account_mails m ON m.delivery_id = d.id
        WHERE m.why = 'digest')
    """,
    """
    DELETE FROM deliveries WHERE id IN (
        SELECT delivery_id FROM account_mails WHERE why = 'digest')
    """,
    "DELETE FROM account_mails WHERE why = 'digest'",
    "DROP INDEX one_digest_a_day",
    """
    ALTER TABLE account_mails DROP CONSTRAINT digest_is_of_a_day,
        DROP CONSTRAINT account_mail_is_known, DROP COLUMN day, DROP COLUMN told
    """,
    """
    ALTER TABLE account_mails ADD CONSTRAINT account_mail_is_known
        CHECK (why IN ('invitation', 'reset'))
    """,
    "ALTER TABLE staff DROP COLUMN digest_language",
    "DROP TABLE incident_lines",
    "DROP TABLE incidents",
    "DROP TABLE inquiries",
    "DROP TABLE request_rights",
    "ALTER TABLE requests DROP CONSTRAINT request_kind_is_known",
    """
    UPDATE requests r SET kind = 'question'
    WHERE kind IN ('blocking', 'unblocking') AND (inbound_id IS NULL OR NOT EXISTS (
        SELECT FROM requests o WHERE o.inbound_id = r.inbound_id AND o.kind = 'question'))
    """,
    "UPDATE requests SET kind = 'unclear' WHERE kind IN ('blocking', 'unblocking')",
    f"""
    ALTER TABLE requests
        DROP CONSTRAINT request_identity_is_known,
        DROP CONSTRAINT paused_request_waits_for_a_reason,
        DROP CONSTRAINT merged_request_is_a_duplicate,
        DROP COLUMN identity, DROP COLUMN paused_at, DROP COLUMN pause_reason,
        DROP COLUMN extended_at, DROP COLUMN merged_into, DROP COLUMN told,
        ADD CONSTRAINT request_kind_is_known CHECK (kind IN {OLD_KINDS})
    """,
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
