"""Our addresses: which mail is taken in, and what an address asks for by itself.

Mail systems respell what they carry: they fold its case, quote or percent-encode the plus, wrap a
return path (BATV). An address means what it meant when we wrote it, however it comes back; nothing
else is taken for ours by that.
"""

import re
from collections.abc import Iterable

from mailing.base.settings import current
from mailing.base.tokens import MailtoLeave, link_keys
from mailing.inbound import heading, returnpaths

# Beside the helpdesk: those that our own mail names, and those of RFC 2142.
MAILBOXES = ("bounce", "unsubscribe", "join", "postmaster", "abuse")
_ASKING = ("bounce", "unsubscribe", "join")
_POSTMASTER = "postmaster"

_LONGEST = 1000
# RFC 5321 4.1.2: a quoted local part and the same without quotes are one mailbox.
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")
_PLUS = re.compile(r"[=%]2b")


def plain(address: str) -> str:
    """An address as we would have written it: no brackets, quotes, codes, capitals, final dot."""
    bare = address[:_LONGEST].strip().strip("<>").strip()
    local_part, at, domain = bare.rpartition("@")
    if not at:
        local_part, domain = domain, ""
    quoted = _QUOTED.fullmatch(local_part)
    if quoted:
        local_part = _ESCAPED.sub(r"\1", quoted[1])
    decoded = _PLUS.sub("+", local_part.lower())
    return f"{decoded}{at}{domain.lower().removesuffix('.')}"


def is_ours(address: str) -> bool:
    """Whether mail to this address is taken in at all."""
    written, settings = plain(address), current()
    # RFC 5321 4.5.1: the postmaster is written to without a domain, too.
    if written in (settings.helpdesk_address.lower(), _POSTMASTER):
        return True
    name, domain = _mailbox(written)
    if domain != settings.bounce_domain.lower():
        return False
    return name in MAILBOXES or bool(returnpaths.of([address]))


def asking(recipients: list[str]) -> list[str]:
    """The addresses among these that ask for something by themselves, each once, in one order."""
    domain = current().bounce_domain.lower()
    found = {plain(address) for address in recipients}
    return sorted(a for a in found if _mailbox(a)[0] in _ASKING and _mailbox(a)[1] == domain)


def ways_out(recipients: list[str]) -> list[MailtoLeave]:
    """Each topic that a recipient's address leaves (RFC 2369 3.2), once and in one order."""
    keys = link_keys(current().secret_keys)
    found = {MailtoLeave.read(keys, plain(one).rpartition("@")[0]) for one in recipients}
    return sorted((out for out in found if out), key=lambda out: (out.subscriber, out.topic_id))


def join_address() -> str:
    """Where somebody writes from their own address to come back."""
    return f"join@{current().bounce_domain}"


def joining(recipients: Iterable[str]) -> list[str]:
    """Those among these that ask to join, as we would have written them."""
    ours = ("join", current().bounce_domain.lower())
    return [one for one in map(plain, recipients) if _mailbox(one) == ours]


def joined(recipients: Iterable[str]) -> list[str]:
    """The slugs that `join+slug@` addresses name, each once."""
    named = [one.rpartition("@")[0].partition("+")[2] for one in joining(recipients)]
    return list(dict.fromkeys(slug for slug in named if slug))


def in_header(raw: bytes) -> list[str]:
    """Whom a message without an envelope was for: the recipients that the mail system noted, else
    those of To and Cc. A mailbox that collects several addresses is noted under its own name alone,
    so what asks for something by its address, or is signed by us, counts wherever it is written."""
    found = heading.of(raw)
    return list(dict.fromkeys([*found.recipients, *filter(_speaks, found.written)]))


def _speaks(address: str) -> bool:
    return bool(asking([address]) or returnpaths.of([address]))


def _mailbox(address: str) -> tuple[str, str]:
    local_part, _, domain = address.rpartition("@")
    return local_part.partition("+")[0], domain
