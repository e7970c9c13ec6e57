"""`kelisim topic`: what one can subscribe to."""

from typing import Any

import click

from console.frame import actor, verb
from console.output import Answer, table
from mailing.base.languages import LANGUAGES
from mailing.people import topics
from mailing.people.topics import Frequency, Promise, Topic
from mailing.staff import audit

# As values: Choice would ask for the names of an enumeration's members.
OFTEN = [often.value for often in Frequency]
NEVER_SAID = "none"


@click.group()
def topic() -> None:
    """What one can subscribe to."""


@topic.command()
@click.argument("slug")
@click.option("--purpose", required=True, help="A purpose that a policy version declares.")
@click.option("--name-kk", required=True, help="The name in Kazakh.")
@click.option("--name-ru", required=True, help="The name in Russian.")
@click.option("--name-en", required=True, help="The name in English.")
@click.option("--about-kk", default="", help="One sentence on what it brings, in Kazakh.")
@click.option("--about-ru", default="", help="The same in Russian.")
@click.option("--about-en", default="", help="The same in English.")
@click.option("--frequency", type=click.Choice(OFTEN), help="How often it comes at the most.")
@verb
def add(slug: str, purpose: str, frequency: str | None, **texts: str) -> Answer:
    """Add a topic; the same again changes nothing but what is said about it."""
    names = {key: text for key, text in texts.items() if key.startswith("name_")}
    added = topics.add(slug, purpose, **names)
    about = {tongue: texts[f"about_{tongue}"] for tongue in LANGUAGES if texts[f"about_{tongue}"]}
    if about or frequency:
        topics.describe(added, Promise(about, Frequency(frequency) if frequency else None))
    audit.record(actor(), "topic added", f"topic {slug}", purpose=purpose)
    return Answer(_shown(added), f"Topic {added.slug} is there.")


@topic.command()
@click.argument("slug")
@click.option("--name-kk", help="Another name in Kazakh.")
@click.option("--name-ru", help="Another name in Russian.")
@click.option("--name-en", help="Another name in English.")
@click.option("--about-kk", help="One sentence on what it brings, in Kazakh; empty takes it back.")
@click.option("--about-ru", help="The same in Russian.")
@click.option("--about-en", help="The same in English.")
@click.option(
    "--frequency", type=click.Choice([*OFTEN, NEVER_SAID]), help="How often it comes at most."
)
@verb
def describe(slug: str, frequency: str | None, **texts: str | None) -> Answer:
    """Change what is said of a topic; whoever agreed before agreed to the words of then."""
    found = topics.find(slug)
    said = {key: text for key, text in texts.items() if text is not None}
    names = _by_language("name_", said)
    if names:
        topics.rename(found, names)
    often = Frequency(found.frequency) if found.frequency else None
    if frequency is not None:
        often = None if frequency == NEVER_SAID else Frequency(frequency)
    topics.describe(found, Promise(_by_language("about_", said), often))
    audit.record(actor(), "topic described", f"topic {slug}", frequency=often or "")
    return Answer(_shown(found), f"Topic {slug} is described.")


@topic.command("list")
@verb
def list_() -> Answer:
    """List the topics, the reserved one of notices included."""
    shown = [_shown(one) for one in topics.all_topics()]
    lines = [[row[name] for name in COLUMNS] for row in shown]
    return Answer(shown, table(lines, HEADS))


COLUMNS = ("slug", "purpose", "name_kk", "name_ru", "name_en", "frequency")
HEADS = ("slug", "purpose", "Kazakh", "Russian", "English", "how often")


def _by_language(kind: str, said: dict[str, str]) -> dict[str, str]:
    return {key.removeprefix(kind): text for key, text in said.items() if key.startswith(kind)}


def _shown(topic: Topic) -> dict[str, Any]:
    names = {"name_kk": topic.name_kk, "name_ru": topic.name_ru, "name_en": topic.name_en}
    told = {"frequency": topic.frequency or "", "about": topic.about}
    return {"slug": topic.slug, "purpose": topic.purpose, **names, **told}
