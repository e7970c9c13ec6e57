"""The audience ledger: every considered person in exactly one line, and the people of a line."""

from itertools import islice
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from mailing.base.database import db
from mailing.base.errors import Missing
from mailing.base.languages import gettext
from mailing.campaigns import audience, campaigns, segments, sentences
from mailing.campaigns.campaigns import Campaign, Kind, State
from mailing.deliveries import lines
from mailing.people.verdict import Reason
from mailing.staff import audit
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor
from webapp.studio.masking import masked
from webapp.studio.segment_form import told

# A person's number, and their address; empty where they were destroyed since.
Row = tuple[UUID, str]

A_PAGE = 100


@studio.get("/campaigns/<int:campaign_id>/audience")
@needs(Act.COUNT_AUDIENCES)
def campaign_audience(campaign_id: int) -> str:
    campaign = campaigns.find(campaign_id)
    narrowed = campaign.narrowed
    return render_template(
        "pages/studio/audience.html",
        campaign=campaign,
        audience=audience.count(campaign),
        said=told(sentences.read(narrowed["definition"]).sentences) if narrowed else [],
        offered=_offered(campaign),
    )


@studio.post("/campaigns/<int:campaign_id>/segment")
@needs(Act.WRITE_CAMPAIGNS)
def campaign_narrow(campaign_id: int) -> Response:
    """Choose whom of the topic it goes to; nothing chosen is the whole topic."""
    chosen = request.form.get("segment", type=int)
    segment = segments.find(chosen) if chosen else None
    campaigns.narrow(campaign_id, segment, actor())
    db.session.commit()
    flash(gettext("Saved."), "done")
    return redirect(url_for("studio.campaign_audience", campaign_id=campaign_id), 303)


@studio.get("/campaigns/<int:campaign_id>/audience/<reason>")
@needs(Act.SEE_PEOPLE)
def campaign_people(campaign_id: int, reason: str) -> str:
    """One page of the people of a line before the start, addresses masked; who looked is logged
    (policy 2.7)."""
    campaign = campaigns.find(campaign_id)
    if reason not in {lines.RECEIVES, *Reason}:
        raise Missing(f"No line of the ledger is called {reason}.")
    found = ((number, one) for number, one, _ in audience.numbered(campaign, reason))
    return _people(campaign, "campaign_people", list(islice(found, *_window())), reason=reason)


@studio.get("/campaigns/<int:campaign_id>/outcome/<outcome>")
@needs(Act.SEE_PEOPLE)
def campaign_outcome(campaign_id: int, outcome: str) -> str:
    """The same for an outcome of a campaign that has started, or one reason of those held."""
    campaign, reason = campaigns.find(campaign_id), request.args.get("reason")
    if outcome not in lines.OUTCOMES or (reason and reason not in set(Reason)):
        raise Missing(f"No line of the ledger is called {outcome}.")
    found = ((one.id, one.address) for one in lines.of(campaign, outcome, reason))
    kept = {"outcome": outcome, **({"reason": reason} if reason else {})}
    return _people(campaign, "campaign_outcome", list(islice(found, *_window())), **kept)


def _window() -> tuple[int, int]:
    """One page, and one more person, who says whether there is another."""
    page = max(1, request.args.get("page", 1, type=int))
    return (page - 1) * A_PAGE, page * A_PAGE + 1


def _people(campaign: Campaign, endpoint: str, rows: list[Row], **line: str) -> str:
    shown = [(number, masked(address) if address else None) for number, address in rows[:A_PAGE]]
    line_name = line.get("reason") or line["outcome"]
    told_of = {"line": line_name, "rows": len(shown)}
    audit.record(actor(), "people seen", f"campaign {campaign.id}", **told_of)
    db.session.commit()
    return render_template(
        "pages/studio/people.html",
        campaign=campaign,
        endpoint=endpoint,
        line=line,
        people=shown,
        page=max(1, request.args.get("page", 1, type=int)),
        has_more=len(rows) > A_PAGE,
    )


def _offered(campaign: Campaign) -> list[segments.Segment]:
    """The segments that may be chosen, the one that is chosen among them."""
    if campaign.kind == Kind.NOTICE or campaign.state != State.DRAFT:
        return []
    own = campaign.segment
    return [*segments.offered(), *([own] if own and own.retired_at else [])]
