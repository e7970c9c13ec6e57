"""A limit: so many messages a second under one name, and what a process may hold of it.

The promise: in any window of N seconds at most `rate * N + burst` messages pass, whatever happens
to Redis and to processes. Tokens that were leased may be spent `lease` seconds later, so a window
of uses is covered by a window of grants that is longer by a lease:

    capacity + refill * (N + lease) <= rate * N + burst

Below about one message a second there is no room for that within a burst of one, so the refill is
slower instead: one message every `1 / rate + lease` seconds, and uses are `1 / rate` apart.
"""

from dataclasses import dataclass

# A quarter of a second's worth in the bucket and another on lease: half the burst is left, so a
# step of the clock that the bucket stands on, which fills it at once, breaks no promise either.
_SHARE = 0.25
_SLOW = 4.0
_SHORT_LEASE = 0.1
_BLOCK_SECONDS = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Limit:
    """A limit with the numbers that follow from its rate; tokens and seconds.

    One object for each limit of a process: they are counted by the thousand, by identity.
    """

    name: str
    rate: float
    burst: float
    refill: float
    capacity: float
    lease: float
    block: int

    @classmethod
    def of(cls, name: str, rate: float) -> "Limit":
        """The limit of `rate` messages a second (more than 0) under this name."""
        burst, block = max(1.0, rate), max(1, int(rate * _BLOCK_SECONDS))
        if rate >= _SLOW:
            return cls(name, rate, burst, rate, rate * _SHARE, _SHARE, block)
        spare = rate * (1 - _SHORT_LEASE) >= 1
        refill = rate if spare else rate / (1 + rate * _SHORT_LEASE)
        return cls(name, rate, burst, refill, 1.0, _SHORT_LEASE, block)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of one limit: first for people who wait, then for the rest; and `back`, what
    an earlier lease left over."""

    limit: Limit
    urgent: int
    others: int
    back: int = 0


@dataclass(frozen=True, slots=True)
class Grant:
    """What one limit gives: tokens, spent before `until`; and in how many seconds to ask again."""

    urgent: int
    others: int
    until: float
    ready_in: float
