"""A test mail: to oneself by default, to five addresses at most; and that it looks right."""

import re

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from mailing.base.database import db
from mailing.base.errors import Invalid
from mailing.base.languages import gettext, ngettext
from mailing.campaigns import campaigns
from mailing.deliveries import nods, trying
from mailing.deliveries.trying import Wish
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor
from webapp.studio.preview_pages import preview_page
from webapp.studio.seen import demand_unchanged


@studio.post("/campaigns/<int:campaign_id>/test")
@needs(Act.WRITE_CAMPAIGNS)
def campaign_test(campaign_id: int) -> ResponseReturnValue:
    campaign, typed = campaigns.find(campaign_id), request.form.get("to", "")
    demand_unchanged(campaign, request.form.get("seen"))
    language, sample = request.form.get("language", ""), request.form.get("reader", "")
    wish = Wish(campaign.content_in(language).language, sample, re.split(r"[\s,;]+", typed))
    try:
        sent = trying.send(campaign, wish, actor())
    except Invalid as wrong:
        db.session.rollback()
        return preview_page(campaign, errors={"to": wrong.message}, typed=typed), 422
    db.session.commit()
    said = ngettext(
        "%(num)s test mail is on its way.", "%(num)s test mails are on their way.", len(sent)
    )
    flash(said, "done")
    here = url_for(
        "studio.campaign_preview", campaign_id=campaign_id, language=language, reader=sample
    )
    return redirect(f"{here}#test", 303)


@studio.post("/campaigns/<int:campaign_id>/looks-right")
@needs(Act.JUDGE_TESTS)
def campaign_looks_right(campaign_id: int) -> Response:
    """Somebody saw the test mail of these words in a mailbox, and says that it looks right."""
    language = campaigns.find(campaign_id).content_in(request.form.get("language", "")).language
    nods.nod(campaign_id, language, request.form.get("seen", ""), actor())
    db.session.commit()
    flash(gettext("Noted, with your name."), "done")
    here = url_for("studio.campaign_preview", campaign_id=campaign_id, language=language)
    return redirect(f"{here}#looks-right", 303)
