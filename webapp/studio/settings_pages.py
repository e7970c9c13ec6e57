"""Settings: who the operator is, whether the sending domain is believed, what runs under which
limits."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mailing.base import newkey, operator
from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid
from mailing.base.languages import gettext
from mailing.base.settings import current
from mailing.campaigns import counting, identity
from mailing.deliveries import dns_checks, dns_records, relays
from mailing.staff import audit
from mailing.staff.permissions import Act
from webapp.studio.blueprint import fresh, needs, studio
from webapp.studio.identity import actor


@studio.get("/settings")
@needs(Act.READ_SETTINGS)
def settings_home() -> str:
    return render_template(
        "pages/studio/settings.html",
        known=operator.shown(),
        seen=dns_checks.look(),
        relays=relays.everyone(),
        limits=current(),
        clicks_are_counted=counting.is_on(),
    )


@studio.get("/settings/operator")
@needs(Act.CHANGE_SETTINGS)
def settings_operator() -> str:
    known = operator.shown()
    return _operator({"name": known.name, "bin": known.bin, "address": known.address}, {})


@studio.post("/settings/operator")
@needs(Act.CHANGE_SETTINGS)
@fresh
def settings_operator_change() -> ResponseReturnValue:
    typed = {name: request.form.get(name, "") for name in ("name", "bin", "address")}
    try:
        identity.change(typed["name"], typed["bin"], typed["address"], actor())
    except Invalid as refusal:
        db.session.rollback()
        return _operator(typed, {refusal.field or "name": refusal.message}), 422
    except Conflict as refusal:
        db.session.rollback()
        return _operator(typed, {"name": refusal.message}), 409
    db.session.commit()
    flash(gettext("Saved."), "done")
    return redirect(url_for("studio.settings_home"), 303)


@studio.get("/settings/domain")
@needs(Act.READ_SETTINGS)
def settings_domain() -> str:
    return _domain()


@studio.post("/settings/domain")
@needs(Act.CHANGE_SETTINGS)
def settings_domain_look() -> ResponseReturnValue:
    dns_checks.ask(actor())
    db.session.commit()
    return redirect(url_for("studio.settings_domain"), 303)


@studio.post("/settings/key")
@needs(Act.CHANGE_SETTINGS)
@fresh
def settings_key() -> ResponseReturnValue:
    """The page shows what to publish and what to set; the private half never leaves its file."""
    settings, asked = current(), request.form.get("selector", "").strip()
    domain, algorithm = dns_records.sender(settings), request.form.get("algorithm", "")
    try:
        key, path = newkey.create(settings.var / "dkim", domain, asked, algorithm)
    except (Invalid, Conflict) as refusal:
        errors = {getattr(refusal, "field", None) or "selector": refusal.message}
        return _domain(errors=errors, selector=asked), 422
    audit.record(actor(), "signing key made", "sending domain", selector=asked, kind=algorithm)
    db.session.commit()
    text = dns_records.published(key)
    return render_template("pages/studio/settings_key.html", key=key, path=path, text=text)


def _operator(typed: dict[str, str], errors: dict[str, str]) -> str:
    return render_template(
        "pages/studio/settings_operator.html",
        typed=typed,
        errors=errors,
        is_held=operator.held(current()) is not None,
    )


def _domain(errors: dict[str, str] | None = None, selector: str = "") -> str:
    seen = dns_checks.look()
    return render_template(
        "pages/studio/settings_domain.html",
        seen=seen,
        is_waited_for=any(one.check and one.check.is_waited_for for one in seen),
        domain=dns_records.sender(current()),
        errors=errors or {},
        selector=selector,
        algorithms=newkey.ALGORITHMS,
    )
