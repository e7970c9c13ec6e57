"""`kelisim campaign`: one message to one topic, from draft to done."""

from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, TypedDict, Unpack

import click

from console.counts import audience_text, people, status_text
from console.frame import actor, verb
from console.options import moment
from console.output import Answer, plain, table, write_new
from mailing.base import clock
from mailing.base.errors import Invalid
from mailing.base.languages import LANGUAGES
from mailing.base.sheets import sheet
from mailing.campaigns import approvals, audience, campaigns, segments
from mailing.campaigns.campaigns import Campaign
from mailing.campaigns.content import Content, Format
from mailing.deliveries import dispatch, drafts, lines, readiness, spam_checks, status
from mailing.deliveries import links as lookups
from mailing.deliveries.checks import Check
from mailing.deliveries.dispatch import Counted
from mailing.deliveries.why import REASONS as HELD_FOR
from mailing.leaving import reasons
from mailing.people.profile import Reason as Why
from mailing.staff import audit

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NOT_READY = 3


class Told(TypedDict):
    """What the options of `campaign create` say about the message."""

    subject: str
    format: Format
    language: str
    preheader: str


@click.group()
def campaign() -> None:
    """One message to one topic, from draft to done."""


@campaign.command()
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


@campaign.command("list")
@verb
def list_() -> Answer:
    """List the campaigns and notices, newest first."""
    shown = [_shown(one) for one in campaigns.by_state()]
    if not shown:
        return Answer([], "There is no campaign yet.")
    return Answer(shown, table([list(row.values()) for row in shown], list(shown[0])))


@campaign.command()
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


@campaign.command("audience")
@click.argument("id", type=int)
@click.option(
    "--why",
    "reason",
    type=click.Choice(["will_receive", *HELD_FOR]),
    metavar="REASON",
    help="List the people of one line, will_receive or a reason.",
)
@verb
def audience_(id: int, reason: str | None) -> Answer:
    """Count who will get a campaign, and who will not for which reason."""
    found = campaigns.find(id)
    if reason is None:
        counted = plain(audience.count(found))
        return Answer(counted, audience_text(counted))
    listed = [{"email": email, "reason": why} for email, why in audience.people(found, reason)]
    audit.record(actor(), "people listed", f"campaign {id}", reason=reason, people=len(listed))
    return Answer({"reason": reason, "people": listed})


@campaign.command("reasons")
@click.argument("id", type=int)
@verb
def reasons_(id: int) -> Answer:
    """Say why people left by a campaign's mail, without saying who."""
    told = reasons.about(campaigns.find(id).id)
    document = {"id": id, "answers": told.answers, "reasons": told.reasons, "words": told.words}
    lines = [table([(name, str(number)) for name, number in told.reasons.items()]), *told.words]
    return Answer(document, "\n".join(lines))


@campaign.command()
@click.argument("id", type=int)
@verb
def links(id: int) -> Answer:
    """Have a worker look the campaign's links up; `campaign check` says what it found."""
    asked = lookups.ask(campaigns.find(id), actor())
    return Answer({"id": id, "asked": asked}, f"{asked} links are looked up.")


@campaign.command()
@click.argument("id", type=int)
@verb
def spam(id: int) -> Answer:
    """Have a worker show the campaign to the spam filter; `campaign check` says what it made of it
    within a day."""
    asked = spam_checks.ask(campaigns.find(id), actor())
    return Answer({"id": id, "asked": asked}, f"{asked} languages are judged.")


@campaign.command()
@click.argument("id", type=int)
@click.option("--segment", type=int, help="The number of a segment; none: the whole topic.")
@verb
def narrow(id: int, segment: int | None) -> Answer:
    """Let a draft go to a segment of its topic, or again to all of it."""
    campaigns.narrow(id, segments.find(segment) if segment else None, actor())
    return Answer({"id": id, "segment": segment}, f"Campaign {id} goes to {_whom(segment)}.")


