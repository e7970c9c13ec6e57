"""One public page: a template in the language spoken, with the headers it needs."""

from flask import Response, make_response, render_template, request

from mailing.base import languages
from mailing.base.languages import gettext as _
from webapp.headers import holding_a_form, personal


def show(name: str, status: int = 200, **values: object) -> Response:
    """The page `name`, a form in it or not; its language links lead to the address asked for."""
    values.setdefault("here", request.path)
    values.setdefault("asked_language", asked_language())
    return make_response(render_template(f"pages/public/{name}.html", **values), status)


def show_personal(name: str, status: int = 200, **values: object) -> Response:
    """A page about one person: not indexed, not kept; the own referrer only where a form is."""
    values["is_personal"] = True
    answer = personal(show(name, status, **values))
    return holding_a_form(answer) if b"<form" in answer.data else answer


def speak_to(language: str) -> None:
    """Speak the language that the person signed up in, unless the address asks for another.

    The browser is not asked: it may be a borrowed one, and the mail spoke that language, too.
    """
    languages.speak(asked_language() or language)


def lost_link() -> str:
    """What somebody is told whose link is ours and leads to nobody whom we know any more."""
    return _(
        "We no longer know whose link this is, so nothing was changed. If mail from us still comes,"
        " use the link in the newest one, or write to us."
    )


def asked_language() -> str | None:
    """What `?lang=` says, where it names a language we speak."""
    asked = request.args.get("lang")
    return asked if asked in languages.LANGUAGES else None
