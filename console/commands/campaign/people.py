"""`kelisim campaign`: who gets it, who does not, and why."""

from pathlib import Path

import click

from console.counts import audience_text
from console.frame import actor, verb
from console.output import Answer, plain, table, write_new
from mailing.base.sheets import sheet
from mailing.campaigns import audience, campaigns
from mailing.deliveries import lines, status
from mailing.deliveries.why import REASONS as HELD_FOR
from mailing.leaving import reasons
from mailing.people.profile import Reason as Why
from mailing.staff import audit


@click.command("audience")
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


@click.command("reasons")
@click.argument("id", type=int)
@verb
def reasons_(id: int) -> Answer:
    """Say why people left by a campaign's mail, without saying who."""
    told = reasons.about(campaigns.find(id).id)
    document = {"id": id, "answers": told.answers, "reasons": told.reasons, "words": told.words}
    lines = [table([(name, str(number)) for name, number in told.reasons.items()]), *told.words]
    return Answer(document, "\n".join(lines))


@click.command()
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


@click.command()
@click.argument("id", type=int)
@verb
def uncertain(id: int) -> Answer:
    """List the people whose message was handed over and never answered for."""
    found = status.uncertain(id)
    audit.record(actor(), "people listed", f"campaign {id}", reason="uncertain", people=len(found))
    return Answer({"people": found})
