"""The last look before sending, and every act on a campaign that has been let go."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid
from mailing.base.languages import gettext, ngettext
from mailing.base.settings import current
from mailing.campaigns import approvals, campaigns
from mailing.campaigns.campaigns import Campaign
from mailing.deliveries import dispatch, halting, links, readiness, spam_checks, status, usual
from mailing.deliveries.halting import Counted
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor
from webapp.studio.masking import masked
from webapp.studio.moments import moment
from webapp.studio.shell import figure


@studio.get("/campaigns/<int:campaign_id>/ready")
@needs(Act.READ_CAMPAIGNS)
def campaign_ready(campaign_id: int) -> str:
    return _last_look(campaigns.find(campaign_id), {})


@studio.post("/campaigns/<int:campaign_id>/start")
@needs(Act.SEND_CAMPAIGNS)
def campaign_start(campaign_id: int) -> ResponseReturnValue:
    """Start once: what was seen on the last look, to the number that its button held."""
    campaign = campaigns.lock(campaign_id)
    _demand_seen(campaign)
    expect = _number("expect")
    try:
        _demand_typed(campaign, expect)
        at = moment(request.form.get("day", ""), request.form.get("hour", ""), current().time_zone)
        dispatch.start(campaign_id, actor(), expect=expect, at=at)
    except Invalid as refusal:
        db.session.rollback()
        wrong = {refusal.field or "at": refusal.message}
        return _last_look(campaigns.find(campaign_id), wrong), 422
    db.session.commit()
    return _to_live(campaign_id)


@studio.post("/campaigns/<int:campaign_id>/links")
@needs(Act.WRITE_CAMPAIGNS)
def campaign_links(campaign_id: int) -> Response:
    """Have a worker look the links up; the page says what it found when it is opened again."""
    asked = links.ask(campaigns.find(campaign_id), actor())
    db.session.commit()
    flash(
        ngettext("%(num)s link is looked up.", "%(num)s links are looked up.", asked)
        if asked
        else gettext("Every link was looked up within ten minutes."),
        "done",
    )
    return redirect(url_for("studio.campaign_ready", campaign_id=campaign_id), 303)


@studio.post("/campaigns/<int:campaign_id>/spam")
@needs(Act.WRITE_CAMPAIGNS)
def campaign_spam(campaign_id: int) -> Response:
    """Have a worker show it to the spam filter; the page says what came of it when it is opened
    again."""
    asked = spam_checks.ask(campaigns.find(campaign_id), actor())
    db.session.commit()
    flash(
        gettext("The spam filter is asked. Check again in a moment.")
        if asked
        else gettext("It was judged within ten minutes, as it is now."),
        "done",
    )
    return redirect(url_for("studio.campaign_ready", campaign_id=campaign_id), 303)


def _last_look(campaign: Campaign, errors: dict[str, str]) -> str:
    look = readiness.look(campaign)
    return render_template(
        "pages/studio/ready.html",
        campaign=campaign,
        audience=look.audience,
        chosen=look.languages,
        readiness=readiness.check(campaign, look),
        sender=current().from_,
        errors=errors,
        typed=request.form,
        wants_number=usual.wants_the_number(campaign, look.audience.will_receive),
        seen=approvals.bound_to(campaign),
        story=approvals.story(campaign.id),
        is_own=approvals.is_own(campaign, actor()),
        standing=approvals.standing(campaign),
        wants_approval=current().approval,
        now=clock.now(),
        holding_seconds=current().holding_seconds,
        has_spam_filter=spam_checks.is_configured(),
    )


def _demand_seen(campaign: Campaign) -> None:
    """Raises Conflict where words, topic or segment are not those of the page."""
    seen = request.form.get("seen")
    if seen and seen != approvals.bound_to(campaign):
        raise Conflict(
            gettext("Somebody changed the message after you opened this page. Look at it again.")
        )


def _demand_typed(campaign: Campaign, expect: int) -> None:
    """Where very many get it, or far more than usual, the hand says the number as well."""
    said = "".join(one for one in request.form.get("number", "") if one.isdigit())
    if usual.wants_the_number(campaign, expect) and said != str(expect):
        raise Invalid(gettext("Type the number of people who get it."), "number")


@studio.post("/campaigns/<int:campaign_id>/send-now")
@needs(Act.SEND_CAMPAIGNS)
def campaign_send_now(campaign_id: int) -> Response:
    dispatch.send_now(campaign_id, actor())
    db.session.commit()
    return _to_live(campaign_id)


@studio.post("/campaigns/<int:campaign_id>/hold")
@needs(Act.PAUSE_CAMPAIGNS)
def campaign_hold(campaign_id: int) -> Response:
    dispatch.hold(campaign_id, actor())
    db.session.commit()
    flash(gettext("Held. Nothing was sent; it is a draft again."), "done")
    return redirect(url_for("studio.campaign_ready", campaign_id=campaign_id), 303)


@studio.post("/campaigns/<int:campaign_id>/pause")
@needs(Act.PAUSE_CAMPAIGNS)
def campaign_pause(campaign_id: int) -> Response:
    counted = halting.pause(campaign_id, actor())
    db.session.commit()
    flash(_sentence(counted, gettext("Paused. %(out)s were out, %(stopped)s wait.")), "warn")
    return _to_live(campaign_id)


@studio.post("/campaigns/<int:campaign_id>/resume")
@needs(Act.SEND_CAMPAIGNS)
def campaign_resume(campaign_id: int) -> Response:
    halting.resume(campaign_id, actor())
    db.session.commit()
    flash(gettext("Sending goes on where it stopped. Nobody gets it twice."), "done")
    return _to_live(campaign_id)


@studio.post("/campaigns/<int:campaign_id>/stop")
@needs(Act.PAUSE_CAMPAIGNS)
def campaign_stop(campaign_id: int) -> Response:
    counted = halting.stop(campaign_id, actor())
    db.session.commit()
    if counted.out:
        told = gettext("Too late to stop all: %(out)s sent, %(stopped)s stopped.")
    else:
        told = gettext("Stopped. Nothing was sent.")
    flash(_sentence(counted, told), "warn")
    return _to_live(campaign_id)


@studio.get("/campaigns/<int:campaign_id>/uncertain")
@needs(Act.READ_CAMPAIGNS)
def campaign_uncertain(campaign_id: int) -> str:
    return render_template(
        "pages/studio/uncertain.html",
        people=status.uncertain(campaign_id),
        campaign=campaigns.find(campaign_id),
        masked=masked,
    )


@studio.post("/campaigns/<int:campaign_id>/uncertain")
@needs(Act.SEND_CAMPAIGNS)
def campaign_resend(campaign_id: int) -> Response:
    again = status.resend_uncertain(campaign_id, actor())
    db.session.commit()
    flash(
        ngettext("%(num)s message is sent again.", "%(num)s messages are sent again.", again),
        "done",
    )
    return _to_live(campaign_id)


def _to_live(campaign_id: int) -> Response:
    return redirect(url_for("studio.campaign_live", campaign_id=campaign_id), 303)


def _number(name: str) -> int:
    """A number of the form; raises Invalid, so that nothing starts without one."""
    try:
        return int(request.form[name])
    except (KeyError, ValueError):
        raise Invalid(gettext("Open the last look again and press its button.")) from None


def _sentence(counted: Counted, words: str) -> str:
    return words % {"out": figure(counted.out), "stopped": figure(counted.stopped)}
