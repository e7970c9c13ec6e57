"""Loading: the rows of a backup into an empty database, in one transaction with all that must be
so before anybody can look at them: nothing is in work, no campaign runs, sending is off.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import Connection, sql
from sqlalchemy import text
from sqlalchemy.engine import Connection as Bound

from mailing.backups import catalogue, restores, streams
from mailing.backups.backup import Tell
from mailing.backups.keys import DatedKey
from mailing.backups.manifest import Kept, Manifest
from mailing.base import schema, version
from mailing.base.database import engine
from mailing.base.errors import ConfigurationError, Conflict, NotReady
from mailing.base.sealing import check_value, fingerprint
from mailing.base.settings import Settings
from mailing.deliveries import recovery
from mailing.deliveries.recovery import UnderWay
from mailing.leaving import replay
from mailing.leaving.journal import Journal, Line

# What stands in a database that was migrated and that nobody has used.
_UNTOUCHED = {"installation": 1, "topics": 1, "journals": 1}

_OFF = """
    UPDATE installation SET sending_on = false, sending_off_reason = %s
"""
_BEGUN = """
    INSERT INTO restores (backup_id, made_at, begun_at) VALUES (%s, %s, now())
"""
# Whoever was shut out since the backup is let in by it again; so everybody logs in anew.
_LOG_OUT = "UPDATE staff SET fs_uniquifier = %s || id"

# Whatever was called off since was called off by nobody here; a person decides anew. Whoever was
# destroyed since is destroyed again by the journal's word.
_DECIDE_ANEW = (
    """
    UPDATE request_rights r SET state = 'open', ruling = NULL, ground = NULL, words = NULL,
        ruled_by = NULL, ruled_at = NULL
    FROM destructions d WHERE d.request_id = r.request_id AND d.state = 'decided'
        AND r.kind = 'destruction' AND r.state = 'decided'
    """,
    """
    UPDATE destructions SET state = 'called_off', called_off_at = now(), called_off_by = 'kelisim'
    WHERE state = 'decided'
    """,
    # What was being carried out at that moment came to its end since, and was certified.
    """
    UPDATE destructions d SET repeats = number
    WHERE state = 'carrying' AND NOT EXISTS (
        SELECT FROM certificates c WHERE c.destruction_id = d.id)
    """,
)
# A file that is taken once may have been taken since.
_NO_FILES = (
    "DELETE FROM bundle_pieces",
    "UPDATE bundles SET state = 'expired' WHERE state IN ('ready', 'released')",
)


@dataclass(frozen=True)
class Source:
    """A backup that was proved, with the key that opens it."""

    directory: Path
    manifest: Manifest
    key: DatedKey

    def key_of(self, file: str) -> bytes:
        """The key of one file of it."""
        return streams.derive(self.key.secret, self.manifest.id, file)


Journals = list[tuple[Journal, list[Line]]]


def load(settings: Settings, source: Source, journals: Journals, tell: Tell) -> UnderWay:
    """Load everything, or nothing. The campaigns that were under way.

    Raises Conflict where the database is not empty, NotReady for a newer backup, Damaged,
    ConfigurationError for keys that are not those of the backup, and JournalError where a journal
    lacks what the backup has recorded.
    """
    _demand_known_version(source.manifest)
    loading = engine(settings.database)
    try:
        with loading.begin() as bound:
            connection = _bare(bound)
            _make_empty(bound, connection)
            schema.raise_to(bound, source.manifest.schema)
            _fill(connection, source, tell)
            schema.raise_to(bound)
            _demand_keys(connection, settings)
            _demand_recorded(connection, journals)
            return _put_at_rest(connection, source.manifest)
    finally:
        loading.dispose()


def _bare(bound: Bound) -> Connection[Any]:
    """The driver's own connection, within the same transaction."""
    connection = bound.connection.driver_connection
    assert isinstance(connection, Connection)  # noqa: S101 - our engine speaks psycopg
    return connection


def _demand_known_version(manifest: Manifest) -> None:
    if manifest.schema > version.head():
        raise NotReady(
            f"This backup has the schema {manifest.schema}, this program knows {version.head()}: "
            "install the version that made it, or a newer one."
        )


def _make_empty(bound: Bound, connection: Connection[Any]) -> None:
    """Raises Conflict where anybody has put anything into the database."""
    found = catalogue.filled(connection)
    used = [name for name, rows in found.items() if rows > _UNTOUCHED.get(name, 0)]
    if used:
        raise Conflict(
            f"This database is not empty ({', '.join(sorted(used)[:5])}): a backup is restored "
            "into an empty one only. Create one and name it by KELISIM_DATABASE_URL, or, for the "
            "embedded one, name a new KELISIM_VAR."
        )
    if bound.execute(text("SELECT to_regclass('alembic_version')")).scalar() is not None:
        schema.lower_to(bound, "base")