@campaign.command()
@click.argument("id", type=int)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@click.option("--reason", type=click.Choice([one.value for one in Why]), required=True)
@verb
def ledger(id: int, out: Path, reason: str) -> Answer:
    """Write everybody considered into a new CSV file, each in exactly one line."""
    rows = [one.cells for one in lines.of(campaigns.find(id))]
    told = {"why": reason, "rows": len(rows), "fields": list(lines.HEADS)}
    audit.record(actor(), "ledger exported", f"campaign {id}", **told)
    write_new(out, sheet(lines.HEADS, rows))
    return Answer({"id": id, "rows": len(rows), "file": str(out)}, f"{len(rows)} lines in {out}.")


@campaign.command()
@click.argument("id", type=int)
@click.option("--expect", type=int, help="Start only if exactly so many people will get it.")
@click.option("--now", is_flag=True, help="Without the holding window.")
@click.option("--at", callback=moment, help="When it leaves, as 2026-11-27T09:00+05:00.")
@verb
def start(id: int, expect: int | None, now: bool, at: datetime | None) -> Answer:
    """Start a campaign; exit 3 not ready, 4 not approved, 5 another count or state."""
    return started(id, expect, Leaves(now, at))


@campaign.command()
@click.argument("id", type=int)
@verb
def pause(id: int) -> Answer:
    """Pause: what is being handed over finishes, the rest waits."""
    return _counted(dispatch.pause(id, actor()))


@campaign.command()
@click.argument("id", type=int)
@verb
def resume(id: int) -> Answer:
    """Go on with a paused campaign."""
    return _counted(dispatch.resume(id, actor()))


@campaign.command()
@click.argument("id", type=int)
@verb
def stop(id: int) -> Answer:
    """Stop for good: who has not got it by now does not get it."""
    return _counted(dispatch.stop(id, actor()))


@campaign.command("status")
@click.argument("id", type=int)
@verb
def status_(id: int) -> Answer:
    """Say how far a campaign is; the outcomes add up to the audience."""
    found = plain(status.status(id))
    return Answer(found, status_text(found))


@campaign.command()
@click.argument("id", type=int)
@verb
def uncertain(id: int) -> Answer:
    """List the people whose message was handed over and never answered for."""
    found = status.uncertain(id)
    audit.record(actor(), "people listed", f"campaign {id}", reason="uncertain", people=len(found))
    return Answer({"people": found})


@campaign.command()
@click.argument("id", type=int)
@click.option("--uncertain", "is_meant", is_flag=True, required=True, help="Only these.")
@verb
def resend(id: int, is_meant: bool) -> Answer:
    """Send again to the uncertain; somebody may get it twice, so a person decides."""
    if not is_meant:
        raise Invalid("Say --uncertain: nothing else can be sent again.")
    again = status.resend_uncertain(id, actor())
    return Answer({"id": id, "resent": again}, f"{again} sent again.")


class Leaves(NamedTuple):
    """When a campaign leaves: now, or at a moment; neither: after the holding window."""

    now: bool = False
    at: datetime | None = None


def started(id: int, expect: int | None, leaves: Leaves) -> Answer:
    """Start a campaign or a notice, and say what will happen."""
    if leaves.now and leaves.at:
        raise Invalid("Say --now or --at, not both.", field="at")
    begun = dispatch.start(id, actor(), expect, leaves.now, leaves.at)
    when = f"at {begun.release_at:%Y-%m-%d %H:%M:%S} UTC" if begun.release_at else "now"
    return Answer(begun, f"Campaign {id} goes to {people(begun.will_receive)}, {when}.")


def _counted(counted: Counted) -> Answer:
    said = f"Campaign {counted.id} is {counted.state}."
    return Answer(counted, f"{said} Out: {counted.out}. Stopped: {counted.stopped}.")


def _in_full(check: Check) -> str:
    return "; ".join([check.detail, *(f"{one.figure} {one.words}" for one in check.quoted)])


def _whom(segment: int | None) -> str:
    return f"segment {segment} of its topic" if segment else "its whole topic"


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(f"{path.name} is not UTF-8; save it as UTF-8.", field="body") from None


def _shown(campaign: Campaign) -> dict[str, Any]:
    return {
        "id": campaign.id,
        "kind": campaign.kind,
        "state": campaign.state,
        "audience": campaign.audience,
        "created_at": campaign.created_at,
        "started_at": campaign.started_at,
        "finished_at": campaign.finished_at,
    }
