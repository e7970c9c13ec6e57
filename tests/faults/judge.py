"""The judge: a pure function over a trace. It knows the promise and nothing of the product."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, fields

from tests.faults.trace import Dot, Sample, Trace

FINAL = ("accepted", "refused", "uncertain", "held")
MOST_ACCEPTED = {"accepted": (1, 1), "refused": (0, 0), "held": (0, 0), "uncertain": (0, 1)}


@dataclass(frozen=True)
class Verdict:
    """What is wrong, each with a sentence that names the person or the figure.

    `late`: a dot after an answer that did not name it. `doubles`: two accepted messages to one.
    `losses`: nobody can say what became of them. `untrue`: the database says what was not so.
    `unbalanced`: the figures did not add up at some moment.
    """

    late: tuple[str, ...]
    doubles: tuple[str, ...]
    losses: tuple[str, ...]
    untrue: tuple[str, ...]
    unbalanced: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        """Whether nothing at all is wrong."""
        return not self.complaints

    @property
    def complaints(self) -> list[str]:
        """Everything that is wrong."""
        return [f"{one.name}: {what}" for one in fields(self) for what in getattr(self, one.name)]


def judge(trace: Trace) -> Verdict:
    """Judge a campaign that was given time to be done."""
    return Verdict(
        late=tuple(_late(trace)),
        doubles=tuple(_doubles(trace)),
        losses=tuple(_losses(trace)),
        untrue=tuple(_untrue(trace)),
        unbalanced=tuple(_unbalanced(trace)),
    )


def _late(trace: Trace) -> Iterator[str]:
    dots: dict[str, list[Dot]] = defaultdict(list)
    for dot in trace.dots:
        dots[dot.recipient].append(dot)
    for answer in trace.answers:
        after = [dot for dot in dots[answer.recipient] if dot.at > answer.at]
        unnamed = [dot for dot in after if dot.message_id not in answer.named]
        for dot in unnamed:
            yield f"{dot.recipient}, {dot.at - answer.at:.3f} s after an answer that named it not"
        # What is named has been handed over; it is not handed over again.
        for message_id, times in Counter(dot.message_id for dot in after).items():
            if times > 1:
                yield f"{answer.recipient}, {message_id} {times} times after the answer"


def _doubles(trace: Trace) -> Iterator[str]:
    for recipient, times in Counter(d.recipient for d in trace.dots if d.is_accepted).items():
        if times > 1:
            yield f"{recipient}, {times} times"


def _losses(trace: Trace) -> Iterator[str]:
    if trace.state != "done":
        yield f"the campaign is {trace.state}"
    for recipient in sorted(trace.people - trace.endings.keys()):
        yield f"{recipient} has no delivery"
    for recipient, ending in trace.endings.items():
        if ending.state not in FINAL:
            yield f"{recipient} is left {ending.state}"
        if ending.state == "uncertain" and ending.delivery_id not in trace.unanswered:
            yield f"{recipient} is uncertain, and the send journal is not"


def _untrue(trace: Trace) -> Iterator[str]:
    accepted = Counter(dot.recipient for dot in trace.dots if dot.is_accepted)
    for recipient in sorted(accepted.keys() - trace.people):
        yield f"{recipient} was never asked for"
    for recipient, ending in trace.endings.items():
        least, most = MOST_ACCEPTED.get(ending.state, (0, 1))
        if not least <= min(accepted[recipient], 1) <= most:
            yield f"{recipient} is {ending.state}, the relay took {accepted[recipient]}"
    left = {answer.recipient for answer in trace.answers}
    for recipient, ending in trace.endings.items():
        if ending.reason == "unsubscribed" and recipient not in left:
            yield f"{recipient} is held as unsubscribed and never left"


def _unbalanced(trace: Trace) -> Iterator[str]:
    times = sorted(dot.at for dot in trace.dots if dot.is_accepted)
    before: Sample | None = None
    for sample in trace.samples:
        rows, accepted = sum(sample.rows.values()), sample.rows.get("accepted", 0)
        if rows > sample.audience:
            yield f"{rows} rows for an audience of {sample.audience}"
        if before and rows < sum(before.rows.values()):
            yield f"rows went from {sum(before.rows.values())} to {rows}"
        if before and accepted < before.rows.get("accepted", 0):
            yield f"accepted went from {before.rows['accepted']} to {accepted}"
        if accepted > bisect_right(times, sample.at):
            yield f"{accepted} accepted rows when the relay had fewer"
        before = sample
    if before is None or sum(before.rows.values()) != before.audience:
        yield "in the end the rows are not the audience"
