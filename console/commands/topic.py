"""`kelisim topic`: what one can subscribe to."""

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import click

from console.frame import actor, verb
from console.options import by_language
from console.output import Answer, table
from mailing.people import topics
from mailing.people.topics import Frequency, Promise, Topic
from mailing.staff import audit

# As values: Choice would ask for the names of an enumeration's members.
OFTEN = [often.value for often in Frequency]
NEVER_SAID = "none"


Texts = str | dict[str, str] | None
Command = Callable[..., Any]

NAMED_OPTIONS = (
    click.option("--name-kk", help="The name in Kazakh."),
    click.option("--name-ru", help="The name in Russian."),
    click.option("--name-en", help="The name in English."),
    click.option("--name", multiple=True, callback=by_language, help="In any language: ky=TEXT."),
    click.option("--about-kk", help="What it brings, in one sentence; empty takes it back."),
    click.option("--about-ru", help="The same in Russian."),
    click.option("--about-en", help="The same in English."),
    click.option("--about", multiple=True, callback=by_language, help="In any language: ky=TEXT."),
)


def named(command: Command) -> Command:
    """The options that say a topic's names and sentences, by language."""
    return reduce(lambda made, option: option(made), reversed(NAMED_OPTIONS), command)


@click.group()
def topic() -> None:
    """What one can subscribe to."""


@topic.command()
@click.argument("slug")
@click.option("--purpose", required=True, help="A purpose that a policy version declares.")
@named
@click.option("--frequency", type=click.Choice(OFTEN), help="How often it comes at the most.")
@verb
def add(slug: str, purpose: str, frequency: str | None, **texts: Texts) -> Answer:
    """Add a topic; the same again changes nothing but what is said about it."""
    names, about = _by_language("name", texts), _by_language("about", texts)
    lacking = [f"--name-{tongue}" for tongue in topics.NAMED if tongue not in names]
    if lacking:
        raise click.UsageError(f"A topic needs its names: {', '.join(lacking)}.")
    added = topics.add_named(slug, purpose, names)
    if about or frequency:
        topics.describe(added, Promise(about, Frequency(frequency) if frequency else None))
    audit.record(actor(), "topic added", f"topic {slug}", purpose=purpose)
    return Answer(_shown(added), f"Topic {added.slug} is there.")


@topic.command()
@click.argument("slug")
@named
@click.option(
    "--frequency", type=click.Choice([*OFTEN, NEVER_SAID]), help="How often it comes at most."
)
@verb
def describe(slug: str, frequency: str | None, **texts: Texts) -> Answer:
    """Change what is said of a topic; whoever agreed before agreed to the words of then."""
    found = topics.find(slug)
    names = _by_language("name", texts)
    if names:
        topics.rename(found, names)
    often = Frequency(found.frequency) if found.frequency else None
    if frequency is not None:
        often = None if frequency == NEVER_SAID else Frequency(frequency)
    topics.describe(found, Promise(_by_language("about", texts), often))
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


def _by_language(kind: str, texts: Mapping[str, Texts]) -> dict[str, str]:
    """What was said of a kind: by `--name ky=…`, and by the options that name their language."""
    own = {tongue: texts[f"{kind}_{tongue}"] for tongue in topics.NAMED}
    said = {tongue: text for tongue, text in own.items() if isinstance(text, str)}
    others = texts[kind]
    return (others if isinstance(others, dict) else {}) | said


def _shown(topic: Topic) -> dict[str, Any]:
    names = {f"name_{tongue}": topic.names[tongue] for tongue in topics.NAMED}
    told = {"frequency": topic.frequency or "", "about": topic.about, "names": topic.names}
    return {"slug": topic.slug, "purpose": topic.purpose, **names, **told}
