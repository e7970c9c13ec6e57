"""What the page of one request shows."""

from collections.abc import Iterable
from typing import Any

from flask import render_template

from mailing.base import clock
from mailing.base.languages import LANGUAGES
from mailing.base.operator import is_named
from mailing.base.settings import current
from mailing.deliveries import answers
from mailing.deliveries.answers import Answer, Said
from mailing.deliveries.deliveries import Delivery
from mailing.people import stopped
from mailing.requests import answering, claim_mails, queue, timeline, wordings
from mailing.requests.answering import Draft
from mailing.requests.kinds import UNSPOKEN, Kind, Resolution
from mailing.requests.original import Original
from mailing.requests.requests import Request, find
from mailing.requests.wordings import Wording
from mailing.staff import staff
from mailing.staff.permissions import Act, may
from mailing.staff.staff import Staff
from webapp.studio.masking import masked

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
) -> str:
    """The page of one request: facts, timeline, what was sent, and the forms."""
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
        presses=PRESSES,
        is_unclear=asked.what in UNSPOKEN,
        kinds=[kind for kind in Kind if kind is not Kind.UNCLEAR],
        resolutions=list(Resolution),
        **_answer_form(asked, draft),
        **_persons(asked),
    )


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
    template = draft.template if draft.template in slugs else wordings.ANSWERED
    tongue = draft.language if draft.language in LANGUAGES else asked.tongue
    wording = wordings.newest(template, tongue)
    return {
        "draft": draft,
        "template": template,
        "slugs": slugs,
        "tongue": tongue,
        "wording": wording,
        "expected": answering.sent_letters(asked.id),
        "around": _around(asked, wording),
    }


def _around(asked: Request, wording: Wording) -> list[str]:
    """The template before and after the officer's words: nobody need write what it says."""
    filled = answering.compose(asked, wording, _HERE).text if is_named(current()) else ""
    return [part.strip() for part in filled.split(_HERE)]


def _sent(answer: Answer, delivery: Delivery) -> dict[str, Any]:
    return {"answer": answer, "delivery": delivery, "said": answers.said_in(answer)}
