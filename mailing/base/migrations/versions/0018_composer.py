"""Blocks, saved versions, what is typed and not saved, images, and test mails."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

OLD_FORMATS = "('markdown', 'html', 'mjml')"
FORMATS = "('markdown', 'html', 'mjml', 'blocks')"
OLD_KINDS = "('campaign', 'notice', 'confirmation', 'correspondence', 'account')"
KINDS = "('campaign', 'notice', 'confirmation', 'correspondence', 'account', 'test')"
OLD_OWN = "('confirmation', 'correspondence', 'account')"
OWN = "('confirmation', 'correspondence', 'account', 'test')"
BELONGS = """
    (kind IN {kinds}) = (campaign_id IS NULL)
    AND (kind = 'confirmation') = (optin_id IS NOT NULL)
    AND (kind = 'confirmation') = (confirmation_number IS NOT NULL)
"""
_FORMAT = "ALTER TABLE campaign_bodies DROP CONSTRAINT body_format_is_known"
_KIND = """
    ALTER TABLE deliveries DROP CONSTRAINT delivery_kind_is_known,
        DROP CONSTRAINT delivery_belongs
"""

UP = (
    f"{_FORMAT}, ADD CONSTRAINT body_format_is_known CHECK (format IN {FORMATS})",
    f"""{_KIND}, ADD CONSTRAINT delivery_kind_is_known CHECK (kind IN {KINDS}),
        ADD CONSTRAINT delivery_belongs
            CHECK ({BELONGS.format(kinds=OWN)})""",
    """
    CREATE TABLE campaign_versions (
        campaign_id integer NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
        number integer NOT NULL,
        language text NOT NULL,
        subject text NOT NULL,
        preheader text NOT NULL,
        format text NOT NULL,
        body text NOT NULL,
        saved_by text NOT NULL,
        saved_at timestamptz NOT NULL,
        PRIMARY KEY (campaign_id, number)
    )
    """,
    """
    CREATE TABLE unsaved_forms (
        campaign_id integer NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
        typed_by text NOT NULL,
        fields jsonb NOT NULL,
        seen text NOT NULL,
        typed_at timestamptz NOT NULL,
        PRIMARY KEY (campaign_id, typed_by)
    )
    """,
    """
    CREATE TABLE images (
        name text PRIMARY KEY,
        media_type text NOT NULL CONSTRAINT image_media_type_is_known
            CHECK (media_type IN ('image/png', 'image/jpeg')),
        content bytea NOT NULL,
        title text NOT NULL,
        uploaded_by text NOT NULL,
        uploaded_at timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE trials (
        delivery_id uuid PRIMARY KEY,
        campaign_id integer NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
        content jsonb NOT NULL,
        sample text NOT NULL,
        language text NOT NULL,
        recipient bytea NOT NULL,
        digest bytea NOT NULL,
        sent_by text NOT NULL,
        sent_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX trials_of_campaign ON trials (campaign_id, sent_at)",
    "CREATE INDEX trials_by_sender ON trials (sent_by, sent_at)",
)

# The program before knows no blocks: such a body stays readable as what it is, a text of JSON.
DOWN = (
    "DROP TABLE trials, images, unsaved_forms, campaign_versions",
    "DELETE FROM batches WHERE id IN (SELECT batch_id FROM deliveries WHERE kind = 'test')",
    "DELETE FROM deliveries WHERE kind = 'test'",
    f"""{_KIND}, ADD CONSTRAINT delivery_kind_is_known CHECK (kind IN {OLD_KINDS}),
        ADD CONSTRAINT delivery_belongs
            CHECK ({BELONGS.format(kinds=OLD_OWN)})""",
    "UPDATE campaign_bodies SET format = 'markdown' WHERE format = 'blocks'",
    f"{_FORMAT}, ADD CONSTRAINT body_format_is_known CHECK (format IN {OLD_FORMATS})",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
