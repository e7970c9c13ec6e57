"""The report of a soak: what struck how often, what was sent and answered, what went wrong."""

import json
import os
import platform
from collections import Counter
from dataclasses import dataclass, field, fields
from pathlib import Path

from tests.faults.judge import Verdict
from tests.faults.told import Told

WRONGS = tuple(one.name for one in fields(Verdict))


@dataclass
class Report:
    """Sums over all rounds. `seconds` is what was asked for; `faults` counts strikes by name."""

    seed: int
    seconds: float
    rounds: int = 0
    people: int = 0
    dots: int = 0
    leavers: int = 0
    named: int = 0
    unanswered: int = 0
    stood_still: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    wrongs: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(WRONGS, 0)))
    faults: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)

    def add(self, told: Told) -> None:
        """One more round."""
        self.rounds += 1
        self.people += len(told.trace.people)
        self.dots += len(told.trace.dots)
        self.leavers += len(told.trace.answers)
        self.named += sum(bool(answer.named) for answer in told.trace.answers)
        self.unanswered += told.unanswered.total()
        self.outcomes.update(told.states)
        self.wrongs.update({name: len(getattr(told.verdict, name)) for name in WRONGS})
        self.faults.update(told.proofs)
        self.complaints += told.verdict.complaints

    def fail(self, why: str) -> None:
        """One more round that came to no end, and was broken off."""
        self.rounds += 1
        self.stood_still += 1
        self.complaints.append(why)

    def write(self, directory: Path) -> Path:
        """As JSON and as text; the path of the text."""
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "faults.json").write_text(json.dumps(vars(self), indent=2) + "\n")
        text = directory / "faults.md"
        text.write_text(self.table())
        return text

    def table(self) -> str:
        """What goes into docs/benchmarks.md."""
        figures = {
            "rounds": self.rounds,
            "people": self.people,
            "final dots at the relay": self.dots,
            "people who left meanwhile": self.leavers,
            "answers that named a message": self.named,
            "requests without an answer, asked again": self.unanswered,
            **{f"deliveries {state}": number for state, number in sorted(self.outcomes.items())},
            "**rounds that stood still**": self.stood_still,
            **{f"**{name}**": number for name, number in self.wrongs.items()},
        }
        machine = (
            f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
        )
        head = f"Seed {self.seed}, {self.seconds:.0f} s, {machine}.\n"
        return "\n".join((head, _rows("figure", figures), _rows("fault, strikes", self.faults)))


def _rows(title: str, numbers: dict[str, int]) -> str:
    lines = [f"| {name} | {number:,} |" for name, number in numbers.items()]
    return "\n".join((f"| {title} | |", "| --- | ---: |", *lines, ""))
