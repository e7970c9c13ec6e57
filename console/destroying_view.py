"""What commands say of a decision to destroy, and of a certificate."""

from typing import Any

from console.output import table
from mailing.requests import granting
from mailing.requests.certificates import Certificate
from mailing.requests.destructions import Destruction, State


def decision(found: Destruction) -> dict[str, Any]:
    """A decision as a document; `sentence` says what comes next."""
    is_short = found.state == State.DECIDED and granting.is_short_of_approval(found)
    return {
        "state": found.state,
        "decided_by": found.decided_by,
        "decided_at": found.decided_at,
        "approved_by": found.approved_by,
        "cools_until": found.cools_until,
        "expedited_by": found.expedited_by,
        "needs_approval": is_short,
        "certificate": found.number,
        "sentence": _sentence(found, is_short),
    }


def certified(found: Certificate) -> str:
    """A certificate for a terminal."""
    said = found.said
    rows = [[one["table"], one["before"], one["left"]] for one in said["scope"]]
    checked = said["verification"]
    return "\n".join(
        [
            f"Certificate {found.number}",
            f"Operator   {said['operator']['name']} (BIN {said['operator']['bin']})",
            f"Finished   {said['times']['finished_at']}, {said['times']['finished_local']}",
            f"Rows       {checked['rows_before']} before, {checked['rows_found']} found afterwards",
            f"SHA-256    {found.sha256}",
            "",
            table(rows, ("table", "before", "left")),
        ]
    )


def _sentence(found: Destruction, is_short: bool) -> str:
    if found.state == State.DONE:
        return f"destroyed; certificate {found.number}."
    if found.state == State.CARRYING:
        return "being destroyed."
    if is_short:
        return "decided; a second person has to approve."
    if found.is_cooling:
        return f"decided; it cools off until {found.cools_until.isoformat()}."
    return "decided and approved; it goes now."
