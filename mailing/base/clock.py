"""One clock, aware of UTC, that tests may replace."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def _system() -> datetime:
    return datetime.now(UTC)


_source: list[Callable[[], datetime]] = [_system]


def now() -> datetime:
    """The time, in UTC."""
    return _source[-1]()


def today(zone: str) -> date:
    """The date where the operator is (`KELISIM_TIME_ZONE`)."""
    return now().astimezone(ZoneInfo(zone)).date()


@contextmanager
def use(source: Callable[[], datetime]) -> Iterator[None]:
    """Take the time from `source` within the block."""
    _source.append(source)
    try:
        yield
    finally:
        _source.pop()
