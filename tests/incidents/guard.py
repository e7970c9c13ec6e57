"""A guard against an incident, and what its absence is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Guard:
    """`numbers` are those of the incidents; `old` stands in `path` once, `new` is without it."""

    numbers: str
    path: str
    old: str
    new: str
    tests: tuple[str, ...]
