"""`kelisim form`: registered opt-in forms, the only source of consent."""

from typing import Any

import click

from console.frame import actor, verb
from console.options import listed
from console.output import Answer, table, talk
from mailing.base.languages import DEFAULT, LANGUAGES
from mailing.people import forms, origins
from mailing.people.forms import HEADING, INTRODUCTION, Form
from mailing.people.snippet import snippet as html_of
from mailing.staff import audit


@click.group()
def form() -> None:
    """Registered opt-in forms."""


@form.command()
@click.argument("slug")
@click.option("--origin", "sites", multiple=True, required=True, help="May repeat.")
@click.option(
    "--all-variants", is_flag=True, help="Each origin by http and https, with and without www."
)
@click.option("--topics", "topic_slugs", required=True, callback=listed, help="a,b")
@click.option("--heading-kk", help="The heading in Kazakh; empty takes it back.")
@click.option("--heading-ru", help="The same in Russian.")
@click.option("--heading-en", help="The same in English.")
@click.option("--introduction-kk", help="What stands under it in Kazakh; empty takes it back.")
@click.option("--introduction-ru", help="The same in Russian.")
@click.option("--introduction-en", help="The same in English.")
@verb
def add(
    slug: str,
    sites: tuple[str, ...],
    all_variants: bool,
    topic_slugs: tuple[str, ...],
    **said: str | None,
) -> Answer:
    """Register a form; other origins, topics or words make its next version."""
    wanted = origins.all_variants(list(sites)) if all_variants else list(sites)
    added = forms.add(slug, wanted, topic_slugs, _texts(slug, said))
    audit.record(actor(), "form registered", f"form {slug}", version=forms.current(added).version)
    shown = _shown(added)
    if shown["refused_variants"]:
        talk(f"Not registered, and refused: {', '.join(shown['refused_variants'])}")
        talk("If the site answers there too, register them: --all-variants, or --origin for each.")
    return Answer(shown, f"Form {slug} is there, version {shown['version']}.")


@form.command("list")
@verb
def list_() -> Answer:
    """List the forms in their current version."""
    shown = [_shown(one) for one in forms.all_forms()]
    return Answer(shown, table([[row[name] for name in HEADS] for row in shown], HEADS))


@form.command()
@click.argument("slug")
@click.option("--language", type=click.Choice(LANGUAGES), default=DEFAULT, show_default=True)
@verb
def snippet(slug: str, language: str) -> Answer:
    """Print a form as plain HTML, to be copied into a page of a registered site."""
    html = html_of(slug, language)
    version = forms.current(forms.find(slug)).version
    shown = {"slug": slug, "version": version, "language": language, "html": html}
    return Answer(shown, html.rstrip())


HEADS = ("slug", "version", "origins", "topics")


def _texts(slug: str, said: dict[str, str | None]) -> forms.Texts | None:
    """The form's words with these in their place; None where nothing is said of them."""
    if all(text is None for text in said.values()):
        return None
    texts = forms.words_of(slug)
    for language in LANGUAGES:
        for name in (HEADING, INTRODUCTION):
            text = said[f"{name}_{language}"]
            if text is not None:
                texts[language][name] = text
    return texts


def _shown(form: Form) -> dict[str, Any]:
    current = forms.current(form)
    return {
        "slug": form.slug,
        "version": current.version,
        "origins": list(current.origins),
        "refused_variants": origins.missing_variants(current.origins),
        "topics": [topic.slug for topic in forms.topics_of(current)],
        "texts": {one: said for one, said in forms.words_of(form.slug).items() if said},
    }
