"""How sure it is who wrote a message: the receiving server's own word (RFC 8601)."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from mailing.base.domains import organisation
from mailing.inbound.reading.addresses import addresses
from mailing.inbound.reading.headers import fields
from mailing.inbound.reading.opened import Opened
from mailing.inbound.reading.results import Malformed, Result, server_and_results
from mailing.inbound.reading.values import Trust

_FIELD = "authentication-results"
_MOST = 10
# What proves a domain: a bare name, or an address with a plain local part (or none). A quoted
# local part was chosen by whoever wrote, and may hold anything: it proves nobody.
_PROVING = re.compile(r"(?:[^@\s\"\\<>]*@)?([^@\s\"\\<>]+)")
_PROPERTIES = {
    "dkim": ("header.d", "header.i"),
    "spf": ("smtp.mailfrom",),
    "dmarc": ("header.from",),
}
_DMARC_SAYS_NO = {"fail", "permerror", "temperror"}


def trust(opened: Opened, authserv_ids: Sequence[str]) -> Trust:
    """`aligned` where DKIM, SPF or DMARC passed for the domain in `From`, and DMARC did not fail.

    Only fields of a configured authserv-id count, and passes only in the topmost of them with those
    directly below it: whatever stands further down may have come with the message (RFC 8601
    section 5). A pass of DKIM or SPF is not asked where DMARC said no: its policy may be strict.
    """
    authors = addresses(opened.field("From"))
    ids = {name.strip().lower() for name in authserv_ids if name.strip()}
    if not ids or len(authors) != 1 or len(fields(opened.message, "From")) != 1:
        return Trust.UNKNOWN
    said = list(_said_anywhere(opened, ids))
    if any(one.method == "dmarc" and one.word in _DMARC_SAYS_NO for one in said):
        return Trust.FAILED
    domain = authors[0].rpartition("@")[2]
    if any(one.word == "pass" and _is_aligned(one, domain) for one in _believed(opened, ids)):
        return Trust.ALIGNED
    return Trust.FAILED if any(one.word == "fail" for one in said) else Trust.UNKNOWN


def _said_anywhere(opened: Opened, ids: set[str]) -> Iterator[Result]:
    """What stands under our server's name; good enough to doubt by, wherever it stands."""
    values = [value for name, value in _items(opened) if name == _FIELD]
    for value in values[:_MOST]:
        try:
            server, results = server_and_results(value)
        except Malformed:
            continue
        if server in ids:
            yield from results


def _believed(opened: Opened, ids: set[str]) -> list[Result]:
    """The topmost results of our server; of a field below another one, only what is new in it.

    A field above or among them that breaks the grammar may be our server's own, broken by what the
    message made it quote: then nothing is believed.
    """
    for is_result, group in groupby(_items(opened), lambda item: item[0] == _FIELD):
        if is_result:
            try:
                read = [server_and_results(value) for _, value in list(group)[:_MOST]]
            except Malformed:
                return []
            if any(server in ids for server, _ in read):
                return _first_of_each(read, ids)
    return []


def _first_of_each(read: list[tuple[str, list[Result]]], ids: set[str]) -> list[Result]:
    believed: list[Result] = []
    seen: set[str] = set()
    for server, results in read:
        if server in ids:
            believed += [one for one in results if one.method not in seen]
            seen |= {one.method for one in results}
        elif believed or seen:
            break
    return believed


def _items(opened: Opened) -> list[tuple[str, str]]:
    """The header as it came: an encoded word in a result is the sender's own text."""
    return [(name.lower(), str(value)) for name, value in opened.message.raw_items()]


def _is_aligned(result: Result, domain: str) -> bool:
    """Relaxed alignment, each method by its own property (RFC 9989 section 4.4)."""
    names = _PROPERTIES.get(result.method, ())
    said = next((result.properties[name] for name in names if name in result.properties), "")
    proved = _PROVING.fullmatch(said)
    registered = organisation(domain)
    return bool(proved and registered and organisation(proved[1]) == registered)
