"""Blame: whether a bounce speaks against the mailbox, against our mail, or only of a bad day.

By the enhanced status code (RFC 3463) where there is one; else as the reading found it.
"""

import re
from collections.abc import Iterable

from mailing.base.errors import Invalid
from mailing.deliveries.returns import Came
from mailing.inbound.reading import Action, Kind, Reading, Report
from mailing.people.address import canonical

# The mailbox or its domain is not there (5.1.10: null MX, RFC 7505), or was closed for good.
_GONE = frozenset({"5.1.1", "5.1.2", "5.1.6", "5.1.10", "5.2.1"})
# A full mailbox, a system in trouble: it may be over tomorrow.
_PASSING = re.compile(r"4\.\d+\.\d+|5\.2\.2|5\.3\.\d+")
# Policy and reputation: they refuse us and not the address.
_OF_POLICY = re.compile(r"[45]\.7\.\d+")

_ARRIVED = (Action.DELIVERED, Action.RELAYED, Action.EXPANDED)


def report_of(reading: Reading, email: str) -> Report:
    """What is said of this address; where it goes by an alias, the first that failed."""
    wanted = _key(email)
    ours = [one for one in reading.reports if wanted and _key(one.address) == wanted]
    failed = [one for one in reading.reports if one.action is Action.FAILED]
    return next(iter([*ours, *failed, *reading.reports]), Report(address=""))


def judge(reading: Reading, report: Report) -> Came | None:
    """What came back; None where nothing has failed (yet)."""
    if report.action is not Action.FAILED:
        return None
    if _OF_POLICY.fullmatch(report.status):
        return Came.POLICY
    if _PASSING.fullmatch(report.status):
        return Came.SOFT
    if report.status in _GONE and reading.kind is not Kind.BOUNCE_OTHER:
        return Came.HARD
    return _BY_KIND[reading.kind]


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
