"""`kelisim backup` and `kelisim restore`: all data of one moment, and back without forgetting."""

from pathlib import Path
from typing import Any

import click

from console.frame import actor, application, domain, leaf, serving
from console.output import Answer, talk
from mailing.backups import backup as making
from mailing.backups import restoring
from mailing.backups.backup import Made
from mailing.backups.restoring import Order
from mailing.base.database import db
from mailing.bootstrap import guard
from mailing.leaving import marks
from mailing.staff import audit

_PLACE = click.Path(path_type=Path)


@click.command()
@click.argument("directory", metavar="DIR", type=_PLACE)
@leaf
def backup(directory: Path) -> Answer:
    """Back everything up into DIR, which is new or empty, sealed under today's key.

    The key lies outside, in KELISIM_BACKUP_KEYS: keep a copy of it away from this machine, and
    never beside the backup.
    """
    with application() as settings:
        # A restore asks for the journals that the backup knows of: it must know of one.
        marks.begin()
        db.session.commit()
        made = making.make(settings, directory, talk)
        audit.record(actor(), "backup made", "installation", backup=made.manifest.id)
        db.session.commit()
    return Answer(_document(made), _sentence(made))


@click.command()
@click.argument("directory", metavar="DIR", type=_PLACE)
@click.option(
    "--journal",
    "journals",
    metavar="DIR",
    multiple=True,
    type=_PLACE,
    required=True,
    help="The directory of the withdrawal journal; may repeat.",
)
@click.option(
    "--sending",
    metavar="DIR",
    multiple=True,
    type=_PLACE,
    help="A directory of send journals, in place of KELISIM_VAR/sending; may repeat.",
)
@click.option(
    "--key",
    "keys",
    metavar="PATH",
    multiple=True,
    type=_PLACE,
    help="The backup's key, or a directory of keys; may repeat.",
)
@click.option(
    "--trust-end", is_flag=True, help="Take a journal for complete whose file `end` is lost."
)
@leaf
def restore(
    directory: Path,
    journals: tuple[Path, ...],
    sending: tuple[Path, ...],
    keys: tuple[Path, ...],
    trust_end: bool,
) -> Answer:
    """Restore the backup in DIR into an empty database, and replay what has happened since.

    Who has left since is kept out, what was sent since is not sent again, campaigns come back
    paused. Sending stays off until `kelisim sending on`.
    """
    order = Order(directory, journals, sending, keys, trust_end)
    with serving() as settings, domain(settings):
        loaded = restoring.load(settings, order, talk)
        guard()
        told = restoring.catch_up_with(settings, loaded, actor(), talk)
    for warning in told["warnings"]:
        talk(warning)
    return Answer(told, _restored(told))


def _document(made: Made) -> dict[str, Any]:
    found = made.manifest
    return {
        "id": found.id,
        "directory": made.directory.resolve(),
        "made_at": found.made_at,
        "schema": found.schema,
        "tables": {kept.name: kept.rows for kept in found.tables},
        "rows": found.rows,
        "octets": found.octets,
        "key": {**found.key, "file": made.key.path.resolve()},
    }


def _sentence(made: Made) -> str:
    found = made.manifest
    return (
        f"{found.rows:,} rows of {found.made_at} are in {made.directory} ({found.octets:,} octets)."
        f"\nThe key is {made.key.path}, until {found.key['expires_on']}: keep a copy of it away"
        " from this machine, and never beside the backup."
    )


def _restored(told: dict[str, Any]) -> str:
    campaigns = told["campaigns"]
    paused = ", ".join(map(str, campaigns["paused"])) or "none"
    return (
        f"Restored: {told['rows']:,} rows of {told['backup']['made_at']}.\n"
        f"Replayed: {told['replayed']['lines']:,} lines of the withdrawal journal.\n"
        f"Sent since: {told['sent']['messages']:,} messages, which are not sent again.\n"
        f"Paused campaigns: {paused}.\n{told['reason']}"
    )
