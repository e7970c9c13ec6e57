"""What staff do about one person, each for a reason: unsubscribe, withdraw, keep out, ask for them.

The verbs are those of leaving, suppression and the desk; nothing here lifts a "no".
"""

from uuid import UUID

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from mailing.base.database import db
from mailing.base.errors import Invalid, Missing
from mailing.base.languages import gettext, ngettext
from mailing.leaving import by_staff
from mailing.leaving.receipts import Receipt
from mailing.leaving.scope import Scope
from mailing.people import profile, subscribers, topics
from mailing.people.ledger import Kind
from mailing.people.subscribers import Subscriber
from mailing.requests import registering, withdrawals
from mailing.requests.kinds import RIGHTS, Channel
from mailing.requests.registering import Asking
from mailing.staff.permissions import Act
from webapp.studio import person_page, request_view
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor

EVERYTHING = "all"


@studio.post("/people/<uuid:subscriber_id>/unsubscribe")
@needs(Act.STOP_PEOPLE)
def person_unsubscribe(subscriber_id: UUID) -> ResponseReturnValue:
    """From one topic, or from everything."""
    person = profile.of_number(subscriber_id)
    try:
        scope, why = _scope(), _because()
    except Invalid as refusal:
        return _again(person, "unsubscribe", refusal)
    stopped = by_staff.stop(
        person.id, scope, Kind.UNSUBSCRIBED, actor(), why.text, why.ground.value
    )
    db.session.commit()
    return _done(person.id, gettext("Unsubscribed."), stopped)


@studio.post("/people/<uuid:subscriber_id>/withdraw")
@needs(Act.STOP_PEOPLE)
def person_withdraw(subscriber_id: UUID) -> ResponseReturnValue:
    """Consent is withdrawn, and the destruction that follows is on the desk."""
    person = profile.of_number(subscriber_id)
    try:
        why = _because()
    except Invalid as refusal:
        return _again(person, "withdraw", refusal)
    stopped, asked = withdrawals.by_staff(person.id, actor(), why.text, why.ground.value)
    db.session.commit()
    told = gettext("Consent is withdrawn: nothing is mailed to them any more.")
    if asked is not None:
        told = f"{told} " + gettext(
            "Request %(number)s asks for the destruction of their data.", number=asked.number
        )
    return _done(person.id, told, stopped)


@studio.post("/people/<uuid:subscriber_id>/suppress")
@needs(Act.STOP_PEOPLE)
def person_suppress(subscriber_id: UUID) -> ResponseReturnValue:
    person = profile.of_number(subscriber_id)
    try:
        by_staff.keep_out(person.id, _because(), actor())
    except Invalid as refusal:
        return _again(person, "suppress", refusal)
    db.session.commit()
    return _done(person.id, gettext("The address is kept out: nothing is mailed to it any more."))


@studio.post("/people/<uuid:subscriber_id>/request")
@needs(Act.ANSWER_REQUESTS)
def person_request(subscriber_id: UUID) -> ResponseReturnValue:
    """A request that they made on paper or by telephone, written down on their behalf."""
    person = profile.of_number(subscriber_id)
    try:
        made = registering.register(_asking(person), _channel(), actor())
    except Invalid as refusal:
        return _again(person, "request", refusal)
    db.session.commit()
    return request_view.to(made.id)


def _scope() -> Scope:
    asked = request.form.get("topic", "")
    if asked == EVERYTHING:
        return Scope.everything()
    try:
        return Scope.of_topics(topics.find(asked).id)
    except Missing:
        raise Invalid(gettext("Choose what they leave."), field="topic") from None


def _because() -> by_staff.Because:
    return by_staff.because(request.form.get("reason", ""), request.form.get("words", ""))


def _asking(person: Subscriber) -> Asking:
    personal = subscribers.personal_of(person)
    if personal is None:
        raise Missing(gettext("There is no person of this number, or their data were destroyed."))
    asked = request.form.getlist("right")
    return Asking(
        rights=tuple(kind for kind in RIGHTS if kind in asked),
        email=personal.email,
        words=request.form.get("told", ""),
    )


def _channel() -> Channel:
    asked = request.form.get("channel", "")
    if asked not in set(Channel):
        raise Invalid(gettext("Say by which way it came."), field="channel")
    return Channel(asked)


def _again(person: Subscriber, form: str, refusal: Invalid) -> ResponseReturnValue:
    """The profile with what was typed, and the sentence beside its field."""
    db.session.rollback()
    where = f"{form}-{refusal.field or 'reason'}"
    return person_page.page(person, {where: refusal.message}), 422


def _done(subscriber_id: UUID, told: str, receipt: Receipt | None = None) -> Response:
    flash(" ".join([told, *_past_recall(receipt)]), "done")
    return redirect(url_for("studio.person_page", subscriber_id=subscriber_id), 303)


def _past_recall(receipt: Receipt | None) -> list[str]:
    """What had been handed over by then, and may arrive."""
    number = len(receipt.in_flight) if receipt else 0
    if not number:
        return []
    return [
        ngettext(
            "%(num)s message had been handed over before and may still arrive.",
            "%(num)s messages had been handed over before and may still arrive.",
            number,
        )
    ]
