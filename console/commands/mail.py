"""`kelisim mail`: messages that came in another way than over the wire."""

from pathlib import Path
from typing import Any

import click

from console.frame import actor, leaf, verb
from console.output import Answer
from mailing.base.database import db
from mailing.base.errors import Invalid, KelisimError
from mailing.inbound import addresses, heading
from mailing.inbound.messages import LARGEST, Via
from mailing.inbound.reading import read
from mailing.requests import incoming
from mailing.staff import audit

DONE_IN_PART = 6
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def mail() -> None:
    """Messages that came in another way than over the wire."""


@mail.command()
@click.argument("files", nargs=-1, required=True, type=FILE)
@verb
def ingest(files: tuple[Path, ...]) -> Answer:
    """Take FILES in as if they had arrived; the same message again changes nothing.

    One that cannot be taken in has a row with the action "failed", and the others are taken.
    """
    told = [_tried(path) for path in files]
    failed = [one for one in told if isinstance(one, KelisimError)]
    if len(failed) == len(told):
        raise failed[0]
    return Answer(
        [_failed(one) if isinstance(one, KelisimError) else one for one in told],
        exit_code=DONE_IN_PART if failed else 0,
    )


@mail.command()
@click.argument("files", nargs=-1, required=True, type=FILE)
@leaf
def classify(files: tuple[Path, ...]) -> Answer:
    """Say what FILES are by the built-in marks; nothing is stored, and no database is asked."""
    return Answer([_told(path) for path in files])


def _told(path: Path) -> dict[str, Any]:
    raw = _read(path)
    stated = heading.of(raw)
    # A mailbox that collects several addresses is noted under its own name alone.
    found = read(raw, [*stated.recipients, *stated.written])
    return {
        "message_id": found.message_id,
        "kind": found.kind,
        "recipients": found.recipients,
        "reason": found.reason,
    }


def _tried(path: Path) -> dict[str, Any] | KelisimError:
    try:
        return _taken(path)
    except KelisimError as error:
        db.session.rollback()
        return error


def _failed(error: KelisimError) -> dict[str, Any]:
    nothing = dict.fromkeys(("message_id", "kind", "subscriber", "request_id"))
    return nothing | {"action": "failed", "reason": error.message}


def _taken(path: Path) -> dict[str, Any]:
    raw = _read(path)
    read_header = heading.of(raw)
    taken = incoming.take(raw, addresses.in_header(raw), Via.FILE)
    audit.record(actor(), "mail ingested", "one message", kind=taken.kind, done=taken.action)
    return {
        "message_id": read_header.message_id,
        "kind": taken.kind,
        "action": taken.action,
        "subscriber": taken.subscriber,
        "reason": taken.reason or None,
        "request_id": taken.request_id,
    }


def _read(path: Path) -> bytes:
    if path.stat().st_size > LARGEST:
        raise Invalid(f"{path.name} is larger than {LARGEST // 2**20} MiB.")
    return path.read_bytes()
