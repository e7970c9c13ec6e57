"""A spam filter's verdict, read from the answer of rspamd to `/checkv2`. Pure.

Its form is JSON: `score`, `action`, `required_score`, `is_skipped`, `symbols` with a `score` and
mostly a `description` each, and from the versions on that have them `thresholds` by action. What a
rule matched in this message (`options`) is not kept.
"""

import json
import math
from dataclasses import dataclass
from typing import Any

HEAVIEST = 3
LONGEST_NAME, LONGEST_WORDS = 80, 240  # characters


class Nonsense(Exception):
    """The answer is none of rspamd's."""


class Skipped(Exception):
    """It let the message pass without a look."""


@dataclass(frozen=True)
class Rule:
    """One rule that spoke: its points, more of them being worse, and the filter's own words."""

    name: str
    points: float
    words: str = ""


@dataclass(frozen=True)
class Verdict:
    """What it would do, by how many points; from how many on it marks, and refuses (None: it did
    not say); and the rules that weigh most, for good or bad."""

    score: float
    action: str
    marks_from: float | None
    refuses_from: float | None
    rules: tuple[Rule, ...]


def read(answer: bytes) -> Verdict:
    """The verdict in an answer; raises Nonsense and Skipped."""
    try:
        document = json.loads(answer)
    except (ValueError, RecursionError):
        raise Nonsense from None
    if not isinstance(document, dict):
        raise Nonsense
    if document.get("is_skipped") is True:
        raise Skipped
    score, action = _number(document.get("score")), _line(document.get("action"), LONGEST_NAME)
    if score is None or not action:
        raise Nonsense
    limits = _mapping(document.get("thresholds"))
    refuses_from = _number(limits.get("reject"))
    if not limits:  # rspamd 3.4 says the highest of its limits alone
        refuses_from = _number(document.get("required_score"))
    rules = _rules(_mapping(document.get("symbols")))
    return Verdict(score, action, _number(limits.get("add header")), refuses_from, rules)


def from_kept(kept: dict[str, Any]) -> Verdict:
    """The verdict that `dataclasses.asdict` was made of."""
    return Verdict(**{**kept, "rules": tuple(Rule(**one) for one in kept["rules"])})


def _rules(symbols: dict[str, Any]) -> tuple[Rule, ...]:
    found = [_rule(name, _mapping(told)) for name, told in symbols.items()]
    speaking = [rule for rule in found if rule.name and rule.points]
    return tuple(sorted(speaking, key=lambda rule: (-abs(rule.points), rule.name))[:HEAVIEST])


def _rule(name: str, told: dict[str, Any]) -> Rule:
    points = round(_number(told.get("score")) or 0.0, 2)
    words = _line(told.get("description"), LONGEST_WORDS)
    return Rule(_line(name, LONGEST_NAME), points, words)


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _line(value: object, longest: int) -> str:
    """One line that a database and a page can hold, whatever somebody else wrote."""
    if not isinstance(value, str):
        return ""
    words = " ".join("".join(c if c.isprintable() else " " for c in value).split())
    return words if len(words) <= longest else f"{words[: longest - 1]}…"
