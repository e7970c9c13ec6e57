"""One clock, aware of UTC, that tests may replace."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime


def _system() -> datetime:
    return datetime.now(UTC)


_source: list[Callable[[], datetime]] = [_system]


def now() -> datetime:
    """The time, in UTC."""
    return _source[-1]()


@contextmanager
def use(source: Callable[[], datetime]) -> Iterator[None]:
    """Take the time from `source` within the block."""
    _source.append(source)
    try:
        yield
    finally:
        _source.pop()
