"""Evidence: what one person said, when, by which words; read for a reason, and logged (2.7)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import render_template, request
from flask.typing import ResponseReturnValue

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Invalid, Missing
from mailing.base.languages import gettext
from mailing.base.settings import current
from mailing.inbound import history
from mailing.people import profile, stood, subscribers
from mailing.people.profile import Reason
from mailing.people.subscribers import Subscriber
from mailing.staff import audit
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor
from webapp.studio.masking import masked


@dataclass
class Question:
    """Whose evidence, as of when and why; errors by the name of the field."""

    address: str = ""
    reason: str = ""
    moment: str = ""
    is_open: bool = False
    errors: dict[str, str] = field(default_factory=dict)

    def as_of(self) -> datetime:
        """The moment asked about, in the operator's zone; now where none was."""
        if not self.moment:
            return clock.now()
        local = datetime.fromisoformat(self.moment)
        zone = ZoneInfo(current().time_zone)
        return (local if local.tzinfo else local.replace(tzinfo=zone)).astimezone(UTC)


@studio.get("/evidence")
@needs(Act.READ_EVIDENCE)
def form_evidence() -> str:
    return _page(Question(), None)


@studio.post("/evidence")
@needs(Act.READ_EVIDENCE)
def form_evidence_read() -> ResponseReturnValue:
    """The address is posted: no log and no link holds it. What names the person is masked."""
    question = _asked()
    found = _find(question)
    if found is None:
        return _page(question, None), 422
    shown = _shown(*found, question)
    _log(found[0], question, len(shown["entries"]))
    db.session.commit()
    return _page(question, shown)


def _asked() -> Question:
    asked = Question(
        address=request.form.get("address", "").strip(),
        reason=request.form.get("reason", ""),
        moment=request.form.get("moment", "").strip(),
        is_open="open" in request.form,
    )
    if asked.reason not in set(Reason):
        asked.errors["reason"] = gettext("Choose why you read it; it is logged.")
    try:
        asked.as_of()
    except (ValueError, OverflowError):
        asked.errors["moment"] = gettext("Enter a day and time, or leave it empty for now.")
    return asked


def _find(question: Question) -> tuple[Subscriber, bool] | None:
    """The person, and whether they have moved; None where something in the question is wrong."""
    found = None
    try:
        found = profile.sought(question.address)
    except Missing:
        question.errors["address"] = gettext("Nobody with this address is known.")
    except Invalid:
        question.errors["address"] = gettext("Enter an address like name@example.kz.")
    return None if question.errors else found


def _shown(found: Subscriber, is_former: bool, question: Question) -> dict[str, Any]:
    moment, zone = question.as_of(), current().time_zone
    personal = subscribers.personal_of(found)
    return {
        "id": found.id,
        "address": masked(personal.email) if personal else "",
        "is_former": is_former,
        "is_forgotten": subscribers.is_forgotten(found),
        "personal": personal.as_dict() if personal and question.is_open else None,
        "stood": stood.at(found.id, moment),
        "sentences": [one.sentence(zone) for one in stood.at(found.id, moment)],
        "entries": history.evidence_of(question.address, moment),
    }


def _log(found: Subscriber, question: Question, entries: int) -> None:
    fields = {"fields": "personal"} if question.is_open else {}
    audit.record(
        actor(),
        "evidence read",
        f"subscriber {found.id}",
        entries=entries,
        reason=question.reason,
        **fields,
    )


def _page(question: Question, shown: dict[str, Any] | None) -> str:
    return render_template(
        "pages/studio/evidence.html",
        question=question,
        errors=question.errors,
        shown=shown,
        reasons=list(Reason),
        utc=UTC,
    )
