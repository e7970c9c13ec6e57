"""The year report: what was asked for, by which way, how it ended, how long it took.

One line is one right that somebody asked for in the year, by the operator's clock; one request may
have several. Each of the three tables adds up to the same total, and so do the rows of the first.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Invalid
from mailing.base.settings import current
from mailing.requests.kinds import UNSPOKEN, Channel, Kind, Resolution, Ruling
from mailing.requests.requests import Request
from mailing.requests.rights import Right

# How a right ended; what has not ended is the last.
OUTCOMES = (
    "granted",
    "partly",
    "refused",
    "done",
    "duplicate",
    "not_ours",
    "no_reply",
    "open",
)
_BY_RULING = {Ruling.GRANT: "granted", Ruling.PART: "partly", Ruling.REFUSE: "refused"}
_A_DAY = 86_400


@dataclass(frozen=True)
class ByRight:
    """One right over the year; `outcomes` add up to `asked`, `late` of which ended, or wait, after
    their due date. `median_days` is of those that ended; None where none did."""

    right: Kind
    asked: int
    outcomes: dict[str, int]
    late: int
    median_days: float | None


@dataclass(frozen=True)
class Year:
    """The report; every table adds up to `total`. `requests` is how many requests that was."""

    year: int
    made_at: datetime
    requests: int
    total: int
    rights: list[ByRight]
    channels: dict[str, int]
    outcomes: dict[str, int]
    late: int
    median_days: float | None
    incidents: dict[str, int]


def this_year() -> int:
    """Where the operator is."""
    return clock.now().astimezone(_zone()).year


def years() -> list[int]:
    """Those in which anything was asked for, and this one; the newest first."""
    first = db.session.scalar(select(func.min(Request.received_at)))
    begun = first.astimezone(_zone()).year if first else this_year()
    return list(range(this_year(), min(begun, this_year()) - 1, -1))


def report(year: int, breaches: dict[str, int]) -> Year:
    """Of one year; `breaches` is what the incident register says of it. Raises Invalid for what is
    no year."""
    if not 2000 <= year <= 9998:
        raise Invalid("Enter a year like 2026.", field="year")
    rows, at = _rows(year), clock.now()
    outcomes = Counter(outcome_of(row) for row in rows)
    return Year(
        year=year,
        made_at=at,
        requests=len({row[7] for row in rows}),
        total=len(rows),
        rights=[_by_right(kind, rows, at) for kind in Kind if _of(kind, rows)],
        channels=_counted((row[1] for row in rows), [one.value for one in Channel]),
        outcomes={name: outcomes[name] for name in OUTCOMES},
        late=sum(_is_late(row, at) for row in rows),
        median_days=_median(rows),
        incidents=breaches,
    )


def as_rows(told: Year) -> list[Sequence[object]]:
    """The first table as a sheet, the total in the last line."""
    lines = [
        (one.right.value, one.asked, *one.outcomes.values(), one.late, _plain(one.median_days))
        for one in told.rights
    ]
    total = ("total", told.total, *told.outcomes.values(), told.late, _plain(told.median_days))
    return [*lines, total]


HEADS = ("right", "asked", *OUTCOMES, "late", "median_days")


def outcome_of(row: Any) -> str:
    """How one right ended: by its decision where there is one, else as its request was closed."""
    _, _, _, _, done_at, resolution, ruling = row[:7]
    if ruling is not None:
        return _BY_RULING[Ruling(ruling)]
    if done_at is None:
        return "open"
    return "refused" if resolution == Resolution.REFUSED else str(resolution)


def _rows(year: int) -> list[Any]:
    """What somebody asked for: junk, and what nobody has understood, is no request of a person."""
    first, last = (datetime(one, 1, 1, tzinfo=_zone()) for one in (year, year + 1))
    query = (
        select(
            Right.kind,
            Request.channel,
            Request.received_at,
            Right.due_at,
            Right.done_at,
            Right.resolution,
            Right.ruling,
            Request.id,
        )
        .join(Request, Request.id == Right.request_id)
        .where(Request.received_at >= first, Request.received_at < last)
        .where(Right.kind.not_in([one.value for one in UNSPOKEN]))
        .where(Right.resolution.is_distinct_from(Resolution.JUNK.value))
    )
    return list(db.session.execute(query.order_by(Right.id)))


def _by_right(kind: Kind, rows: list[Any], at: datetime) -> ByRight:
    own = _of(kind, rows)
    outcomes = Counter(outcome_of(row) for row in own)
    return ByRight(
        right=kind,
        asked=len(own),
        outcomes={name: outcomes[name] for name in OUTCOMES},
        late=sum(_is_late(row, at) for row in own),
        median_days=_median(own),
    )


def _of(kind: Kind, rows: list[Any]) -> list[Any]:
    return [row for row in rows if row[0] == kind]


def _is_late(row: Any, at: datetime) -> bool:
    return bool((row[4] or at) > row[3])


def _median(rows: list[Any]) -> float | None:
    spent = [(row[4] - row[2]).total_seconds() / _A_DAY for row in rows if row[4] is not None]
    return round(median(spent), 1) if spent else None


def _counted(found: Iterable[str], names: Sequence[str]) -> dict[str, int]:
    counts = Counter(found)
    return {name: counts[name] for name in names}


def _plain(number: float | None) -> str:
    return "" if number is None else f"{number:.1f}"


def _zone() -> ZoneInfo:
    return ZoneInfo(current().time_zone)
