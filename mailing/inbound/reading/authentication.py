"""How sure it is who wrote a message: the receiving server's own word (RFC 8601)."""

import re
from collections.abc import Sequence

from mailing.inbound.reading.addresses import first
from mailing.inbound.reading.headers import fields
from mailing.inbound.reading.opened import Opened
from mailing.inbound.reading.values import Trust

_COMMENT = re.compile(r"\([^()]{0,500}\)")
_RESULT = re.compile(
    r"^\s*(dkim|spf|dmarc)(?:/\d+)?\s*=\s*([a-z]+)\b(.*)$", re.IGNORECASE | re.DOTALL
)
_PROPERTY = re.compile(
    r"\b(header\.d|header\.i|smtp\.mailfrom|header\.from)\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE
)
# Below these, names are registered one level further down; the list is short on purpose, because
# a wrong "aligned" destroys data, and a wrong "not aligned" only asks by mail.
_SECOND_LEVEL = re.compile(r"^(?:com|org|net|edu|gov|mil|co|ac|or|ne|go|gv|gob|msk|spb|kz)$")


def trust(opened: Opened, authserv_ids: Sequence[str]) -> Trust:
    """`aligned` where DKIM, SPF or DMARC passed for the domain in `From`.

    Only fields of a configured authserv-id count, and of those only the topmost one: whatever
    stands below it may have come with the message (RFC 8601 section 5).
    """
    author = first(opened.field("From"))
    ours = _topmost(opened, [name.lower() for name in authserv_ids if name])
    if author is None or ours is None or len(fields(opened.message, "From")) != 1:
        return Trust.UNKNOWN
    domain = author.rpartition("@")[2].lower()
    said = [_RESULT.match(result) for result in ours]
    found = [(one[1].lower(), one[2].lower(), dict(_properties(one[3]))) for one in said if one]
    if any(result == "pass" and _aligned(method, told, domain) for method, result, told in found):
        return Trust.ALIGNED
    return Trust.FAILED if any(result == "fail" for _, result, _ in found) else Trust.UNKNOWN


def _topmost(opened: Opened, ids: list[str]) -> list[str] | None:
    for value in fields(opened.message, "Authentication-Results"):
        bare = _COMMENT.sub(" ", value)
        name, *results = bare.split(";")
        if name.strip().split(" ")[0].lower() in ids:
            # What is quoted was chosen by whoever wrote: a sender's local part may hold anything.
            return None if '"' in bare or "\\" in bare else results
    return None


def _properties(text: str) -> list[tuple[str, str]]:
    return [(name.lower(), value.lower()) for name, value in _PROPERTY.findall(text)]


def _aligned(method: str, told: dict[str, str], domain: str) -> bool:
    """Relaxed alignment, each method by its own property (RFC 9989 section 4.4)."""
    if method == "dmarc":
        said = told.get("header.from")
        return said is not None and organisation(said) == organisation(domain)
    names = ("header.d", "header.i") if method == "dkim" else ("smtp.mailfrom",)
    said = next((told[name] for name in names if name in told), None)
    return said is not None and organisation(said.rpartition("@")[2]) == organisation(domain)


def organisation(domain: str) -> str:
    """The domain that somebody registered, as far as that can be told without asking anybody."""
    labels = domain.strip(".").lower().split(".")
    size = 3 if len(labels) > 2 and _SECOND_LEVEL.match(labels[-2]) else 2
    return ".".join(labels[-size:])
