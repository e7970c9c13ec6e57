"""Blame: whether a bounce speaks against the mailbox, against our mail, or only of a bad day.

The reading has judged each recipient by code and words (`reading/blame.py`); what refuses us by
policy or reputation is told apart here, because it asks for another remedy.
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from mailing.base.errors import Invalid
from mailing.deliveries.returns import Came
from mailing.inbound.reading import Action, Kind, Reading, Report
from mailing.people.canonical import canonical

# Policy and reputation: they refuse us and not the address.
_OF_POLICY = re.compile(r"[45]\.7\.\d+")

_ARRIVED = (Action.DELIVERED, Action.RELAYED, Action.EXPANDED)


def report_of(reading: Reading, email: str) -> Report:
    """What is said of this address alone: by whom the message was for, where the report tells that
    (RFC 3464 2.3.1), else by whom it came to; where nobody is named, the first that failed. What
    is said of other addresses alone speaks against none of ours: a reader may pass their mail on to
    a mailbox that is gone."""
    wanted = _key(email)
    by_original = [one for one in reading.reports if wanted and _key(one.written_to) == wanted]
    by_final = [one for one in reading.reports if wanted and _key(one.address) == wanted]
    ours = [*by_original, *by_final]
    failed = [one for one in reading.reports if one.action is Action.FAILED]
    found = next(iter([*ours, *failed, *reading.reports]), Report(address="", kind=reading.kind))
    is_anothers = bool(wanted and not ours and _key(found.written_to))
    return replace(found, kind=Kind.BOUNCE_OTHER) if is_anothers else found


def judge(report: Report) -> Came | None:
    """What came back; None where nothing has failed (yet)."""
    if report.action is not Action.FAILED:
        return None
    if _OF_POLICY.fullmatch(report.status):
        return Came.POLICY
    return _BY_KIND[report.kind]


def has_arrived(reports: Iterable[Report]) -> bool:
    """Whether it says that the message came through."""
    found = list(reports)
    return bool(found) and all(one.action in _ARRIVED for one in found)


_BY_KIND = {
    Kind.BOUNCE_HARD: Came.HARD,
    Kind.BOUNCE_SOFT: Came.SOFT,
    Kind.BOUNCE_OTHER: Came.OTHER,
}


def _key(email: str) -> str:
    try:
        return canonical(email).text
    except Invalid:
        return ""
