"""What a step of the demo can come to."""

from dataclasses import dataclass


class Unverified(Exception):
    """The step did not come out as promised; the text says in what."""


class Interrupted(Exception):
    """Somebody asked the demo to end."""


@dataclass(frozen=True)
class Step:
    """One verified step, or why it is not."""

    name: str
    ok: bool
    detail: str


def demand(condition: object, otherwise: str) -> None:
    """Raises Unverified with `otherwise` unless the condition holds."""
    if not condition:
        raise Unverified(otherwise)
