"""What the page of a request shows of its rights, its clock and its questions."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mailing.base import clock
from mailing.base.languages import spoken
from mailing.base.settings import current
from mailing.requests import inquiries, law, rights, rulings
from mailing.requests.inquiries import What
from mailing.requests.kinds import (
    OF_THE_PERSON,
    PROVED,
    RIGHTS,
    UNFINISHED,
    Kind,
    PauseReason,
    Ruling,
    State,
)
from mailing.requests.requests import Request
from mailing.requests.rights import Right


@dataclass(frozen=True)
class RightLine:
    """One right as the page shows it; `grounds` by slug, each with its sentence and article."""

    right: Right
    words: str
    ground: str
    grounds: list[tuple[str, str]]
    needs_proof: bool


def rights_of(asked: Request) -> dict[str, Any]:
    """The values of these parts of the page."""
    found = rights.of(asked.id)
    is_proved = asked.identity in PROVED
    has = {one.what for one in found}
    return {
        "wants_destruction": any(one.what is Kind.DESTRUCTION for one in found),
        "rights": [_line(asked, one, is_proved) for one in found if one.what in RIGHTS],
        "other_rights": [kind for kind in RIGHTS if kind not in has],
        "rulings": list(Ruling),
        "is_proved": is_proved,
        "needs_proof": not is_proved and any(kind in OF_THE_PERSON for kind in has),
        "asks_correction": Kind.RECTIFICATION in has,
        "inquiries": inquiries.of(asked.id),
        "waits_for": _waits(asked),
        "pause_reasons": list(PauseReason),
        "is_unfinished": State(asked.state) in UNFINISHED,
        "extension": _extension(asked),
    }


def _line(asked: Request, right: Right, is_proved: bool) -> RightLine:
    kept = law.known(right.ground)
    return RightLine(
        right=right,
        words=rulings.words_of(asked, right),
        ground=_cited(kept) if kept else "",
        grounds=[(one.slug, _cited(one)) for one in law.grounds(right.what)],
        needs_proof=right.what in OF_THE_PERSON and not is_proved,
    )


def _cited(ground: law.Ground) -> str:
    return f"{ground.sentence(spoken())} ({ground.citation(spoken())})"


def _waits(asked: Request) -> set[What]:
    """The questions that nobody has answered yet."""
    found = inquiries.of(asked.id)
    return {What(one.what) for one in found if one.standing is inquiries.State.OPEN}


def _extension(asked: Request) -> tuple[date, date] | None:
    """The first and the last day that it could be extended to; None where it cannot be."""
    zone = ZoneInfo(current().time_zone)
    first = max(asked.due_at, clock.now()).astimezone(zone).date() + timedelta(days=1)
    last = asked.outer_due_at.astimezone(zone).date()
    is_open = State(asked.state) in UNFINISHED and asked.extended_at is None
    return (first, last) if is_open and first <= last else None
