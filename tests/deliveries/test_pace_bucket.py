"""The pure bucket: what any number of processes may do with it within any window of time."""

import math
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from mailing.deliveries.pacing.bucket import Bucket
from mailing.deliveries.pacing.limit import Limit, Wish

# From one message in twenty seconds to thousands a second.
RATES = st.one_of(
    st.floats(0.05, 1.2), st.floats(1, 5), st.floats(5, 5000), st.sampled_from([0.5, 1.0, 4.0])
)


def excess(limit: Limit, passed: list[float]) -> float:
    """By how many messages the worst of all windows exceeds what the limit promises."""
    worst, least = 0.0, math.inf
    for number, at in enumerate(sorted(passed)):
        least = min(least, number - limit.rate * at)
        worst = max(worst, number + 1 - limit.rate * at - least - limit.burst)
    return round(worst, 6)


@dataclass
class Fleet:
    """Processes that lease from one bucket, spend as late as they may, lose it and begin anew."""

    limit: Limit
    now: float = 100.0
    passed: list[float] = field(default_factory=list)
    leased: int = 0

    def __post_init__(self) -> None:
        self.bucket = Bucket(self.limit, self.now)

    def lease(self, wanted: int, urgent: int, late: float, spent: float) -> None:
        wish = Wish(self.limit, urgent, wanted, back=self.leased)
        given = sum(self.bucket.take(wish, self.now)[:2])
        used = round(given * spent)
        self.leased = given - used
        self.passed += [self.now + late * self.limit.lease] * used


STEPS = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.001, 0.1, 0.25, 1.0, 7.0]),
        st.integers(0, 60),
        st.integers(0, 3),
        st.floats(0, 1),
        st.sampled_from([1.0, 1.0, 0.5, 0.0]),
        st.sampled_from([False] * 9 + [True]),
    ),
    min_size=5,
    max_size=60,
)


@settings(deadline=None)
@given(rate=RATES, steps=STEPS)
def test_no_window_holds_more_than_the_rate_and_one_second_s_worth(
    rate: float, steps: list[tuple[float, int, int, float, float, bool]]
) -> None:
    """Whatever is leased, spent late, given back, lost with its bucket and begun anew."""
    fleet = Fleet(Limit.of("all", rate))
    for pause, wanted, urgent, late, spent, is_lost in steps:
        fleet.now += pause * min(1.0, 3 / rate) if wanted % 2 else pause / rate
        if is_lost:
            fleet.bucket = Bucket(fleet.limit, fleet.now)
        fleet.lease(wanted, urgent, late, spent)
    assert excess(fleet.limit, fleet.passed) == 0


@settings(deadline=None)
@given(rate=st.floats(0.05, 4))
def test_a_message_sent_late_and_the_next_sent_at_once_are_still_far_enough_apart(
    rate: float,
) -> None:
    """The tightest that a slow limit can come: each other token is spent at the lease's end."""
    fleet = Fleet(Limit.of("all", rate))
    for number in range(12):
        fleet.now += fleet.bucket.take(Wish(fleet.limit, 0, 0), fleet.now)[2] + 1e-9
        fleet.lease(1, 0, late=float(number % 2), spent=1.0)
    assert len(fleet.passed) == 12
    assert excess(fleet.limit, fleet.passed) == 0


def test_a_bucket_that_began_full_would_be_found_out() -> None:
    """The judge of these tests is not blind."""
    fleet = Fleet(Limit.of("all", 0.5))
    for _ in range(2):
        fleet.bucket.level = fleet.limit.capacity
        fleet.lease(1, 0, 0.0, 1.0)
    assert excess(fleet.limit, fleet.passed) == 1


@settings(deadline=None)
@given(rate=st.floats(4, 5000), drained=st.integers(0, 2))
def test_a_step_of_the_clock_that_fills_the_bucket_twice_breaks_nothing(
    rate: float, drained: int
) -> None:
    fleet = Fleet(Limit.of("all", rate))
    for _ in range(drained + 1):
        fleet.bucket.level = fleet.limit.capacity
        fleet.lease(10_000, 0, 0.0, 1.0)
    fleet.now += 1.0
    fleet.bucket.at = fleet.now
    fleet.lease(10_000, 0, 1.0, 1.0)
    assert excess(fleet.limit, fleet.passed) == 0


@settings(deadline=None)
@given(rate=RATES)
def test_who_keeps_asking_gets_nearly_all_of_the_rate(rate: float) -> None:
    limit = Limit.of("all", rate)
    bucket, now, given_out, waited = Bucket(limit, 0.0), 0.0, 0, 0.0
    while now < 40 / rate:
        urgent, others, waited = bucket.take(Wish(limit, 0, 10_000), now)
        given_out += urgent + others
        now += max(waited, 0.01)
    assert given_out >= 0.85 * rate * (now - max(waited, 0.01)) - 1


def test_urgent_messages_are_served_before_others() -> None:
    limit = Limit.of("all", 40)
    bucket = Bucket(limit, 0.0)
    assert bucket.take(Wish(limit, urgent=7, others=100), 1.0)[:2] == (7, 3)
    assert bucket.take(Wish(limit, urgent=7, others=100), 1.1)[:2] == (4, 0)


def test_what_is_given_back_can_be_had_again_and_never_overflows() -> None:
    limit = Limit.of("all", 40)
    bucket = Bucket(limit, 0.0)
    assert bucket.take(Wish(limit, 0, 10), 1.0)[1] == 10
    assert bucket.take(Wish(limit, 0, 10, back=4), 1.0)[1] == 4
    assert bucket.take(Wish(limit, 0, 100, back=1000), 1.0)[1] == 10
