"""The second mail: asked for by the address alone, answered by one page for everybody."""

from flask import Blueprint, Response, request

from mailing.base.database import db
from mailing.base.languages import spoken
from mailing.deliveries import confirmations
from mailing.deliveries.confirmations import Again
from mailing.people.open_form import NotOpen, OpenForm
from webapp.headers import holding_a_form
from webapp.public.filled import Filled
from webapp.public.join import elsewhere, is_taken, not_open, too_many
from webapp.public.origin import page_of
from webapp.public.page import show

pages = Blueprint("again", __name__)
pages.register_error_handler(NotOpen, not_open)


@pages.get("/join/<slug>/again")
def ask(slug: str) -> Response:
    """Where the address is entered for a second mail."""
    return _page(OpenForm.find(slug), Filled.nothing())


@pages.post("/join/<slug>/again")
def again(slug: str) -> Response:
    """Send it again, where there is something to send: the answer does not say."""
    filled, opened = Filled.read(request.form), OpenForm.find(slug)
    if page_of(opened, request.headers, filled.opened) is None:
        return elsewhere(opened)
    problem = filled.address_problem()
    if problem:
        return _page(opened, filled, problem, 422)
    if not is_taken(slug, filled.opened):
        return _page(opened, filled, too_many(), 429)
    confirmations.resend(Again(slug, filled.email, spoken(), filled.is_trapped))
    db.session.commit()
    return _page(opened, Filled.nothing(), is_done=True)


def _page(
    opened: OpenForm, filled: Filled, problem: str = "", status: int = 200, is_done: bool = False
) -> Response:
    values = {"filled": filled, "problem": problem, "is_done": is_done, "slug": opened.slug}
    return holding_a_form(show("join_again", status, **values))
