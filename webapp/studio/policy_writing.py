"""Writing a policy version: its texts, typed or uploaded, and what it declares."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mailing.base.database import db
from mailing.base.languages import LANGUAGES, gettext
from mailing.campaigns import notices
from mailing.policies import versions
from mailing.policies.versions import PolicyVersion
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor
from webapp.studio.policy_form import Typed, blank, keep, of_version, typed


@studio.get("/policies/new")
@needs(Act.WRITE_POLICIES)
def policy_new() -> str:
    return _page(blank())


@studio.post("/policies/new")
@needs(Act.WRITE_POLICIES)
def policy_create() -> ResponseReturnValue:
    return _keep(typed(request.form, request.files), None)


@studio.get("/policies/<int:policy_id>/write")
@needs(Act.WRITE_POLICIES)
def policy_write(policy_id: int) -> str:
    policy = versions.find(policy_id)
    return _page(of_version(policy), policy)


@studio.post("/policies/<int:policy_id>/write")
@needs(Act.WRITE_POLICIES)
def policy_add(policy_id: int) -> ResponseReturnValue:
    """Texts in further languages, and summaries; a text that is kept is never touched."""
    return _keep(typed(request.form, request.files), versions.find(policy_id))


def _keep(read: Typed, policy: PolicyVersion | None) -> ResponseReturnValue:
    """Keep all of it or nothing; whatever is wrong comes back beside it."""
    number = policy.id if policy else None
    kept = keep(read, policy, actor())
    if kept is None:
        db.session.rollback()
        return _page(read, versions.find(number) if number else None), 422
    found = kept.id
    notices.complete(kept, actor())
    db.session.commit()
    flash(gettext("Kept, byte for byte. Nothing is public yet: see what was found."), "done")
    return redirect(url_for("studio.policy_page", policy_id=found), 303)


def _page(read: Typed, policy: PolicyVersion | None = None) -> str:
    have = {text.language for text in versions.texts(policy)} if policy else set()
    missing = [tongue for tongue in LANGUAGES if tongue not in have]
    wrong = [tongue for tongue in missing if any(e.startswith(tongue) for e in read.errors)]
    return render_template(
        "pages/studio/policy_write.html",
        policy=policy,
        form=read,
        errors=read.errors,
        have=have,
        open_tongue=(wrong or missing or list(LANGUAGES))[0],
        languages=LANGUAGES,
    )
