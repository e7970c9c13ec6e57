"""A topic's names are kept by language, so that a language more needs no column more."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE topics ADD COLUMN names jsonb")
    op.execute("""
        UPDATE topics
        SET names = jsonb_build_object('kk', name_kk, 'ru', name_ru, 'en', name_en)
    """)
    op.execute("""
        ALTER TABLE topics
            ALTER COLUMN names SET NOT NULL,
            ADD CONSTRAINT topic_names_are_by_language CHECK (
                names ?& ARRAY['kk', 'ru', 'en'] AND NOT jsonb_path_exists(names, '
                    $.keyvalue() ? (!(@.key like_regex "^[a-z]{2,3}$")
                        || @.value.type() != "string")
                ')
            ),
            DROP COLUMN name_kk, DROP COLUMN name_ru, DROP COLUMN name_en
    """)


def downgrade() -> None:
    op.execute("""
        ALTER TABLE topics ADD COLUMN name_kk text, ADD COLUMN name_ru text,
            ADD COLUMN name_en text
    """)
    op.execute("""
        UPDATE topics
        SET name_kk = names ->> 'kk', name_ru = names ->> 'ru', name_en = names ->> 'en'
    """)
    op.execute("""
        ALTER TABLE topics ALTER COLUMN name_kk SET NOT NULL, ALTER COLUMN name_ru SET NOT NULL,
            ALTER COLUMN name_en SET NOT NULL, DROP COLUMN names
    """)
