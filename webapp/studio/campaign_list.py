"""The campaigns: four tabs whose counts sum, filters in the address, page by page."""

from flask import render_template, request

from mailing.base.settings import current
from mailing.campaigns import listed
from mailing.campaigns.campaigns import Campaign, State
from mailing.campaigns.listed import Wanted
from mailing.deliveries import halts
from mailing.people import topics
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.figures import figures_in_list

TABS: dict[str, tuple[State, ...]] = {
    "drafts": (State.DRAFT, State.REVIEW, State.APPROVED),
    "scheduled": (State.SCHEDULED,),
    "sending": (State.SENDING, State.PAUSED),
    "sent": (State.DONE, State.STOPPED),
}


@studio.get("/campaigns")
@needs(Act.READ_CAMPAIGNS)
def campaign_list() -> str:
    wanted = _wanted()
    counts = _tab_counts(wanted)
    tab = request.args.get("tab", "")
    tab = tab if tab in TABS else _busiest(counts)
    older, newer = (request.args.get(name, "") for name in ("before", "after"))
    page = listed.page(TABS[tab], wanted, older, newer)
    return render_template(
        "pages/studio/campaigns.html",
        page=page,
        figures=figures_in_list(page.rows),
        halts=halts.last(_paused(page.rows)),
        counts=counts,
        tab=tab,
        wanted=wanted,
        kept=_kept(wanted),
        topics=topics.all_topics(),
        holding_seconds=current().holding_seconds,
    )


def _wanted() -> Wanted:
    typed = [request.args.get(name, "").strip().replace("\0", "") for name in ("words", "topic")]
    return Wanted(typed[0][: listed.LONGEST], typed[1])


def _kept(wanted: Wanted) -> dict[str, str]:
    """What a link of the page takes along of the filter."""
    return {name: value for name, value in vars(wanted).items() if value}


def _tab_counts(wanted: Wanted) -> dict[str, int]:
    by_state = listed.count(wanted)
    return {tab: sum(by_state.get(state, 0) for state in states) for tab, states in TABS.items()}


def _busiest(counts: dict[str, int]) -> str:
    """The tab to open with: what is going out, else what is being written, else what is there."""
    order = ("sending", "scheduled", "drafts", "sent")
    return next((tab for tab in order if counts[tab]), "drafts")


def _paused(rows: list[Campaign]) -> list[int]:
    return [one.id for one in rows if one.state == State.PAUSED and not one.brake]
