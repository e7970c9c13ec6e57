"""`kelisim form`: registered opt-in forms, the only source of consent."""

from typing import Any

import click

from console.frame import actor, verb
from console.options import listed
from console.output import Answer, table
from mailing.people import forms
from mailing.people.forms import Form
from mailing.staff import audit


@click.group()
def form() -> None:
    """Registered opt-in forms."""


@form.command()
@click.argument("slug")
@click.option("--origin", "origins", multiple=True, required=True, help="May repeat.")
@click.option("--topics", "topic_slugs", required=True, callback=listed, help="a,b")
@verb
def add(slug: str, origins: tuple[str, ...], topic_slugs: tuple[str, ...]) -> Answer:
    """Register a form; other origins or topics make its next version."""
    added = forms.add(slug, origins, topic_slugs)
    audit.record(actor(), "form registered", f"form {slug}", version=forms.current(added).version)
    shown = _shown(added)
    return Answer(shown, f"Form {slug} is there, version {shown['version']}.")


@form.command("list")
@verb
def list_() -> Answer:
    """List the forms in their current version."""
    shown = [_shown(one) for one in forms.all_forms()]
    return Answer(shown, table([list(row.values()) for row in shown], HEADS))


HEADS = ("slug", "version", "origins", "topics")


def _shown(form: Form) -> dict[str, Any]:
    current = forms.current(form)
    return {
        "slug": form.slug,
        "version": current.version,
        "origins": list(current.origins),
        "topics": [topic.slug for topic in forms.topics_of(current)],
    }
