"""People are listed by when they became known, by provider, and by topic and standing."""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE INDEX subscribers_by_time ON subscribers (created_at, id)
            WHERE personal IS NOT NULL
    """)
    op.execute("""
        CREATE INDEX subscribers_by_provider ON subscribers (provider, created_at, id)
            WHERE personal IS NOT NULL
    """)
    op.execute("""
        CREATE INDEX subscribers_blocked ON subscribers (created_at, id)
            WHERE blocked_at IS NOT NULL
    """)
    op.execute("""
        CREATE INDEX subscribers_paused ON subscribers (created_at, id)
            WHERE paused_until IS NOT NULL
    """)
    op.execute("DROP INDEX standings_by_topic")
    op.execute("""
        CREATE INDEX standings_by_topic ON standings (topic_id, standing, since, subscriber_id)
    """)
    op.execute("""
        CREATE INDEX standings_quarantined ON standings (subscriber_id) WHERE quarantined
    """)


def downgrade() -> None:
    op.execute("DROP INDEX standings_quarantined")
    op.execute("DROP INDEX standings_by_topic")
    op.execute("CREATE INDEX standings_by_topic ON standings (topic_id, subscriber_id)")
    op.execute("DROP INDEX subscribers_paused")
    op.execute("DROP INDEX subscribers_blocked")
    op.execute("DROP INDEX subscribers_by_provider")
    op.execute("DROP INDEX subscribers_by_time")
