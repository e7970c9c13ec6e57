"""Segments: written as sentences, counted while one looks, saved under a name."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid
from mailing.base.languages import gettext
from mailing.campaigns import audience, segments
from mailing.campaigns.audience import Audience
from mailing.campaigns.segments import Segment
from mailing.campaigns.sentences import Conditions
from mailing.people.topics import Topic
from mailing.staff import audit
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor, can
from webapp.studio.masking import masked
from webapp.studio.segment_form import SegmentDraft, choices, told, typed, written

SAMPLE = 10


@studio.get("/segments")
@needs(Act.COUNT_AUDIENCES)
def campaign_segments() -> str:
    rows = [(one, told(one.conditions.sentences)) for one in segments.everyone()]
    return render_template("pages/studio/segments.html", rows=rows)


@studio.get("/segments/new")
@needs(Act.WRITE_SEGMENTS)
def campaign_segment_new() -> str:
    return _page(SegmentDraft(), None)


@studio.post("/segments/new")
@needs(Act.WRITE_SEGMENTS)
def campaign_segment_create() -> ResponseReturnValue:
    return _act(typed(request.form), None)


@studio.get("/segments/<int:segment_id>")
@needs(Act.WRITE_SEGMENTS)
def campaign_segment(segment_id: int) -> str:
    found = segments.find(segment_id)
    return _page(written(found), found)


@studio.post("/segments/<int:segment_id>")
@needs(Act.WRITE_SEGMENTS)
def campaign_segment_save(segment_id: int) -> ResponseReturnValue:
    return _act(typed(request.form), segments.find(segment_id))


@studio.post("/segments/<int:segment_id>/retire")
@needs(Act.WRITE_SEGMENTS)
def campaign_segment_retire(segment_id: int) -> ResponseReturnValue:
    """Offer it no more; a second press of the button offers it again."""
    found = segments.find(segment_id)
    act = segments.restore if found.retired_at else segments.retire
    act(found, actor())
    db.session.commit()
    return redirect(url_for("studio.campaign_segments"), 303)


def _act(draft: SegmentDraft, segment: Segment | None) -> ResponseReturnValue:
    """What the pressed button asks for: to save, or only to look, with all that was typed."""
    if "save" in request.form:
        return _keep(draft, segment)
    if "live" in request.form:
        return _count(draft)
    if "count" in request.form and (conditions := draft.conditions()):
        return _page(draft, segment, conditions)
    return _page(draft, segment), 422 if draft.errors else 200


def _keep(draft: SegmentDraft, segment: Segment | None) -> ResponseReturnValue:
    conditions = draft.conditions()
    try:
        if conditions and segment:
            segments.change(segment, draft.name, conditions, actor())
        elif conditions:
            segments.save(draft.name, conditions, actor())
    except (Invalid, Conflict) as refusal:
        draft.errors["name"] = refusal.message
    if draft.errors:
        db.session.rollback()
        return _page(draft, segment), 422
    db.session.commit()
    flash(gettext("Saved."), "done")
    return redirect(url_for("studio.campaign_segments"), 303)


def _count(draft: SegmentDraft) -> str:
    """The counts alone, for the page that is open already."""
    offered = choices(draft)
    conditions, topic = draft.conditions(), offered["counted_in"]
    counted = audience.count_in(topic.id, conditions) if conditions and topic else None
    return render_template(
        "pages/studio/segment_count.html", counted=counted, topic=topic, draft=draft, is_live=True
    )


def _page(
    draft: SegmentDraft, segment: Segment | None, conditions: Conditions | None = None
) -> str:
    offered = choices(draft)
    counted, people = _counted(offered["counted_in"], conditions)
    return render_template(
        "pages/studio/segment_write.html",
        draft=draft,
        errors=draft.errors,
        segment=segment,
        counted=counted,
        people=people,
        **offered,
    )


def _counted(
    topic: Topic | None, conditions: Conditions | None
) -> tuple[Audience | None, list[str]]:
    """How many, and ten of them for whoever may see people; that they looked is logged."""
    if topic is None or conditions is None:
        return None, []
    counted = audience.count_in(topic.id, conditions)
    if not can(Act.SEE_PEOPLE):
        return counted, []
    people = [masked(one) for one in audience.some_in(topic.id, conditions, SAMPLE) if one]
    audit.record(actor(), "people seen", f"topic {topic.slug}", line="sample", rows=len(people))
    db.session.commit()
    return counted, people
