"""The judge sees each way in which the promise can break, and lets a good campaign pass."""

from dataclasses import replace
from uuid import UUID

import pytest

from tests.faults.judge import judge
from tests.faults.trace import Answer, Dot, Ending, Sample, Trace

AIGUL, BOLAT, DANA = "aigul@example.com", "bolat@example.com", "dana@example.com"
NOTHING: frozenset[str] = frozenset()
GOOD = Trace(
    people=frozenset((AIGUL, BOLAT, DANA)),
    dots=(Dot(AIGUL, "a@x", 1.0, True), Dot(BOLAT, "b@x", 2.0, True)),
    answers=(Answer(BOLAT, 2.5, NOTHING), Answer(DANA, 1.5, NOTHING)),
    samples=(
        Sample(1.1, 3, {"pending": 2, "accepted": 1}),
        Sample(3.0, 3, {"accepted": 1, "uncertain": 1, "held": 1}),
    ),
    endings={
        AIGUL: Ending(UUID(int=1), "accepted", None),
        BOLAT: Ending(UUID(int=2), "uncertain", None),
        DANA: Ending(UUID(int=3), "held", "unsubscribed"),
    },
    unanswered=frozenset([UUID(int=2)]),
    state="done",
)


def with_dot(*dots: Dot) -> Trace:
    return replace(GOOD, dots=(*GOOD.dots, *dots))


def with_ending(recipient: str, state: str, reason: str | None = None) -> Trace:
    kept = GOOD.endings[recipient]
    return replace(
        GOOD, endings={**GOOD.endings, recipient: replace(kept, state=state, reason=reason)}
    )


def with_sample(at: float, **rows: int) -> Trace:
    return replace(GOOD, samples=(*GOOD.samples, Sample(at, 3, rows)))


def test_a_campaign_in_which_all_is_well_passes() -> None:
    assert judge(GOOD).complaints == []


def test_a_message_that_the_answer_names_is_not_late() -> None:
    named = replace(GOOD, answers=(Answer(BOLAT, 1.9, frozenset(["b@x"])), GOOD.answers[1]))
    assert judge(named).complaints == []


@pytest.mark.parametrize(
    ("trace", "kind"),
    [
        pytest.param(with_dot(Dot(DANA, "d@x", 1.6, False)), "late", id="a dot after the answer"),
        pytest.param(
            replace(with_dot(Dot(BOLAT, "b@x", 2.6, False), Dot(BOLAT, "b@x", 2.7, False)),
                    answers=(Answer(BOLAT, 2.5, frozenset(["b@x"])), GOOD.answers[1])),
            "late", id="a named message twice after the answer"),
        pytest.param(with_dot(Dot(AIGUL, "a@x", 1.2, True)), "doubles", id="accepted twice"),
        pytest.param(replace(GOOD, state="sending"), "losses", id="never done"),
        pytest.param(with_ending(DANA, "sealed"), "losses", id="left in work"),
        pytest.param(replace(GOOD, unanswered=frozenset()), "losses", id="uncertain without D"),
        pytest.param(
            replace(GOOD, people=GOOD.people | {"erlan@example.com"}), "losses", id="no delivery"),
        pytest.param(with_ending(DANA, "accepted"), "untrue", id="accepted without a dot"),
        pytest.param(with_ending(AIGUL, "refused"), "untrue", id="refused, and delivered"),
        pytest.param(with_ending(AIGUL, "held", "suppressed"), "untrue", id="held, and delivered"),
        pytest.param(
            replace(GOOD, answers=GOOD.answers[:1]), "untrue", id="held for what nobody said"),
        pytest.param(
            with_dot(Dot("nobody@example.com", "n@x", 1.0, True)), "untrue", id="a stranger"),
        pytest.param(with_sample(3.1, accepted=4), "unbalanced", id="more rows than people"),
        pytest.param(with_sample(3.1, held=3), "unbalanced", id="accepted becomes less"),
        pytest.param(replace(GOOD, samples=()), "unbalanced", id="never looked at"),
        pytest.param(
            replace(GOOD, samples=(Sample(0.5, 3, {"accepted": 1}), GOOD.samples[1])),
            "unbalanced", id="accepted before the relay had it"),
    ],
)  # fmt: skip
def test_each_broken_promise_is_seen(trace: Trace, kind: str) -> None:
    seen = {complaint.partition(":")[0] for complaint in judge(trace).complaints}
    assert kind in seen
