"""The preference centre: what somebody gets, and every way to change it. One press, one act.

The link is the key, as it is for leaving: no login, no cookie. A GET changes nothing, and a post
without the name of an act (cut off, or made up) changes nothing either.
"""

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from flask import Blueprint, Response, abort, make_response, request

from mailing.base.errors import Unavailable
from mailing.base.languages import gettext as _
from mailing.leaving import links, preference_view, preferences
from mailing.leaving.leave import NobodyKnown
from mailing.leaving.preferences import Filled, Saved
from mailing.leaving.receipts import Receipt
from mailing.requests import withdrawals
from webapp.errors import page as error_page
from webapp.errors import places
from webapp.headers import personal
from webapp.public.page import asked_language, lost_link, show, show_personal, speak_to

pages = Blueprint("preferences", __name__)

DONE = "Сақталды. Сохранено. Saved.\n"

log = structlog.get_logger()


@dataclass(frozen=True)
class Outcome:
    """What was done, for the page to say: `said` is the name of its sentence."""

    said: str
    saved: Saved | None = None
    receipt: Receipt | None = None
    status: int = 200


@pages.before_request
def say_that_it_is_a_preview() -> Response | None:
    """The link of a preview belongs to nobody: whatever is asked of it, nothing is done."""
    token = (request.view_args or {}).get("token", "")
    return personal(show("preview")) if links.is_preview(token) else None


@pages.get("/preferences/<token>")
def look(token: str) -> Response:
    """What this person gets."""
    return _page(token, None)


@pages.post("/preferences/<token>")
def change(token: str) -> Response:
    """Do what the pressed button says, and show what is so now."""
    if links.person_of(token) is None:
        abort(404)
    act = ACTS.get(request.form.get("act", ""), _nothing)
    return _answer(token, act(token))


@pages.get("/preferences/<token>/withdraw")
def explain(token: str) -> Response:
    """Unsubscribing and withdrawing side by side, then one button."""
    view = preference_view.look(token, asked_language()) or abort(404)
    speak_to(view.language)
    centre = f"/preferences/{token}"
    return show_personal("withdraw", view=view, centre=centre, leave=f"/u/{token}")


@pages.errorhandler(Unavailable)
def written_down(error: Unavailable) -> Response:
    """The database is away: the journal has the wish, and the answer is never a false "done"."""
    return error_page(
        503, _("Your wish is written down, but we cannot carry it out just now. Please try again.")
    )


@pages.errorhandler(NobodyKnown)
def nobody_known(error: NobodyKnown) -> Response:
    """Ours, and nobody's any more: what was asked for cannot be said to be done."""
    return error_page(410, lost_link())


def _answer(token: str, outcome: Outcome) -> Response:
    """What was done is stored: no fault in drawing the page may deny it (T42)."""
    try:
        return _page(token, outcome)
    except Exception as error:
        log.error("result_page_failed", kind=type(error).__name__, where=places(error))
        answer = make_response(DONE, outcome.status)
        answer.mimetype = "text/plain"
        return personal(answer)


def _page(token: str, outcome: Outcome | None) -> Response:
    view = preference_view.look(token, asked_language()) or abort(404)
    speak_to(view.language)
    here = f"/preferences/{token}"
    status = outcome.status if outcome else 200
    shown = {"token": token, "is_fresh": view.is_fresh, "here": here}
    return show_personal("preferences", status, view=view, outcome=outcome, **shown)


def _save(token: str) -> Outcome:
    form = request.form
    filled = Filled(
        listed=frozenset(form.getlist("listed")),
        shown=frozenset(form.getlist("shown")),
        ticked=frozenset(form.getlist("topic")),
        policy=form.get("policy", ""),
        language=form.get("wording", ""),
        said=frozenset(form.getlist("said")) or None,
    )
    saved = preferences.save(token, filled)
    is_open = saved.receipt is not None and bool(saved.receipt.in_flight)
    status = 409 if saved.is_outdated else 202 if is_open else 200
    return Outcome("saved", saved, saved.receipt, status)


def _stop(token: str) -> Outcome:
    return _ended("stopped", preferences.stop(token))


def _withdraw(token: str) -> Outcome:
    receipt = preferences.withdraw(token)
    withdrawals.by_link(token)
    return _ended("withdrawn", receipt)


def _ended(said: str, receipt: Receipt | None) -> Outcome:
    return Outcome(said, None, receipt, 202 if receipt and receipt.in_flight else 200)


def _undo(token: str) -> Outcome:
    return Outcome("undone" if links.undo_stop(token) else "too_late")


def _pause(token: str) -> Outcome:
    days = request.form.get("days", "")
    is_known = days in {str(one) for one in preferences.PAUSES}
    is_paused = is_known and preferences.pause(token, int(days))
    return Outcome("paused" if is_paused else "nothing", status=200 if is_paused else 422)


def _end_pause(token: str) -> Outcome:
    return Outcome("pause_ended" if preferences.end_pause(token) else "nothing")


def _language(token: str) -> Outcome:
    is_set = preferences.set_language(token, request.form.get("language", ""))
    return Outcome("language" if is_set else "nothing", status=200 if is_set else 422)


def _nothing(_token: str) -> Outcome:
    return Outcome("nothing", status=422)


ACTS: dict[str, Callable[[str], Outcome]] = {
    "save": _save,
    "stop": _stop,
    "undo": _undo,
    "withdraw": _withdraw,
    "pause": _pause,
    "end_pause": _end_pause,
    "language": _language,
}
