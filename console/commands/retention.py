"""`kelisim retention`: what goes by itself, when and why."""

from typing import Any

import click

from console.frame import actor, verb
from console.options import listed
from console.output import Answer, fitted
from mailing.requests import retention as terms
from mailing.requests.retention import Line

HEADS = ("kind", "days", "rows", "before", "last_run")


@click.group()
def retention() -> None:
    """Data that go once their term is over (KELISIM_RETENTION)."""


@retention.command()
@verb
def plan() -> Answer:
    """Say what goes at the next run, and change nothing."""
    found = terms.plan()
    lines = [_told(line) for line in found.lines]
    document = {"at": found.at, "rows": found.rows, "lines": lines}
    rows = [[line[name] for name in HEADS] for line in lines]
    said = f"On {found.at:%Y-%m-%d %H:%M} {found.rows} rows go."
    return Answer(document, f"{said}\n\n{fitted(rows, HEADS)}")


@retention.command()
@click.option("--kind", "kinds", callback=listed, help="Only these kinds, as junk,bounces.")
@verb
def run(kinds: tuple[str, ...] | None) -> Answer:
    """Let go what is past its term now."""
    gone = terms.run(actor(), kinds or ())
    document = {"rows": sum(gone.values()), "by_kind": gone}
    return Answer(document, f"{document['rows']} rows have gone.")


def _told(line: Line) -> dict[str, Any]:
    return {
        "kind": line.kind,
        "days": line.days,
        "rows": line.rows,
        "before": line.before,
        "last_run": line.last.at if line.last else None,
    }
