"""What a check says."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a part is: `warn` asks for a look, `fail` stops something."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One part, how it is, and what to do about it."""

    name: str
    state: State
    detail: str


def fine(name: str, detail: str) -> Finding:
    return Finding(name, State.OK, detail)


def look(name: str, detail: str) -> Finding:
    return Finding(name, State.WARN, detail)


def wrong(name: str, detail: str) -> Finding:
    return Finding(name, State.FAIL, detail)
