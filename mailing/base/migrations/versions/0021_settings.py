"""The operator's identity as the studio holds it, and what the DNS said of the sending domain."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE installation
            ADD COLUMN operator_name text,
            ADD COLUMN operator_bin text,
            ADD COLUMN operator_address text,
            ADD CONSTRAINT operator_is_named_in_full CHECK (
                (operator_name IS NULL) = (operator_bin IS NULL)
                AND (operator_name IS NULL) = (operator_address IS NULL));
        CREATE TABLE dns_checks (
            host text NOT NULL,
            kind text NOT NULL CONSTRAINT dns_kind_is_known CHECK (kind IN ('TXT', 'MX', 'PTR')),
            asked_at timestamptz NOT NULL,
            taken_at timestamptz,
            checked_at timestamptz,
            found jsonb NOT NULL DEFAULT '[]',
            trouble text,
            PRIMARY KEY (host, kind)
        )
    """)


def downgrade() -> None:
    op.execute("""
        DROP TABLE dns_checks;
        ALTER TABLE installation
            DROP COLUMN operator_name, DROP COLUMN operator_bin, DROP COLUMN operator_address
    """)
