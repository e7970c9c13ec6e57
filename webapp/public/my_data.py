"""My data: to see, take along, put right, and move to another address; with a fresh link only."""

import json
from datetime import date

from flask import Blueprint, Response, abort, g, make_response, request

from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid
from mailing.base.languages import gettext as _
from mailing.deliveries import confirmations
from mailing.leaving import links
from mailing.people import subscribers
from mailing.people.address import masked
from mailing.people.open_form import OPTIONAL
from mailing.people.subscribers import Subscriber
from mailing.requests import access, fresh, moving, rectify
from webapp.headers import personal
from webapp.public.page import show, show_personal, speak_to

pages = Blueprint("my_data", __name__)


@pages.before_request
def nobody_is_here() -> Response | None:
    """The link of a preview belongs to nobody; and of some people nothing is kept any more."""
    token = (request.view_args or {}).get("token", "")
    if links.is_preview(token):
        return personal(show("preview"))
    g.holder = fresh.person_of(token)
    if g.holder is None or g.holder.personal is None:
        return personal(show("gone")) if links.person_of(token) else abort(404)
    return None


@pages.post("/preferences/<token>/link")
def send_link(token: str) -> Response:
    """Mail a fresh link to the address on file; the page says no more than that."""
    holder = _holder()
    fresh.mail_to_holder(token)
    db.session.commit()
    return _about(holder, token, "link_sent", is_shut=not confirmations.may_be_asked(holder))


@pages.get("/preferences/<token>/data")
def see(token: str) -> Response:
    """Everything that is kept about this person."""
    data = access.look(token)
    return _about(_holder(), token, "my_data", data=data) if data else _stale(token)


@pages.post("/preferences/<token>/data")
def take_along(token: str) -> Response:
    """The same as a file. A POST, because the taking is written down (policy 2.7)."""
    data = access.download(token)
    if data is None:
        return _stale(token)
    answer = make_response(json.dumps(data, default=_plain, ensure_ascii=False, indent=2))
    answer.mimetype = "application/json"
    db.session.commit()
    answer.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return personal(answer)


@pages.post("/preferences/<token>/bundle")
def order(token: str) -> Response:
    """Have everything made into one file; a link to it is mailed when it is there."""
    data = access.order(token)
    if data is None:
        return _stale(token)
    db.session.commit()
    return _about(_holder(), token, "my_data", data=data, is_ordered=True)


@pages.get("/preferences/<token>/correct")
def correction(token: str) -> Response:
    """The names and the telephone as they are kept, to be put right."""
    holder = fresh.person_of_fresh(token)
    return _correction(holder, token) if holder else _stale(token)


@pages.post("/preferences/<token>/correct")
def correct(token: str) -> Response:
    """Put them right; what is not posted stays."""
    given = {name: request.form[name] for name in OPTIONAL if name in request.form}
    try:
        changed = rectify.correct(token, given)
    except Conflict:
        return _stale(token)
    except Invalid as error:
        db.session.rollback()
        return _correction(_holder(), token, given=given, problems=_problem(error))
    db.session.commit()
    return _correction(_holder(), token, changed=changed)


@pages.get("/preferences/<token>/address")
def address(token: str) -> Response:
    """Name another address."""
    holder = fresh.person_of_fresh(token)
    return _about(holder, token, "address", typed="", problem=None) if holder else _stale(token)


@pages.post("/preferences/<token>/address")
def move(token: str) -> Response:
    """Ask both addresses. The answer is the same for each address that can be."""
    typed = request.form.get("email", "")
    try:
        moving.ask(token, typed)
    except Conflict:
        return _stale(token)
    except Invalid:
        db.session.rollback()
        problem = _("Enter another address than the present one, like name@example.kz.")
        return _about(_holder(), token, "address", 422, typed=typed, problem=problem)
    db.session.commit()
    return _about(_holder(), token, "address_asked")


def _plain(value: object) -> str:
    """A time as RFC 3339 writes it; anything else by its name."""
    return value.isoformat() if isinstance(value, date) else str(value)


def _holder() -> Subscriber:
    """Whose link it is: read once, before the view is asked."""
    holder: Subscriber = g.holder
    return holder


def _stale(token: str) -> Response:
    """A link that is too old to show anything still asks for one that does."""
    db.session.rollback()
    status = 403 if request.method == "POST" else 200
    return _about(_holder(), token, "link_needed", status)


def _correction(
    holder: Subscriber,
    token: str,
    given: dict[str, str] | None = None,
    problems: dict[str, str] | None = None,
    changed: tuple[str, ...] | None = None,
) -> Response:
    values = rectify.fields_of(holder)
    shown = {"fields": tuple(values), "values": values | (given or {}), "problems": problems or {}}
    status = 422 if problems else 200
    return _about(holder, token, "correct", status, changed=changed, **shown)


def _problem(error: Invalid) -> dict[str, str]:
    """The field and what to enter; a field that no page offers is told under the first one."""
    return {
        error.field or OPTIONAL[0]: _("Enter plain text on one line, 200 characters at the most.")
    }


def _about(
    holder: Subscriber, token: str, name: str, status: int = 200, **values: object
) -> Response:
    speak_to(holder.language)
    kept = subscribers.personal_of(holder)
    shown = masked(kept.email) if kept else ""
    return show_personal(name, status, token=token, address=shown, **values)
