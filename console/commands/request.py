"""`kelisim request`: what people ask of the officer, and the answers to it."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from console import destroying_view
from console.commands import request_acts
from console.commands.request_told import after, summary, whole
from console.frame import actor, verb
from console.options import span
from console.output import Answer, demand_new, fitted, plain, readable, talk, write_octets
from mailing.base.errors import Invalid, Missing
from mailing.base.languages import LANGUAGES
from mailing.base.settings import current
from mailing.people.profile import Reason
from mailing.requests import (
    acting,
    answering,
    deciding,
    granting,
    original,
    queue,
    wordings,
)
from mailing.requests.acting import Closing
from mailing.requests.answering import Draft
from mailing.requests.bundles import making, releasing
from mailing.requests.bundles import state as bundles
from mailing.requests.kinds import Kind, Resolution
from mailing.requests.requests import named
from mailing.staff import staff

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
OUT = click.Path(dir_okay=False, path_type=Path)
TOLD = ("number", "kind", "state", "group", "days_left")
HEADS = (*TOLD, "due", "assignee")


@click.group()
def request() -> None:
    """What people ask of the officer, and the answers to it."""


for _act in request_acts.ACTS:
    request.add_command(_act)


@request.command("list")
@click.option("--due", callback=span, help="Only what is due within 3d, 12h or 2w from now.")
@click.option("--all", "is_all", is_flag=True, help="Also what came by the form, unconfirmed.")
@verb
def list_(due: timedelta | None, is_all: bool) -> Answer:
    """List what is not finished, the earliest due first."""
    shown = [summary(line) for line in queue.due_within(due, is_all)]
    if not shown:
        return Answer([], "No request waits.")
    return Answer(shown, fitted([_row(row) for row in shown], HEADS))


@request.command()
@click.argument("id")
@click.option("--original", "is_read", is_flag=True, help="With the message itself; it is logged.")
@verb
def show(id: str, is_read: bool) -> Answer:
    """Show one request by its number (2026-0042) or id: facts, what was sent, what happened."""
    found = named(id)
    read = {"original": plain(original.read(found.id, actor()))} if is_read else {}
    document = {**whole(found), **read}
    return Answer(document, readable(plain(document)))


@request.command()
@click.argument("id")
@click.option("--to", "email", help="The address of whoever takes it; without, nobody has it.")
@verb
def assign(id: str, email: str | None) -> Answer:
    """Give a request to somebody of the staff, or take it back."""
    person = staff.find(email) if email else None
    return after(acting.assign(named(id).id, person.id if person else None, actor()))


@request.command()
@click.argument("id")
@click.argument("kind", type=click.Choice([one.value for one in Kind if one != Kind.UNCLEAR]))
@verb
def decide(id: str, kind: str) -> Answer:
    """Say what a request is; a withdrawal stops every mailing to its author at once."""
    return after(deciding.decide(named(id).id, Kind(kind), actor()))


@request.command()
@click.argument("id")
@click.option("--template", type=click.Choice(wordings.slugs()), help="What the answer says.")
@click.option("--text", "file", type=FILE, help="Your words, UTF-8: with or without a template.")
@click.option("--language", type=click.Choice(LANGUAGES), help="Unless it is the request's own.")
@click.option("--dry-run", is_flag=True, help="Show the answer, and send nothing.")
@verb
def answer(
    id: str, template: str | None, file: Path | None, language: str | None, dry_run: bool
) -> Answer:
    """Answer a request by mail, from a template."""
    draft = _draft(template, file, language)
    found = named(id)
    said = answering.preview(found, draft)
    told = {"number": found.number, "language": said.language, "subject": said.subject}
    if dry_run:
        return Answer({**told, "text": said.text}, f"{said.subject}\n\n{said.text}")
    delivery = answering.answer(found.id, draft, actor())
    document = {**told, "delivery": delivery, "state": found.state}
    return Answer(document, f"The answer to {found.number} is on its way.")


@request.command()
@click.argument("id")
@click.option("--out", type=OUT, required=True, help="The ZIP to write; it must be a new file.")
@click.option(
    "--reason",
    type=click.Choice([one.value for one in Reason]),
    default=Reason.REQUEST.value,
    show_default=True,
    help="Why it is exported; it is logged.",
)
@verb
def export(id: str, out: Path, reason: str) -> Answer:
    """Write everything that is held about whoever asks into one ZIP; nothing is sent."""
    found = named(id)
    demand_new(out)
    packed = making.export(found, actor(), reason, _progress)
    write_octets(out, packed.octets)
    told: dict[str, Any] = {
        "request": found.number,
        "subscriber": found.subscriber_id,
        "file": out,
        "size": len(packed.octets),
        "sha256": packed.sha256,
        "files": packed.files,
    }
    said = f"{out}: {len(packed.files)} files, SHA-256 {packed.sha256}. That it was made is logged."
    return Answer(told, said)


@request.command()
@click.argument("id")
@click.option("--release", "is_released", is_flag=True, help="Mail the link of the finished one.")
@verb
def bundle(id: str, is_released: bool) -> Answer:
    """Have a worker make the same as a bundle, or, once it is ready, mail the link to it."""
    found = named(id)
    newest = next(iter(bundles.of_request(found.id)), None)
    if is_released:
        if newest is None:
            raise Missing(f"No bundle was made for request {found.number}.")
        newest = releasing.release(newest.id, actor())
    elif newest is None or newest.state not in bundles.HELD:
        newest = making.order(found, actor())
    told = {"request": found.number, "bundle": newest.id, "state": newest.state}
    told |= {"done": newest.done, "steps": newest.steps, "expires_at": newest.expires_at}
    return Answer(told, f"{found.number}: the bundle is {newest.state}.")


@request.command()
@click.argument("id")
@click.option("--reason", required=True, help="Why it is closed; it is kept.")
@click.option(
    "--as",
    "resolution",
    type=click.Choice([one.value for one in Resolution]),
    default=Resolution.DONE.value,
    show_default=True,
    help="How it ended.",
)
@verb
def close(id: str, reason: str, resolution: str) -> Answer:
    """Close a request with a reason."""
    closing = Closing(Resolution(resolution), reason)
    return after(acting.close(named(id).id, closing, actor()))


@request.command()
@click.argument("id")
@click.option("--reason", help="Do not let the decision cool off: why. Stands in the certificate.")
@verb
def approve(id: str, reason: str | None) -> Answer:
    """Say yes to the destruction that a request asks for: the first yes decides it, and where two
    people may decide, a second person's approves it."""
    found = named(id)
    granted = granting.approve(found.id, actor())
    if reason:
        granting.expedite(found.id, reason, actor())
    document = {"number": found.number, **destroying_view.decision(granted)}
    return Answer(document, f"{found.number}: {document['sentence']}")


