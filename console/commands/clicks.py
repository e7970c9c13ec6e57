"""`kelisim clicks`: sums of the clicks on links, off until wanted; never a person's doing."""

import click

from console.frame import actor, verb
from console.output import Answer, table
from mailing.campaigns import campaigns, counting
from mailing.deliveries import clicks as counted
from mailing.deliveries.clicks import Line


@click.group()
def clicks() -> None:
    """Sums of the clicks on a campaign's links: off until wanted, and never about a person."""


@clicks.command()
@verb
def on() -> Answer:
    """Allow campaigns to count clicks; each says so for itself."""
    counting.switch(True, actor())
    return Answer({"counted": True}, "Campaigns may count clicks.")


@clicks.command()
@verb
def off() -> Answer:
    """Count no click from now on; links that are out go on leading to their targets."""
    counting.switch(False, actor())
    return Answer({"counted": False}, "No clicks are counted.")


@clicks.command()
@click.argument("id", type=int)
@click.option("--no", "is_off", is_flag=True, help="Do not count them.")
@verb
def choose(id: int, is_off: bool) -> Answer:
    """Let a draft count the clicks on its links."""
    counting.choose(id, not is_off, actor())
    said = "are not counted" if is_off else "are counted"
    return Answer({"id": id, "counts_clicks": not is_off}, f"Clicks of campaign {id} {said}.")


@clicks.command()
@click.argument("id", type=int)
@verb
def show(id: int) -> Answer:
    """Show the clicks on each link of a campaign, people's and machines' apart."""
    report = counted.of(campaigns.find(id))
    told = [_told(line, report.share(line)) for line in report.lines]
    sums = {"people": report.people, "machines": report.machines}
    rows = [(f"{x['people']}", f"{x['machines']}", str(x["target"])) for x in told]
    text = table(rows, ["people", "machines", "link"]) if rows else "No link of it is counted."
    return Answer({"id": id, "links": told, **sums}, text)


def _told(line: Line, share: float) -> dict[str, object]:
    return {
        "language": line.language,
        "number": line.number,
        "words": line.words,
        "target": line.target,
        "people": line.people,
        "machines": line.machines,
        "share": round(share, 1),
    }
