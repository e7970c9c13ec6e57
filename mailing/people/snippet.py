"""The snippet: a form as plain HTML, for the operator to copy into a page of their own.

No script and no style: the page that it stands in dresses it. It carries the policy version and
a fingerprint of its words, so that a copy which has grown old is answered by the hosted form.
"""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mailing.base import languages
from mailing.base.languages import gettext as _
from mailing.base.operator import operator_of
from mailing.base.settings import ROOT, current
from mailing.people.open_form import OpenForm

PAGES = Path(ROOT) / "templates" / "pages" / "public"
COMPLETIONS = {
    "surname": "family-name",
    "given_name": "given-name",
    "patronymic": "additional-name",
    "phone": "tel",
}


def snippet(slug: str, language: str) -> str:
    """The form's HTML in a language. Raises `Missing` for no such form, `NotOpen` (see there)."""
    with languages.speaking(language):
        form, settings = OpenForm.find(slug), current()
        page = _templates().get_template("snippet.html")
        shown = page.render(
            form=form,
            language=language,
            names=field_names(),
            completions=COMPLETIONS,
            operator=operator_of(settings),
            policy_url=f"{settings.public_url}/policy/{form.policy.id}?lang={language}",
        )
    return shown.strip() + "\n"


def field_names() -> dict[str, str]:
    """What the optional fields are called, in the language spoken."""
    return {
        "surname": _("Surname"),
        "given_name": _("Given name"),
        "patronymic": _("Patronymic"),
        "phone": _("Telephone"),
    }


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined
    )
    languages.install(environment)
    return environment
