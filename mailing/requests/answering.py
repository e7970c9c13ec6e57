"""Answering a request: words from a versioned template, to an address that we know is theirs.

The mail is a delivery like any other; what became of it is the proof of sending.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid, NotReady
from mailing.base.languages import LANGUAGES, date_text, gettext_for, time_text
from mailing.base.operator import is_named, operator_of
from mailing.base.settings import current
from mailing.deliveries import answers
from mailing.deliveries.answers import AnswerKind, NewAnswer, Said
from mailing.people import subscribers
from mailing.people.address import Address
from mailing.people.canonical import canonical
from mailing.people.subscribers import Subscriber, digest_of
from mailing.requests import rights, running, timeline, wordings
from mailing.requests.correspondent import Correspondent
from mailing.requests.kinds import Happened, Kind, Resolution, RightState, State
from mailing.requests.requests import Request, lock
from mailing.requests.rights import Right
from mailing.staff import audit
from mailing.staff.audit import Actor

LASTS = timedelta(days=30)
# With this answer the data are handed over.
DATA = "data_ready"


@dataclass(frozen=True)
class Draft:
    """An answer by hand: which template, what the officer writes, in which language (the
    request's own where none is said). `expected` is how many answers were there before it."""

    template: str
    words: str = ""
    language: str | None = None
    expected: int | None = None


def preview(request: Request, draft: Draft) -> Said:
    """The answer as it would be sent; raises Invalid, Missing, and NotReady without an operator."""
    tongue = draft.language if draft.language in LANGUAGES else request.tongue
    wording = wordings.newest(draft.template, tongue)
    words = wordings.words_of(draft.words) if wording.takes_words else ""
    return compose(request, wording, words)


def compose(request: Request, wording: wordings.Wording, words: str = "", link: str = "") -> Said:
    """A wording filled in for a request, with who we are below it; `link` where it holds one."""
    zone = current().time_zone
    received = request.received_at.astimezone(ZoneInfo(zone)).date()
    subject, text = wording.filled(
        {
            "number": request.number,
            "received": date_text(received, wording.language),
            "due": time_text(request.due_at, zone, wording.language),
            "words": words,
            "link": link,
        }
    )
    return Said(request.id, wording.language, subject, f"{text}\n\n{_foot(wording.language)}")


def answer(request_id: int, draft: Draft, actor: Actor) -> UUID:
    """Put the answer into the queue; the id of its delivery.

    Raises Conflict where the request is closed, was answered meanwhile, or nobody can be reached.
    """
    request = lock(request_id)
    _demand_open(request, draft)
    if draft.template in wordings.BY_A_VERB:
        raise Invalid("This template goes with an act of its own.", field="template")
    used = post(request, preview(request, draft), draft.template)
    _stand(request, draft)
    timeline.note(request.id, Happened.ANSWERED, actor.name, **used)
    kept = {name: value for name, value in used.items() if name != "delivery"}
    audit.record(actor, "request answered", f"request {request.number}", **kept)
    return UUID(str(used["delivery"]))


def post(request: Request, said: Said, template: str) -> dict[str, Any]:
    """Put words of a template into the queue; which version it was, for the timeline."""
    return {
        "template": template,
        "version": wordings.newest(template, said.language).version,
        "language": said.language,
        "delivery": str(send(request, said, AnswerKind.LETTER)),
    }


def send(request: Request, said: Said, kind: AnswerKind, to_sender: bool = False) -> UUID:
    """Write the mail: to the address on file, or, where there is none, to whoever wrote."""
    correspondent = request.correspondent
    on_file = None if to_sender else _address_on_file(request)
    elsewhere = None if on_file else _sender_of(correspondent)
    if on_file is None and elsewhere is None:
        raise Conflict("No address is known to which this could be answered by mail.")
    to_whoever_wrote = elsewhere or (on_file if on_file == _sender_of(correspondent) else None)
    threaded = _threaded(said, correspondent if to_whoever_wrote else None)
    new = NewAnswer(request.correspondent_id, kind, LASTS, address=elsewhere, said=threaded)
    is_to_author = to_whoever_wrote is not None and is_sure(correspondent)
    return answers.write(replace(new, is_to_author=is_to_author))


def recipient_of(request: Request) -> str | None:
    """The address that an answer would go to."""
    found = _address_on_file(request) or _sender_of(request.correspondent)
    return found.display if found else None


def is_sender_on_file(request: Request) -> bool:
    """Whether the message came from the address that we have of the person."""
    on_file, correspondent = _subscriber(request), request.correspondent
    if on_file is None or correspondent is None:
        return False
    return on_file.digest == digest_of(correspondent.mailbox)


def sent_letters(request_id: int) -> int:
    """How many answers by hand there are."""
    sent = answers.of_request(request_id)
    return sum(one.kind == AnswerKind.LETTER for one, _ in sent)


def _demand_open(request: Request, draft: Draft) -> None:
    if request.state == State.CLOSED:
        raise Conflict("This request is closed; take it up again before you answer.")
    if draft.expected is not None and draft.expected != sent_letters(request.id):
        raise Conflict("Somebody has answered meanwhile; look at the answer before you send yours.")


def _stand(request: Request, draft: Draft) -> None:
    """An answer that asks for something waits, its clock running unless it was stopped; one that
    leaves something undone leaves the request open."""
    if draft.template in wordings.ASKING:
        request.state = State.WAITING.value
        return
    running.let_run(request)
    asked = rights.of(request.id)
    for right in asked:
        if draft.template == DATA and right.what is Kind.ACCESS and not right.is_open:
            right.end(Resolution.DONE, clock.now())
    request.state = (State.OPEN if _is_left(asked) else State.ANSWERED).value


def _is_left(asked: list[Right]) -> bool:
    """Whether something is granted and not done, or undecided beside what is answered. A single
    question is answered by the answer."""
    is_undone = any(one.state == RightState.DECIDED for one in asked)
    return is_undone or (len(asked) > 1 and any(one.is_open for one in asked))


def _address_on_file(request: Request) -> Address | None:
    subscriber = _subscriber(request)
    personal = subscribers.personal_of(subscriber) if subscriber else None
    return canonical(personal.email) if personal else None


def _subscriber(request: Request) -> Subscriber | None:
    if request.subscriber_id is None:
        return None
    return db.session.get(Subscriber, request.subscriber_id)


def _sender_of(correspondent: Correspondent | None) -> Address | None:
    return correspondent.mailbox if correspondent else None


def is_sure(correspondent: Correspondent | None) -> bool:
    return correspondent is not None and correspondent.is_authenticated


def _threaded(said: Said, correspondent: Correspondent | None) -> Said:
    if correspondent is None:
        return said
    return Said(
        **{
            **vars(said),
            "in_reply_to": correspondent.in_reply_to,
            "references": correspondent.thread,
        }
    )


def _foot(language: str) -> str:
    """Who answers (policy 1.1), in the words of every other mail of ours."""
    settings = current()
    if not is_named(settings):
        raise NotReady("The operator's identity is missing; nothing is sent without it.")
    operator, say = operator_of(settings), gettext_for(language).gettext
    return "\n".join(
        (
            "----",
            operator.name,
            say("BIN %(bin)s") % {"bin": operator.bin},
            operator.address,
            say("Ask a question: %(contact)s") % {"contact": operator.contact},
        )
    )
