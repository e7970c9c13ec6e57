"""`kelisim segment`: saved conditions that narrow a campaign to some people of its topic."""

import json
from pathlib import Path
from typing import Any

import click

from console.frame import actor, verb
from console.output import Answer, plain, table
from mailing.base.errors import Invalid
from mailing.campaigns import audience, segments, sentences
from mailing.people import topics


@click.group()
def segment() -> None:
    """Saved conditions that narrow a campaign to some people of its topic."""


@segment.command()
@click.argument("name")
@click.option(
    "--says",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help='A JSON file: {"match": "all", "sentences": [{"about", "how", "values"}, …]}.',
)
@verb
def add(name: str, says: Path) -> Answer:
    """Save a segment."""
    made = segments.save(name, sentences.read(_json(says)), actor())
    return Answer({"id": made.id}, f"Segment {made.id} is saved.")


@segment.command("list")
@verb
def list_() -> Answer:
    """List the segments."""
    shown = [
        {"id": one.id, "name": one.name, "retired_at": one.retired_at, **one.definition}
        for one in segments.everyone()
    ]
    rows = [(str(one["id"]), str(one["name"])) for one in shown]
    return Answer(shown, table(rows, ["id", "name"]) if rows else "There is no segment yet.")


@segment.command()
@click.argument("id", type=int)
@click.option("--topic", required=True, help="The slug of the topic to count in.")
@verb
def count(id: int, topic: str) -> Answer:
    """Count whom of a topic a segment leaves, and who of them may be written to."""
    conditions = segments.find(id).conditions
    counted = audience.count_in(topics.find(topic).id, conditions)
    said = f"{counted.will_receive} of {counted.considered} would receive it."
    return Answer(plain(counted), said)


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8-sig"))
    except ValueError:
        raise Invalid(f"{path.name} is no JSON in UTF-8.", field="says") from None
