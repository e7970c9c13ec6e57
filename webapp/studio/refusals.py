"""What the studio answers when the domain, the role or the form said no."""

from flask import make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError

from mailing.base.database import db
from mailing.base.errors import KelisimError
from mailing.base.languages import gettext
from webapp.errors import STATUS
from webapp.studio import composer, places, writing
from webapp.studio.blueprint import studio
from webapp.studio.sentences import spoken_sentence

KEPT_FORMS = frozenset({"studio.campaign_create", "studio.campaign_save", "studio.campaign_begin"})


@studio.errorhandler(KelisimError)
def refused(error: KelisimError) -> ResponseReturnValue:
    """The domain's sentence, with the status that all of the web gives it."""
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)
    return _page(status, spoken_sentence(error.message))


@studio.errorhandler(CSRFError)
def foreign_form(error: CSRFError) -> ResponseReturnValue:
    """A form that did not come from a page of this login (CSRF), or came after its end."""
    if request.endpoint in KEPT_FORMS:
        return writing.typed_again()
    if request.endpoint == "studio.campaign_compose_save":
        return composer.typed_anew((request.view_args or {})["campaign_id"])
    return _page(400, gettext("This form was opened under another login. Go back, reload it."))


def _page(status: int, sentence: str) -> ResponseReturnValue:
    db.session.rollback()
    # What may not be done, or is not there, is not there to go back to either.
    back = None if status in (403, 404) else places.way_back()
    shown = render_template(
        "pages/studio/refused.html", status=status, sentence=sentence, back=back
    )
    return make_response(shown, status)
