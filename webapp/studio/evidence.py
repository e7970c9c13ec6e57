"""Evidence: what one person said, when, by which words; read for a reason, and logged (2.7)."""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue

from mailing.base.database import db
from mailing.base.errors import Invalid, Missing
from mailing.base.languages import gettext
from mailing.base.settings import current
from mailing.people import profile, subscribers
from mailing.people.profile import Reason
from mailing.requests import asof
from mailing.requests.asof import AsOf
from mailing.staff import audit
from mailing.staff.permissions import Act
from webapp.studio.attached import attached
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor
from webapp.studio.masking import masked


@dataclass
class Question:
    """Whose evidence, as of when and why; errors by the name of the field."""

    address: str = ""
    reason: str = ""
    moment: str = ""
    campaign: str = ""
    is_open: bool = False
    errors: dict[str, str] = field(default_factory=dict)

    def as_of(self) -> datetime | None:
        """The moment asked about, in the operator's zone; None where none was."""
        if not self.moment:
            return None
        local = datetime.fromisoformat(self.moment)
        zone = ZoneInfo(current().time_zone)
        return (local if local.tzinfo else local.replace(tzinfo=zone)).astimezone(UTC)

    def of_campaign(self) -> int | None:
        """The number of the campaign asked about; raises ValueError for what is no number."""
        return int(self.campaign[:9]) if self.campaign else None


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
    _log(found, question)
    db.session.commit()
    return _file(found) if "file" in request.form else _page(question, _shown(found, question))


def _asked() -> Question:
    asked = Question(
        address=request.form.get("address", "").strip(),
        reason=request.form.get("reason", ""),
        moment=request.form.get("moment", "").strip(),
        campaign=request.form.get("campaign", "").strip(),
        is_open="open" in request.form,
    )
    if asked.reason not in set(Reason):
        asked.errors["reason"] = gettext("Choose why you read it; it is logged.")
    try:
        asked.as_of()
    except (ValueError, OverflowError):
        asked.errors["moment"] = gettext("Enter a day and time, or leave it empty for now.")
    if asked.campaign and not asked.campaign.isdecimal():
        asked.errors["campaign"] = gettext("Enter the number of a campaign, or leave it empty.")
    if asked.campaign and asked.moment:
        asked.errors["campaign"] = gettext("Name a time or a campaign, not both.")
    return asked


def _find(question: Question) -> AsOf | None:
    """What is known of the person; None where something in the question is wrong."""
    try:
        profile.sought(question.address)
    except Missing:
        question.errors["address"] = gettext("Nobody with this address is known.")
    except Invalid:
        question.errors["address"] = gettext("Enter an address like name@example.kz.")
    if question.errors:
        return None
    try:
        return asof.of(question.address, question.as_of(), question.of_campaign())
    except Missing:
        question.errors["campaign"] = gettext("This campaign was not sent, or is on its way.")
    return None


def _shown(found: AsOf, question: Question) -> dict[str, Any]:
    person, zone = found.subscriber, current().time_zone
    personal = subscribers.personal_of(person)
    return {
        "id": person.id,
        "address": masked(personal.email) if personal else "",
        "is_former": found.is_former,
        "is_forgotten": subscribers.is_forgotten(person),
        "personal": personal.as_dict() if personal and question.is_open else None,
        "sentences": found.sentences(zone),
        "topics": found.document(zone)["topics"],
        "entries": found.entries,
    }


def _file(found: AsOf) -> Response:
    """The same as a file, in the language spoken; what is sealed with an entry stays out."""
    document = found.document(current().time_zone)
    document["entries"] = [one | {"private": None} for one in found.entries]
    words = json.dumps(document, default=_plain, ensure_ascii=False, indent=2)
    return attached(words, "application/json", "evidence.json")


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _log(found: AsOf, question: Question) -> None:
    fields = {"fields": "personal"} if question.is_open else {}
    if question.campaign:
        fields["campaign"] = question.campaign
    audit.record(
        actor(),
        "evidence read",
        f"subscriber {found.subscriber.id}",
        entries=len(found.entries),
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
