"""`kelisim campaign`: drafting one, and everything that is asked about a draft."""

from pathlib import Path
from typing import TypedDict, Unpack

import click

from console.frame import actor, verb
from console.output import Answer, table
from mailing.base import clock
from mailing.base.errors import Invalid
from mailing.base.languages import LANGUAGES
from mailing.campaigns import approvals, campaigns, segments
from mailing.campaigns.content import Content, Format
from mailing.deliveries import drafts, readiness, spam_checks
from mailing.deliveries import links as lookups
from mailing.deliveries.checks import Check

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NOT_READY = 3


class Told(TypedDict):
    """What the options of `campaign create` say about the message."""

    subject: str
    format: Format
    language: str
    preheader: str


@click.command()
@click.option("--topic", required=True, help="The slug of the topic.")
@click.option("--subject", required=True)
@click.option("--body", type=FILE, required=True, help="A file, UTF-8.")
@click.option("--format", type=click.Choice(("markdown", "html", "mjml")), default="markdown")
@click.option("--language", type=click.Choice(LANGUAGES), default="kk", show_default=True)
@click.option("--preheader", default="", help="The line that inboxes show beside the subject.")
@verb
def create(topic: str, body: Path, **told: Unpack[Told]) -> Answer:
    """Draft a campaign."""
    made = drafts.create(topic, Content(body=_text(body), **told), actor())
    return Answer({"id": made.id}, f"Campaign {made.id} is drafted.")


@click.command()
@click.argument("id", type=int)
@verb
def check(id: int) -> Answer:
    """Say whether a campaign is ready to send; exit 3 when something blocks."""
    found = readiness.check(campaigns.find(id))
    rows = [(check.level, check.title, _in_full(check)) for check in found.checks]
    verdict = "Ready to send." if found.is_ready else "Not ready."
    code = 0 if found.is_ready else NOT_READY
    document = {
        "id": id,
        "is_ready": found.is_ready,
        "checked_at": clock.now(),
        "content_hash": approvals.bound_to(campaigns.find(id)),
        "checks": found.checks,
    }
    return Answer(document, f"{table(rows)}\n{verdict}", code)


@click.command()
@click.argument("id", type=int)
@verb
def links(id: int) -> Answer:
    """Have a worker look the campaign's links up; `campaign check` says what it found."""
    asked = lookups.ask(campaigns.find(id), actor())
    return Answer({"id": id, "asked": asked}, f"{asked} links are looked up.")


@click.command()
@click.argument("id", type=int)
@verb
def spam(id: int) -> Answer:
    """Have a worker show the campaign to the spam filter; `campaign check` says what it made of it
    within a day."""
    asked = spam_checks.ask(campaigns.find(id), actor())
    return Answer({"id": id, "asked": asked}, f"{asked} languages are judged.")


@click.command()
@click.argument("id", type=int)
@click.option("--segment", type=int, help="The number of a segment; none: the whole topic.")
@verb
def narrow(id: int, segment: int | None) -> Answer:
    """Let a draft go to a segment of its topic, or again to all of it."""
    campaigns.narrow(id, segments.find(segment) if segment else None, actor())
    return Answer({"id": id, "segment": segment}, f"Campaign {id} goes to {_whom(segment)}.")


def _in_full(check: Check) -> str:
    return "; ".join([check.detail, *(f"{one.figure} {one.words}" for one in check.quoted)])


def _whom(segment: int | None) -> str:
    return f"segment {segment} of its topic" if segment else "its whole topic"


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(f"{path.name} is not UTF-8; save it as UTF-8.", field="body") from None
