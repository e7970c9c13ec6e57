"""`kelisim request`: what is decided on a right, who asks, and the clock."""

from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from console import options
from console.commands.request_told import after
from console.frame import actor, verb
from console.output import Answer
from mailing.base.errors import Invalid
from mailing.base.languages import LANGUAGES
from mailing.base.settings import current
from mailing.requests import (
    extending,
    identifying,
    law,
    merging,
    pausing,
    registering,
    rights,
    rulings,
)
from mailing.requests.extending import Extension
from mailing.requests.identifying import Vouching
from mailing.requests.kinds import RIGHTS, Channel, Kind, PauseReason, Ruling
from mailing.requests.registering import Asking
from mailing.requests.requests import find, named
from mailing.requests.rulings import Ruled

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
RIGHT = click.Choice([one.value for one in RIGHTS])


@click.command()
@click.option("--right", "kinds", type=RIGHT, multiple=True, required=True, help="May repeat.")
@click.option("--email", default="", help="The person's address, where it is known.")
@click.option("--text", "file", type=FILE, help="What they wrote or said, UTF-8.")
@click.option("--came", callback=options.day, help="The day on which it came; today otherwise.")
@click.option("--told", "is_told", is_flag=True, help="By telephone or in person, not on paper.")
@click.option("--language", type=click.Choice(LANGUAGES), help="Of the answer.")
@verb
def register(
    kinds: tuple[str, ...], email: str, file: Path | None, came: date | None, is_told: bool,
    language: str | None,
) -> Answer:  # fmt: skip
    """Write down a request that came on paper or by telephone; its clock began when it came."""
    channel = Channel.STAFF if is_told else Channel.LETTER
    words = _words(file) if file else ""
    asking = Asking(tuple(map(Kind, kinds)), email, words, language)
    return after(registering.register(asking, channel, actor(), _noon(came)))


@click.command()
@click.argument("id")
@click.argument("right", type=RIGHT)
@click.argument("ruling", type=click.Choice([one.value for one in Ruling]))
@click.option("--ground", default="", help=f"One of: {', '.join(g.slug for g in law.grounds())}.")
@click.option("--text", "file", type=FILE, help="What the person reads about it, UTF-8.")
@verb
def rule(id: str, right: str, ruling: str, ground: str, file: Path | None) -> Answer:
    """Decide on one right of a request; what is granted is done at once, as far as it can be."""
    found = rights.named(named(id).id, Kind(right))
    rulings.rule(found.id, Ruled(Ruling(ruling), ground, _words(file) if file else ""), actor())
    return after(find(found.request_id))


@click.command()
@click.argument("id")
@click.option("--vouch", "how", help="Say how you made sure, in place of mailing a link.")
@verb
def identify(id: str, how: str | None) -> Answer:
    """Make sure that it is the person who asks: mail a link to the address on file."""
    found = named(id)
    if how is not None:
        return after(identifying.vouch(found.id, Vouching(how), actor()))
    identifying.ask(found.id, actor())
    return after(find(found.id))


@click.command()
@click.argument("id")
@click.option(
    "--for",
    "reason",
    type=click.Choice([one.value for one in PauseReason]),
    required=True,
    help="What is waited for.",
)
@verb
def pause(id: str, reason: str) -> Answer:
    """Stop the clock until the person answers; the outer limit does not move."""
    return after(pausing.pause(named(id).id, PauseReason(reason), actor()))


@click.command()
@click.argument("id")
@verb
def resume(id: str) -> Answer:
    """Let the clock go on, later by the working days that it stood."""
    return after(pausing.resume(named(id).id, actor()))


@click.command()
@click.argument("id")
@click.option("--until", callback=options.day, required=True, help="The new last day.")
@click.option("--text", "file", type=FILE, required=True, help="Why; the person reads it.")
@verb
def extend(id: str, until: date, file: Path) -> Answer:
    """Extend a request, once, and mail the person why and until when."""
    return after(extending.extend(named(id).id, Extension(until, _words(file)), actor()))


@click.command()
@click.argument("id")
@click.option("--into", required=True, help="The request that stays, of the same person.")
@verb
def merge(id: str, into: str) -> Answer:
    """Close a request as asked for already; what it asks for besides goes to the other."""
    return after(merging.merge(named(id).id, named(into).id, actor()))


ACTS = (register, rule, identify, pause, resume, extend, merge)


def _noon(day: date | None) -> datetime | None:
    return datetime.combine(day, time(12), ZoneInfo(current().time_zone)) if day else None


def _words(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(f"{file.name} is no UTF-8 text.", "text") from None
