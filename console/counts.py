"""Audience and status as columns that a person can add up."""

from typing import Any

from console.output import table


def audience_text(counted: dict[str, Any]) -> str:
    """The ledger of an audience: considered, less each reason, is who will receive."""
    held = [(f"- {reason}", number) for reason, number in counted["held"].items()]
    ends = ("considered", counted["considered"]), ("= will receive", counted["will_receive"])
    return table([ends[0], *held, ends[1]])


def people(number: int) -> str:
    """So many people, as one says it."""
    return f"{number} person" if number == 1 else f"{number} people"


def status_text(status: dict[str, Any]) -> str:
    """State and outcomes of a campaign; the lines add up to the audience."""
    lines = [(name, number) for name, number in status["outcomes"].items() if name != "held"]
    lines += [(f"held: {why}", number) for why, number in status["outcomes"]["held"].items()]
    waits = f", waiting for {status['waiting_for']}" if status["waiting_for"] else ""
    head = f"Campaign {status['id']} is {status['state']}{waits}."
    return f"{head}\n{table([*lines, ('= audience', status['audience'])])}"
