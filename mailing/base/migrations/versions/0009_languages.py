"""A language is a tag; which ones there are is said by the folder of translations, not here."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

CHECKS = {
    "policy_texts": "policy_language_is_known",
    "subscribers": "subscriber_language_is_known",
    "campaign_bodies": "body_language_is_known",
}


def upgrade() -> None:
    _check("language ~ '^[a-z]{2,3}$'")


def downgrade() -> None:
    _check("language IN ('kk', 'ru', 'en')")


def _check(condition: str) -> None:
    for table, name in CHECKS.items():
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition})")
