"""Who wrote it, as far as the receiving server itself vouches (RFC 8601, RFC 9989 4.4).

Only the topmost `Authentication-Results` of a configured authserv-id counts: anybody can write
the field, the receiving server puts its own on top and removes what bears its name below.
"""

import re
from collections.abc import Sequence

from mailing.inbound.reading import fields
from mailing.inbound.reading.parts import Part
from mailing.inbound.reading.values import Trust

_COMMENT = re.compile(r"\([^()]{0,1000}\)")
_QUOTED = re.compile(r'"[^"]{0,1000}"')
_METHOD = re.compile(r"^\s*(dkim|spf|dmarc)(?:\s*/\s*\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)
_PROPERTY = re.compile(r"\b(header\.d|header\.i|header\.from|smtp\.mailfrom)\s*=\s*([^\s;]{1,320})", re.I)
# The second level under which a country registers its names.
_SECOND = frozenset("com co org net gov edu ac mil or ne go gob gouv nom info biz sch ltd plc me".split())
# Names under which anybody may have one of his own.
_SHARED = frozenset(
    "github.io gitlab.io blogspot.com herokuapp.com appspot.com web.app pages.dev workers.dev "
    "netlify.app vercel.app azurewebsites.net cloudfront.net amazonaws.com onmicrosoft.com "
    "eu.org uk.com us.com de.com ru.com kz.com duckdns.org dyndns.org no-ip.org".split()
)
_FAILS = {"fail", "softfail", "permerror"}


def trust_of(message: Part, sender: str | None, authserv_ids: Sequence[str]) -> Trust:
    """Whether a pass of DKIM, SPF or DMARC is aligned with the one address in `From`."""
    results = _results(message, authserv_ids)
    if not results or not sender:
        return Trust.UNKNOWN
    domain = sender.rpartition("@")[2]
    verdicts = [verdict for result in results if (verdict := _verdict(result, domain)) is not None]
    if any(method == "dmarc" and not passed for method, passed in verdicts):
        return Trust.FAILED
    if any(passed for _, passed in verdicts):
        return Trust.ALIGNED
    return Trust.FAILED if verdicts else Trust.UNKNOWN


def organisation(domain: str) -> str:
    """The domain that its owner registered, by what names look like; asks no name server."""
    labels = domain.lower().strip(".").split(".")
    wide = 3 if len(labels) > 2 and _is_shared(labels) else 2
    return ".".join(labels[-wide:])


def _is_shared(labels: list[str]) -> bool:
    if ".".join(labels[-2:]) in _SHARED:
        return True
    return len(labels[-1]) == 2 and labels[-2] in _SECOND


def _results(message: Part, authserv_ids: Sequence[str]) -> list[str]:
    wanted = {one.lower().strip() for one in authserv_ids if one.strip()}
    for value in fields.every(message.fields, "authentication-results"):
        plain = _COMMENT.sub(" ", _QUOTED.sub(lambda hit: hit[0][1:-1].replace(";", " "), value))
        head, *rest = plain.split(";")
        named = head.split()
        if named and named[0].lower() in wanted:
            return rest
    return []


def _verdict(result: str, domain: str) -> tuple[str, bool] | None:
    """Method and aligned pass of one result; None for what says nothing either way."""
    match = _METHOD.match(result)
    if not match:
        return None
    method, verdict = match[1].lower(), match[2].lower()
    if verdict != "pass":
        return (method, False) if verdict in _FAILS else None
    told = {name.lower(): value for name, value in _PROPERTY.findall(result)}
    names = {"dkim": ("header.d", "header.i"), "spf": ("smtp.mailfrom",), "dmarc": ("header.from",)}
    found = next((told[name] for name in names[method] if name in told), "")
    signer = found.strip("<>\"'").rpartition("@")[2]
    is_aligned = bool(signer) and organisation(signer) == organisation(domain)
    # A pass for somebody else says nothing about this sender.
    return (method, True) if is_aligned else None
