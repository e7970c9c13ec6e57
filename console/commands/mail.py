"""`kelisim mail`: messages that came in another way than over the wire."""

from email import message_from_bytes
from email.message import Message
from email.utils import getaddresses
from pathlib import Path
from typing import Any

import click

from console.frame import actor, verb
from console.output import Answer
from mailing.base.errors import Invalid
from mailing.base.settings import current
from mailing.base.tokens import MailtoLeave, link_keys
from mailing.inbound import intake
from mailing.staff import audit

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

# Where a mail system writes down whom it delivered to, before what the sender wrote (RFC 5321
# 4.4 leaves that to the system; these are the usual names).
DELIVERED_TO = ("Delivered-To", "X-Original-To", "Envelope-To")
WRITTEN_TO = ("To", "Cc")
FOR_A_PERSON = "this version acts on unsubscribe addresses alone; a person reads the rest"


@click.group()
def mail() -> None:
    """Messages that came in another way than over the wire."""


@mail.command()
@click.argument("files", nargs=-1, required=True, type=FILE)
@verb
def ingest(files: tuple[Path, ...]) -> Answer:
    """Take FILES in as if they had arrived; the same message again changes nothing."""
    return Answer([_taken(path) for path in files])


def _taken(path: Path) -> dict[str, Any]:
    raw = _read(path)
    message = message_from_bytes(raw)
    recipients = _recipients(message)
    taken = intake.take(raw, recipients)
    audit.record(actor(), "mail ingested", "one message", kind=taken.kind, done=taken.action)
    return {
        "message_id": _message_id(message),
        "kind": taken.kind,
        "action": taken.action,
        "subscriber": _subscriber(recipients),
        "reason": None if taken.kind == "unsubscribe" else FOR_A_PERSON,
        "request_id": None,
    }


def _read(path: Path) -> bytes:
    if path.stat().st_size > intake.LARGEST:
        raise Invalid(f"{path.name} is larger than {intake.LARGEST // 2**20} MiB.")
    return path.read_bytes()


def _recipients(message: Message) -> list[str]:
    """The envelope's recipients as the mail system noted them, else those of the header."""
    for names in (DELIVERED_TO, WRITTEN_TO):
        values = [str(value) for name in names for value in message.get_all(name, [])]
        found = [address for _, address in getaddresses(values) if address]
        if found:
            return found
    return []


def _message_id(message: Message) -> str | None:
    return str(message["Message-ID"]).strip(" <>") if message["Message-ID"] else None


def _subscriber(recipients: list[str]) -> str | None:
    """Whom an unsubscribe address means; None where there is none among the recipients."""
    keys = link_keys(current().secret_keys)
    read = (MailtoLeave.read(keys, address.rpartition("@")[0]) for address in recipients)
    return next((str(meant.subscriber) for meant in read if meant), None)
