"""Staff: the second factor, invitations and resets by mail; the audit log is searched."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

BELONGS = """
    (kind IN {kinds}) = (campaign_id IS NULL)
    AND (kind = 'confirmation') = (optin_id IS NOT NULL)
    AND (kind = 'confirmation') = (confirmation_number IS NOT NULL)
"""
OWN = "('confirmation', 'correspondence')"
OWN_NOW = "('confirmation', 'correspondence', 'account')"
OF_CAMPAIGNS = "'campaign', 'notice', "


def _kinds(own: str) -> str:
    return f"""
        ALTER TABLE deliveries
            DROP CONSTRAINT delivery_kind_is_known,
            DROP CONSTRAINT delivery_belongs,
            ADD CONSTRAINT delivery_kind_is_known CHECK (kind IN ({OF_CAMPAIGNS}{own[1:]}),
            ADD CONSTRAINT delivery_belongs CHECK ({BELONGS.format(kinds=own)})
    """


def upgrade() -> None:
    op.execute(_kinds(OWN_NOW))
    op.execute("""
        ALTER TABLE staff
            ADD COLUMN password_at timestamptz,
            ADD COLUMN last_login_at timestamptz,
            ADD COLUMN second_secret bytea,
            ADD COLUMN second_at timestamptz,
            ADD COLUMN second_counter bigint,
            ADD COLUMN recovery_codes jsonb NOT NULL DEFAULT '[]',
            ADD CONSTRAINT second_factor_has_a_secret
                CHECK (second_at IS NULL OR second_secret IS NOT NULL);
        UPDATE staff SET password_at = created_at;
        ALTER TABLE installation
            ADD COLUMN second_factor_demanded boolean NOT NULL DEFAULT false;
        CREATE TABLE account_mails (
            delivery_id uuid PRIMARY KEY,
            staff_id bigint NOT NULL,
            why text NOT NULL CONSTRAINT account_mail_is_known
                CHECK (why IN ('invitation', 'reset')),
            language text NOT NULL,
            recipient bytea,
            digest bytea NOT NULL,
            bound_to bytea NOT NULL,
            created_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            used_at timestamptz
        );
        CREATE INDEX account_mails_of_staff ON account_mails (staff_id, created_at);
        CREATE INDEX audit_by_time ON audit_log (at);
        CREATE INDEX audit_by_actor ON audit_log (actor, id);
        CREATE INDEX audit_by_action ON audit_log (action, id);
        CREATE INDEX audit_by_subject ON audit_log (subject, id)
    """)


# The program before knows no such messages: what is on its way is taken back.
def downgrade() -> None:
    op.execute("""
        DROP INDEX audit_by_time, audit_by_actor, audit_by_action, audit_by_subject;
        DROP TABLE account_mails;
        ALTER TABLE installation DROP COLUMN second_factor_demanded;
        ALTER TABLE staff
            DROP COLUMN password_at,
            DROP COLUMN last_login_at,
            DROP COLUMN second_secret,
            DROP COLUMN second_at,
            DROP COLUMN second_counter,
            DROP COLUMN recovery_codes;
        DELETE FROM batches WHERE id IN (SELECT batch_id FROM deliveries WHERE kind = 'account');
        DELETE FROM deliveries WHERE kind = 'account'
    """)
    op.execute(_kinds(OWN))
