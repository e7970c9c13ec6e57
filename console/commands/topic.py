"""`kelisim topic`: what one can subscribe to."""

from typing import Any

import click

from console.frame import actor, verb
from console.output import Answer, table
from mailing.people import topics
from mailing.people.topics import Topic
from mailing.staff import audit


@click.group()
def topic() -> None:
    """What one can subscribe to."""


@topic.command()
@click.argument("slug")
@click.option("--purpose", required=True, help="A purpose that a policy version declares.")
@click.option("--name-kk", required=True, help="The name in Kazakh.")
@click.option("--name-ru", required=True, help="The name in Russian.")
@click.option("--name-en", required=True, help="The name in English.")
@verb
def add(slug: str, purpose: str, **names: str) -> Answer:
    """Add a topic; the same again changes nothing."""
    added = topics.add(slug, purpose, **names)
    audit.record(actor(), "topic added", f"topic {slug}", purpose=purpose)
    return Answer(_shown(added), f"Topic {added.slug} is there.")


@topic.command("list")
@verb
def list_() -> Answer:
    """List the topics, the reserved one of notices included."""
    shown = [_shown(one) for one in topics.all_topics()]
    return Answer(shown, table([list(row.values()) for row in shown], HEADS))


HEADS = ("slug", "purpose", "Kazakh", "Russian", "English")


def _shown(topic: Topic) -> dict[str, Any]:
    names = {"name_kk": topic.name_kk, "name_ru": topic.name_ru, "name_en": topic.name_en}
    return {"slug": topic.slug, "purpose": topic.purpose, **names}
