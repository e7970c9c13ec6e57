"""Today: what goes out, what comes next, how the last one did, and what waits for whoever looks."""

from typing import Any

from flask import render_template

from mailing.campaigns import approvals, campaigns, listed
from mailing.campaigns.campaigns import Campaign, State
from mailing.campaigns.listed import Wanted
from mailing.deliveries import comparing, health
from mailing.people import growth
from mailing.requests import queue
from mailing.staff.permissions import Act
from webapp.studio import beginning, charts
from webapp.studio.blueprint import needs, studio
from webapp.studio.campaigns import OVER
from webapp.studio.figures import compared, figures_in_list
from webapp.studio.identity import actor, can
from webapp.studio.live import seconds_left
from webapp.studio.sparing import sparingly

SHOWN = 5


@studio.get("/")
@needs(Act.READ_CAMPAIGNS)
def home() -> str:
    counts = campaigns.count_by_state()
    return render_template(
        "pages/studio/today.html",
        counts=counts,
        drafts=sum(counts.get(one, 0) for one in (State.DRAFT, State.APPROVED)),
        approvals=_approvals() if can(Act.APPROVE_CAMPAIGNS) else [],
        upcoming=listed.page((State.SCHEDULED,), Wanted()).rows[:SHOWN],
        steps=None if beginning.is_over(counts) else beginning.steps(),
        health=sparingly("health", health.lately),
        relays=health.relays(),
        desk=queue.owed() if can(Act.ANSWER_REQUESTS) else None,
        **_going_out(),
        **_last(),
        **_growth(),
    )


def _approvals() -> list[Campaign]:
    """Those that wait for a second person, whoever looks being one."""
    waiting = campaigns.by_state(State.REVIEW)
    return [one for one in waiting if not approvals.is_own(one, actor())]


def _going_out() -> dict[str, Any]:
    rows = listed.page((State.SENDING, State.PAUSED), Wanted()).rows[:SHOWN]
    figures = figures_in_list(rows)
    left = {one.id: seconds_left(one, figures[one.id]) for one in rows}
    return {"going_out": rows, "figures": figures, "left": left}


def _last() -> dict[str, Any]:
    """The last campaign that was over, beside its own kind before it."""
    ended = listed.page(sorted(OVER), Wanted()).rows
    last = next((one for one in ended if one.audience), None)
    if last is None:
        return {"last": None}
    own, *before = compared([last, *comparing.before(last)])
    values = {"reached": lambda one: one.reached, "left": lambda one: one.left_share}
    usual = {name: comparing.usual(before, value) for name, value in values.items()}
    return {"last": last, "own": own, "usual": usual, "compared": len(before)}


def _growth() -> dict[str, Any]:
    grown = sparingly("growth", growth.lately)
    return {"growth": grown, "spark": charts.spark(grown.running)}
