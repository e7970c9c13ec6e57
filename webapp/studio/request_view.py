"""What the page of one request shows."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Invalid, KelisimError
from mailing.base.languages import LANGUAGES
from mailing.base.operator import is_named
from mailing.base.settings import current
from mailing.deliveries import answers
from mailing.deliveries.answers import Answer, Said
from mailing.deliveries.deliveries import Delivery
from mailing.people import stopped
from mailing.requests import answering, claim_mails, merging, queue, rulings, timeline, wordings
from mailing.requests.answering import Draft
from mailing.requests.kinds import UNSPOKEN, Kind, Resolution
from mailing.requests.original import Original
from mailing.requests.requests import Request, find
from mailing.requests.wordings import Wording
from mailing.staff import staff
from mailing.staff.permissions import Act, may
from mailing.staff.staff import Staff
from webapp.studio.masking import masked
from webapp.studio.request_rights_view import rights_of

# What the buttons offer first; the others stand in the list below them.
PRESSES = (Kind.WITHDRAWAL, Kind.RECTIFICATION, Kind.QUESTION, Kind.JUNK)
# Stands where the words go, and in no text that anybody writes.
_HERE = "\N{OBJECT REPLACEMENT CHARACTER}"


def page(
    request_id: int,
    draft: Draft,
    *,
    read: Original | None = None,
    said: Said | None = None,
    errors: dict[str, str] | None = None,
    fields: dict[str, str] | None = None,
) -> str:
    """The page of one request: facts, timeline, what was sent, and the forms. `fields` is what is
    held of the person, where somebody has opened it."""
    asked = find(request_id)
    line = queue.line_of(asked, clock.now())
    return render_template(
        "pages/studio/request.html",
        asked=asked,
        line=line,
        people=people(),
        events=timeline.of(asked.id),
        sent=[_sent(*one) for one in claim_mails.sent_about(asked)],
        read=read,
        said=said,
        errors=errors or {},
        fields=fields,
        others=merging.others_of(asked),
        merged_here=merging.merged_into(asked.id),
        presses=PRESSES,
        is_unclear=asked.what in UNSPOKEN,
        kinds=[kind for kind in Kind if kind is not Kind.UNCLEAR],
        resolutions=list(Resolution),
        **rights_of(asked),
        **_answer_form(asked, draft),
        **_persons(asked),
    )


def draft_of() -> Draft:
    """The answer as it is being written."""
    given = request.form if request.method == "POST" else request.args
    expected = given.get("expected", "")
    return Draft(
        template=given.get("template", ""),
        words=given.get("words", ""),
        language=given.get("language") or None,
        expected=int(expected[:9]) if expected.isdecimal() else None,
    )


def again(request_id: int, draft: Draft, refusal: KelisimError) -> ResponseReturnValue:
    """The page with what was typed kept, and the sentence beside its field."""
    db.session.rollback()
    field = getattr(refusal, "field", None) or "template"
    status = 422 if isinstance(refusal, Invalid) else 409
    return page(request_id, draft, errors={field: refusal.message}), status


def to(request_id: int, part: str | None = None) -> Response:
    """Back to the page of a request, or to a part of it."""
    place = url_for("studio.request_page", request_id=request_id, _anchor=part)
    return redirect(place, 303)


def people() -> list[Staff]:
    """Whoever a request may be given to."""
    return [one for one in staff.everybody() if one.active and may(one.role, Act.ANSWER_REQUESTS)]


def names_of(requests: Iterable[Request]) -> dict[int, str]:
    """Who wrote each of them, masked."""
    return {one.id: _masked(one) for one in requests}


def _masked(asked: Request) -> str:
    wrote = asked.correspondent
    return masked(wrote.address) if wrote else ""


def _persons(asked: Request) -> dict[str, Any]:
    recipient = answering.recipient_of(asked)
    return {
        "wrote": _masked(asked),
        "answer_to": masked(recipient) if recipient else "",
        "is_on_file": answering.is_sender_on_file(asked),
        "stopped": stopped.of(asked.subscriber_id),
    }


def _answer_form(asked: Request, draft: Draft) -> dict[str, Any]:
    slugs = wordings.slugs()
    fitting = rulings.template_of(asked) or wordings.ANSWERED
    template = draft.template if draft.template in slugs else fitting
    tongue = draft.language if draft.language in LANGUAGES else asked.tongue
    wording = wordings.newest(template, tongue)
    return {
        "draft": _with_decisions(asked, draft, tongue),
        "template": template,
        "slugs": slugs,
        "tongue": tongue,
        "wording": wording,
        "expected": answering.sent_letters(asked.id),
        "around": _around(asked, wording),
    }


def _with_decisions(asked: Request, draft: Draft, tongue: str) -> Draft:
    """What was decided stands in the answer to begin with; the officer reads and mends it."""
    is_begun = draft.words or request.method == "POST"
    return draft if is_begun else replace(draft, words=rulings.told(asked, tongue))


def _around(asked: Request, wording: Wording) -> list[str]:
    """The template before and after the officer's words: nobody need write what it says."""
    filled = answering.compose(asked, wording, _HERE).text if is_named(current()) else ""
    return [part.strip() for part in filled.split(_HERE)]


def _sent(answer: Answer, delivery: Delivery) -> dict[str, Any]:
    return {"answer": answer, "delivery": delivery, "said": answers.said_in(answer)}
