"""`kelisim campaign`: one message to one topic, from draft to done."""

from pathlib import Path
from typing import Any, TypedDict, Unpack

import click

from console.counts import audience_text, people, status_text
from console.frame import actor, verb
from console.output import Answer, plain, table
from mailing.base.errors import Invalid
from mailing.base.languages import LANGUAGES
from mailing.campaigns import audience, campaigns
from mailing.campaigns.campaigns import Campaign
from mailing.campaigns.content import Content, Format
from mailing.deliveries import dispatch, drafts, readiness, status
from mailing.deliveries.dispatch import Counted
from mailing.deliveries.why import REASONS as HELD_FOR
from mailing.leaving import reasons
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
    rows = [(check.level, check.title, check.detail) for check in found.checks]
    verdict = "Ready to send." if found.is_ready else "Not ready."
    code = 0 if found.is_ready else NOT_READY
    document = {"id": id, "is_ready": found.is_ready, "checks": found.checks}
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
@click.option("--expect", type=int, help="Start only if exactly so many people will get it.")
@click.option("--now", is_flag=True, help="Without the holding window.")
@verb
def start(id: int, expect: int | None, now: bool) -> Answer:
    """Start a campaign; exit 3 not ready, 4 not approved, 5 another count or state."""
    return started(id, expect, now)


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


def started(id: int, expect: int | None, now: bool) -> Answer:
    """Start a campaign or a notice, and say what will happen."""
    begun = dispatch.start(id, actor(), expect, now)
    when = f"at {begun.release_at:%H:%M:%S} UTC" if begun.release_at else "now"
    return Answer(begun, f"Campaign {id} goes to {people(begun.will_receive)}, {when}.")


def _counted(counted: Counted) -> Answer:
    said = f"Campaign {counted.id} is {counted.state}."
    return Answer(counted, f"{said} Out: {counted.out}. Stopped: {counted.stopped}.")


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
