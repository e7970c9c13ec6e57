"""A restore: the rows of a backup, and everything since that must not be forgotten.

First everything is proved: the manifest, the key, the journals. Then the rows are loaded in one
transaction that leaves sending off. Then the send journals say what has gone out since, and the
withdrawal journals who has left. An opt-in since the backup is lost, and is not guessed.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg import Connection

from mailing.backups import journals, keys, loading, manifest, restores
from mailing.backups.backup import Tell
from mailing.backups.journals import Gathered
from mailing.backups.loading import Source
from mailing.base import installation
from mailing.base.database import db
from mailing.base.settings import Settings
from mailing.deliveries import recovery, sends
from mailing.deliveries.recovery import Seen, UnderWay
from mailing.leaving import marks
from mailing.leaving.catching_up import catch_up
from mailing.leaving.journal import Journal, Line
from mailing.people import lost
from mailing.staff import audit
from mailing.staff.audit import Actor

# A message may have been under way for long when the snapshot was taken, and clocks differ.
_BEFORE = timedelta(days=2)
_TELL_EVERY = 10_000


@dataclass(frozen=True)
class Order:
    """What to restore from what. `keys` and `sending` are looked at beside the settings' own."""

    directory: Path
    journals: tuple[Path, ...]
    sending: tuple[Path, ...] = ()
    keys: tuple[Path, ...] = ()
    trust_end: bool = False


@dataclass(frozen=True)
class Loaded:
    """The rows are there, and nothing else yet."""

    order: Order
    source: Source
    journals: Gathered
    under_way: UnderWay


@dataclass
class Told:
    """What a restore answers."""

    replayed: Counter[str] = field(default_factory=Counter)
    seen: Seen = field(default_factory=Seen)
    doubted: int = 0
    warnings: list[str] = field(default_factory=list)


def load(settings: Settings, order: Order, tell: Tell) -> Loaded:
    """Prove everything, and load the rows. Where anything is wrong the database stays empty."""
    found, proof = manifest.read(order.directory)
    key = keys.find(found.key["id"], [*order.keys, settings.key_dir])
    manifest.demand_proof(order.directory, found, proof, key)
    given = [*order.journals, *journals.own(settings.journal, found)]
    gathered = journals.gather(found, given, order.trust_end)
    journals.demand_place(settings.journal, gathered)
    source = Source(order.directory, found, key)
    tell(f"the backup of {found.made_at}: {found.rows:,} rows in {len(found.tables)} tables")
    return Loaded(order, source, gathered, loading.load(settings, source, gathered, tell))


def catch_up_with(settings: Settings, loaded: Loaded, actor: Actor, tell: Tell) -> dict[str, Any]:
    """Bring a loaded database up to what has happened since; what was done. Commits.

    Sending stays off until a person switches it on.
    """
    told = Told()
    _write_down_sends(settings, loaded, told)
    tell(f"sent since the backup: {_counted(told.seen.endings)}")
    _replay(loaded.journals, told, tell)
    for campaign_id in loaded.under_way.scheduled:
        recovery.freeze(campaign_id)
    journals.put_in_place(settings.journal, loaded.journals)
    return _finish(loaded, told, actor)


def _write_down_sends(settings: Settings, loaded: Loaded, told: Told) -> None:
    directories = list(loaded.order.sending) or [settings.var / "sending"]
    files = [path for place in directories for path in sorted(place.glob(f"*{sends.ENDING}"))]
    since = datetime.fromisoformat(loaded.source.manifest.made_at) - _BEFORE
    connection = _bare()
    told.seen = recovery.write_down(connection, files, since)
    lost.note(told.seen.lost)
    loading.move_on(connection, [("campaigns_id_seq", told.seen.highest_campaign)])
    absent = list(_absent(directories, files, loaded.under_way))
    told.warnings += absent
    if absent:
        told.doubted = recovery.doubt(connection, loaded.under_way.sending)
    db.session.commit()


