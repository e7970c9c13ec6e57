"""Hours of the week, as `KELISIM_SENDING_HOURS` spells them."""

import re
from dataclasses import dataclass

from mailing.base.values import words

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 24 * 60

_SPAN = re.compile(
    r"(?:(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))?\s+)?"
    r"(?P<opens>[0-2]?\d:[0-5]\d)\s*-\s*(?P<closes>[0-2]?\d:[0-5]\d)\Z"
)


@dataclass(frozen=True, slots=True)
class Span:
    """On these weekdays (Monday is 0) from one minute of the day up to, without, another.

    One that crosses midnight belongs to the day on which it opens: `closes` is then beyond 1440.
    """

    days: frozenset[int]
    opens: int
    closes: int

    def holds(self, weekday: int, minute: int) -> bool:
        """Whether a minute of a weekday lies within."""
        today = weekday in self.days and self.opens <= minute < self.closes
        return today or ((weekday - 1) % 7 in self.days and minute + DAY < self.closes)


def spans(text: str) -> tuple[Span, ...]:
    """Read `mon-fri 09:00-21:00, sat 10:00-16:00`; raises ValueError that names the part at fault.

    Without weekdays a span holds every day; 24:00 is the end of a day.
    """
    return tuple(_span(word) for word in words(text.lower()))


def _span(word: str) -> Span:
    match = _SPAN.match(word)
    days = _days(match["first"], match["last"]) if match else None
    if match is None or days is None:
        raise ValueError(f"cannot read {word!r}: write 09:00-21:00 or mon-fri 09:00-21:00")
    opens, closes = _minute(match["opens"]), _minute(match["closes"])
    if opens >= DAY or closes > DAY or opens == closes:
        raise ValueError(f"cannot read {word!r}: hours go from 00:00 to 24:00, and must differ")
    return Span(days, opens, closes if closes > opens else closes + DAY)


def _days(first: str | None, last: str | None) -> frozenset[int] | None:
    if first is None:
        return frozenset(range(7))
    if first not in DAYS or (last or first) not in DAYS:
        return None
    begin, end = DAYS.index(first), DAYS.index(last or first)
    return frozenset((begin + step) % 7 for step in range((end - begin) % 7 + 1))


def _minute(text: str) -> int:
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute)
