"""Policy versions: what they declare, what was found in their texts, and publishing them."""

import hashlib

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, Missing
from mailing.base.languages import LANGUAGES, gettext
from mailing.base.settings import current
from mailing.campaigns import audience, notices
from mailing.campaigns.campaigns import Campaign
from mailing.people import coverage
from mailing.policies import reading, versions
from mailing.policies.declared import added, field_name, purpose_name
from mailing.policies.review import review, sentence
from mailing.policies.texts import Format
from mailing.policies.versions import PolicyVersion
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor


@studio.get("/policies")
@needs(Act.READ_POLICIES)
def policy_list() -> str:
    rows = [
        (policy, versions.texts(policy), notice_of(policy))
        for policy in reversed(versions.all_versions())
    ]
    in_force = versions.in_force()
    return render_template("pages/studio/policies.html", rows=rows, in_force=in_force)


@studio.get("/policies/<int:policy_id>")
@needs(Act.READ_POLICIES)
def policy_page(policy_id: int) -> str:
    policy = versions.find(policy_id)
    texts, before = versions.texts(policy), versions.before(policy)
    return render_template(
        "pages/studio/policy.html",
        policy=policy,
        texts=texts,
        missing=[one for one in LANGUAGES if one not in {text.language for text in texts}],
        findings=[(one.language, sentence(one)) for one in review(policy)],
        coverage=coverage.of(policy),
        before=before,
        added=added(policy, [before] if before else []),
        notice=notice_of(policy),
        due=audience.of_a_notice() if policy.material and not policy.published_at else None,
        in_force=versions.in_force(),
        today=clock.today(current().time_zone),
        seen=_fingerprint(policy),
        purpose_name=purpose_name,
        field_name=field_name,
        readable=reading.readable,
    )


@studio.get("/policies/<int:policy_id>/text")
@needs(Act.READ_POLICIES)
def policy_text(policy_id: int) -> str:
    """One text as its readers will see it; drafts too, for staff alone."""
    policy = versions.find(policy_id)
    text = versions.text_in(policy, request.args.get("language", ""))
    readable = reading.readable(text.words) if text.format == Format.MARKDOWN else None
    return render_template(
        "pages/studio/policy_text.html", policy=policy, text=text, readable=readable
    )


@studio.post("/policies/<int:policy_id>/publish")
@needs(Act.PUBLISH_POLICIES)
def policy_publish(policy_id: int) -> Response:
    """Publish what was looked at; a material version drafts the notice that tells people (7.2)."""
    versions.hold()
    policy = versions.find(policy_id)
    _demand_unchanged(policy, request.form.get("seen"))
    notice = notices.publish(policy, actor())
    db.session.commit()
    flash(gettext("Published."), "done")
    if notice is None:
        return redirect(url_for("studio.policy_page", policy_id=policy_id), 303)
    return redirect(url_for("studio.campaign_page", campaign_id=notice.id), 303)


def notice_of(policy: PolicyVersion) -> Campaign | None:
    """The notice that announces the version; None where none was drafted."""
    try:
        return notices.find_for(policy.id)
    except Missing:
        return None


def _fingerprint(policy: PolicyVersion) -> str:
    """A short hash of everything that publishing would make public."""
    texts = [(text.language, text.sha256) for text in versions.texts(policy)]
    shown = repr((policy.id, texts, sorted(policy.summaries.items()), policy.material))
    return hashlib.sha256(shown.encode()).hexdigest()[:24]


def _demand_unchanged(policy: PolicyVersion, seen: str | None) -> None:
    if seen and seen != _fingerprint(policy):
        raise Conflict(
            gettext("Somebody added to this version after you opened the page. Look at it again.")
        )
