"""One person: how they stand, what they said and got, and why. The address stays masked until
somebody with the right asks for it with a reason, which is logged (policy 2.7)."""

from datetime import UTC
from typing import Any
from uuid import UUID

from flask import render_template, request
from flask.typing import ResponseReturnValue

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Missing
from mailing.base.languages import gettext
from mailing.campaigns import campaigns
from mailing.deliveries import of_person, why
from mailing.inbound import history
from mailing.leaving.by_staff import Ground
from mailing.people import judged, profile, subscribers, suppression
from mailing.people.profile import Reason
from mailing.people.standings import Said
from mailing.people.subscribers import Personal, Subscriber
from mailing.people.suppression import Why
from mailing.requests import asof, requests
from mailing.requests.kinds import RIGHTS, Channel
from mailing.staff import audit
from mailing.staff.permissions import Act
from webapp.studio import person_filter, portrait
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor, can
from webapp.studio.masking import masked

LARGEST_NUMBER = 2**31 - 1


@studio.get("/people/<uuid:subscriber_id>")
@needs(Act.SEE_PEOPLE)
def person_page(subscriber_id: UUID) -> ResponseReturnValue:
    person, errors = profile.of_number(subscriber_id), dict[str, str]()
    explained = _explained(person, errors)
    about = {"campaign": explained["of_campaign"].id} if explained["of_campaign"] else {}
    audit.record(actor(), "people seen", f"subscriber {person.id}", rows=1, **about)
    db.session.commit()
    return page(person, errors, **explained), 422 if errors else 200


@studio.post("/people/<uuid:subscriber_id>/open")
@needs(Act.READ_EVIDENCE)
def person_open(subscriber_id: UUID) -> ResponseReturnValue:
    """What names the person, shown once, for a reason."""
    person, reason = profile.of_number(subscriber_id), request.form.get("reason", "")
    if reason not in set(Reason):
        wrong = gettext("Choose why you read it; it is logged.")
        return page(person, {"open-reason": wrong}), 422
    audit.record(
        actor(), "person opened", f"subscriber {person.id}", reason=reason, fields="personal"
    )
    db.session.commit()
    return page(person, {}, opened=subscribers.personal_of(person))


def page(
    person: Subscriber, errors: dict[str, str], opened: Personal | None = None, **more: Any
) -> str:
    """The profile; `opened` is what names the person, where somebody has asked for it."""
    topics, kept_out = judged.of(person.id), suppression.of(person.digest)
    return render_template(
        "pages/studio/person.html",
        person=person,
        address=_address(person),
        opened=opened.as_dict() if opened else None,
        is_forgotten=subscribers.is_forgotten(person),
        topics=topics,
        sentence=portrait.of(person, topics, kept_out),
        kept_out=kept_out,
        entries=_entries(person.id),
        messages=of_person.page(person.id, request.args.get("before", "")),
        words=person_filter,
        errors=errors,
        now=clock.now(),
        utc=UTC,
        **_desk(person, topics, kept_out),
        **{"explained": None, "of_campaign": None, **more},
    )


def _address(person: Subscriber) -> str:
    personal = subscribers.personal_of(person)
    return masked(personal.email) if personal else ""


def _entries(subscriber_id: UUID) -> list[dict[str, Any]]:
    """To whom their data were handed is for whoever reads evidence."""
    if can(Act.READ_EVIDENCE):
        return asof.entries_of(subscriber_id, clock.now())
    return history.entries_of(subscriber_id)


def _desk(
    person: Subscriber, topics: list[judged.Judged], kept_out: list[suppression.Suppression]
) -> dict[str, Any]:
    """What may be done, and what they have asked for."""
    is_desk, why_out = can(Act.ANSWER_REQUESTS), {one.reason for one in kept_out}
    is_here = person.personal is not None
    leaves = [one for one in topics if one.standing in (Said.GIVEN, Said.REQUESTED)]
    return {
        "requests": requests.of_subscriber(person.id) if is_desk else [],
        "leaves": leaves if is_here else [],
        "may_withdraw": is_here and not why_out & {Why.WITHDRAWN.value, Why.DESTROYED.value},
        "may_suppress": is_here and Why.STAFF.value not in why_out,
        "grounds": list(Ground),
        "reasons": list(Reason),
        "rights": RIGHTS,
        "channels": (Channel.LETTER, Channel.STAFF),
    }


def _explained(person: Subscriber, errors: dict[str, str]) -> dict[str, Any]:
    """Why they did or did not get the campaign that was asked about."""
    asked = request.args.get("campaign", "").strip()
    if not asked:
        return {"explained": None, "of_campaign": None}
    try:
        campaign = campaigns.find(_number(asked))
    except Missing:
        errors["campaign"] = gettext("There is no campaign of this number.")
        return {"explained": None, "of_campaign": None}
    return {
        "explained": why.of_person(person, campaign, quotes=False),
        "of_campaign": campaign,
    }


def _number(asked: str) -> int:
    plain = asked.removeprefix("#")
    is_number = plain.isascii() and plain.isdigit() and len(plain) < 11
    number = int(plain) if is_number else 0
    return number if number <= LARGEST_NUMBER else 0