@request.command("call-off")
@click.argument("id")
@verb
def call_off(id: str) -> Answer:
    """Take back the decision to destroy, while nothing has gone."""
    found = named(id)
    called_off = granting.call_off(found.id, actor())
    document = {"number": found.number, **destroying_view.decision(called_off)}
    return Answer(document, f"{found.number}: the decision is called off.")


@request.command("take-up")
@click.argument("id")
@verb
def take_up(id: str) -> Answer:
    """Open a request again; its due date stays what it was."""
    return after(acting.take_up(named(id).id, actor()))


def _progress(done: int, steps: int) -> None:
    if done % 10 == 0 or done == steps - 1:
        talk(f"{done} of {steps} parts read")


def _row(told: dict[str, Any]) -> list[Any]:
    """What fits beside one another: the day and hour that it is due where the operator is."""
    due = told["due_at"].astimezone(ZoneInfo(current().time_zone))
    return [*(told[name] for name in TOLD), f"{due:%Y-%m-%d %H:%M%z}"[:-2], told["assignee"]]


def _draft(template: str | None, file: Path | None, language: str | None) -> Draft:
    if template is None and file is None:
        raise click.UsageError("Say --template, --text or both.")
    return Draft(template or wordings.ANSWERED, _words(file) if file else "", language)


def _words(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(f"{file.name} is not UTF-8 text.", field="text") from None