def _fill(connection: Connection[Any], source: Source, tell: Tell) -> None:
    for order in catalogue.SPELLING:
        connection.execute(order.encode())
    keys = catalogue.foreign_keys(connection)
    ours = _ours(connection, source.manifest, tell)
    for key in keys:
        _alter(connection, key.table, "DROP CONSTRAINT {}", key.name)
    for name in catalogue.filled(connection):
        connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
    for number, kept in enumerate(ours, 1):
        _fill_table(connection, source, kept)
        tell(f"{number} of {len(ours)}: {kept.name}, {kept.rows:,} rows")
    for key in keys:
        # Made anew, each is checked over all rows at once.
        _alter(connection, key.table, f"ADD CONSTRAINT {{}} {key.definition}", key.name)
    connection.execute("ANALYZE")
    known = catalogue.sequences(connection)
    for name, (at, is_out) in source.manifest.sequences.items():
        if name not in known:
            continue
        connection.execute("SELECT setval(%s::regclass, %s, %s)", [name, at, is_out])


def _ours(connection: Connection[Any], manifest: Manifest, tell: Tell) -> list[Kept]:
    """The tables to fill. What somebody else has put beside ours is left out, and told.

    Raises NotReady where a table of ours is missing or has other columns: that backup comes from
    another program.
    """
    there = {name: sorted(columns) for name, columns in catalogue.tables(connection).items()}
    kept = {one.name: sorted(one.columns) for one in manifest.tables}
    if any(kept.get(name) != columns for name, columns in there.items()):
        raise NotReady(
            f"The tables of this backup are not those of schema {manifest.schema} as this program "
            "knows it: install the version that made it."
        )
    for name in sorted(set(kept) - set(there)):
        tell(f"{name} is no table of this product and is left out")
    return [one for one in manifest.tables if one.name in there]


def _fill_table(connection: Connection[Any], source: Source, kept: Kept) -> None:
    blocks = streams.read(source.directory / kept.file, source.key_of(kept.file), kept.sha256)
    with connection.cursor() as cursor:
        with cursor.copy(catalogue.copy_in(kept.name, kept.columns)) as copy:
            for block in blocks:
                copy.write(block)
        if cursor.rowcount != kept.rows:
            raise streams.Damaged(f"{kept.name} has {cursor.rowcount} rows, not {kept.rows}.")


def _alter(connection: Connection[Any], table: str, change: str, name: str) -> None:
    order = sql.SQL("ALTER TABLE {} ").format(sql.SQL(table)) + sql.SQL(change).format(
        sql.Identifier(name)
    )
    connection.execute(order)


def _demand_keys(connection: Connection[Any], settings: Settings) -> None:
    """Other keys would forget every "no", or read no name."""
    known = connection.execute("SELECT suppression_key_check FROM installation").fetchone()
    if known and known[0] not in (None, check_value(settings.suppression_key)):
        raise ConfigurationError(
            'KELISIM_SUPPRESSION_KEY is not the key of this backup: every "no" in it would be '
            "forgotten. Put back the one it was made with."
        )
    ring = {fingerprint(key).hex() for key in settings.data_key}
    used = {row[0] for row in connection.execute("SELECT fingerprint FROM data_key_checks")}
    if used - ring:
        raise ConfigurationError(
            f"KELISIM_DATA_KEY lacks a key that has sealed data of this backup "
            f"({', '.join(sorted(used - ring))}). Put it back on the ring."
        )


def _demand_recorded(connection: Connection[Any], journals: Journals) -> None:
    query = "SELECT sequence, hash FROM journal_entries WHERE journal_id = %s"
    for journal, lines in journals:
        recorded = dict(connection.execute(query, [journal.id]).fetchall())
        replay.demand_recorded(journal, recorded, lines)


def _put_at_rest(connection: Connection[Any], manifest: Manifest) -> UnderWay:
    connection.execute(_OFF, [restores.UNFINISHED])
    connection.execute(_BEGUN, [manifest.id, manifest.made_at])
    connection.execute(_LOG_OUT, [secrets.token_hex(16)])
    for change in (*_DECIDE_ANEW, *_NO_FILES):
        connection.execute(change)
    return recovery.put_at_rest(connection, manifest.made_at)


def move_on(connection: Connection[Any], numbers: Iterable[tuple[str, int]]) -> None:
    """Give out no number (sequence, number) again that was given out since the backup."""
    query = "SELECT setval(%s::regclass, greatest(%s, (SELECT last_value FROM {})))"
    for name, number in numbers:
        order = sql.SQL(query).format(sql.Identifier(name))
        connection.execute(order, [name, number])