def _absent(directories: list[Path], files: list[Path], under_way: UnderWay) -> Iterator[str]:
    """What is missing of the send journals, a sentence each."""
    hosts, here = set(_hosts(directories)), {path.stem for path in files}
    for host, processes in under_way.hosts.items():
        gone = [one for one in processes if str(one) not in here]
        if host not in hosts:
            yield f"The send journals of host {host} are missing."
        elif gone:
            yield f"The send journal of process {gone[0]} of host {host} is missing."


def _hosts(directories: Iterable[Path]) -> Iterator[UUID]:
    for place in directories:
        try:
            yield UUID((place / "host").read_text().strip())
        except (OSError, ValueError):
            continue


def _replay(gathered: Gathered, told: Told, tell: Tell) -> None:
    since = [(journal, lines, _missing(journal, lines)) for journal, lines in gathered]
    for _, _, missing in since:
        # Of all journals first: another one may say that somebody of them was destroyed.
        lost.note_unknown({UUID(one.note.subscriber): one.note.digest for one in missing})
    for journal, lines, missing in since:
        done = 0
        for applied in catch_up(journal.id, missing):
            told.replayed += applied
            before, done = done, done + applied.total()
            if done // _TELL_EVERY > before // _TELL_EVERY:
                tell(f"{done:,} of {len(missing):,} lines of the journal are applied")
        tell(f"{len(missing):,} lines of {journal.path.parent} are applied: {len(lines):,} in all")


def _missing(journal: Journal, lines: list[Line]) -> list[Line]:
    """The lines that the database has not applied."""
    known = marks.applied(journal.id)
    return [line for line in lines if line.sequence not in known]


def _finish(loaded: Loaded, told: Told, actor: Actor) -> dict[str, Any]:
    made_at = loaded.source.manifest.made_at
    reason = (
        f"This database was restored from the backup of {made_at}. Look at what came back, "
        "campaigns and logins above all; then say: kelisim sending on."
    )
    installation.switch_sending(False, reason)
    document = _document(loaded, told, reason)
    restores.finish(document)
    audit.record(actor, "database restored", "installation", backup=loaded.source.manifest.id)
    db.session.commit()
    return document


def _document(loaded: Loaded, told: Told, reason: str) -> dict[str, Any]:
    found, seen, under_way = loaded.source.manifest, told.seen, loaded.under_way
    warnings = [
        *told.warnings,
        *(f"Campaign {one} began after the backup and is stopped." for one in seen.begun_since),
    ]
    if told.doubted:
        warnings.append(
            f"{told.doubted} messages of running campaigns may have been sent: they are uncertain, "
            "and only a person sends them again."
        )
    return {
        "backup": {"id": found.id, "made_at": found.made_at, "schema": found.schema},
        "tables": len(found.tables),
        "rows": found.rows,
        "replayed": dict(sorted(told.replayed.items())) | {"lines": told.replayed.total()},
        "journals": [
            {"id": str(journal.id), "directory": str(journal.path.parent), "lines": len(lines)}
            for journal, lines in loaded.journals
        ],
        "sent": dict(sorted(seen.endings.items()))
        | {
            "messages": seen.endings.total(),
            "doubted": told.doubted,
            "unknown_people": len(seen.lost),
        },
        "campaigns": {
            "paused": sorted([*under_way.sending, *under_way.scheduled]),
            "stopped": sorted(seen.begun_since),
        },
        "sending": False,
        "reason": reason,
        "warnings": warnings,
    }


def _counted(numbers: Counter[str]) -> str:
    told = ", ".join(f"{number:,} {name}" for name, number in sorted(numbers.items()))
    return told or "nothing"


def _bare() -> Connection[Any]:
    """The session's own connection as the driver knows it."""
    connection = db.session.connection().connection.driver_connection
    assert isinstance(connection, Connection)  # noqa: S101 - our engine speaks psycopg
    return connection
