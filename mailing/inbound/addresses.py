"""Our addresses: which mail is taken in, and what an address asks for by itself.

Mail systems respell what they carry: they fold its case, quote or percent-encode the plus, wrap a
return path (BATV). An address means what it meant when we wrote it, however it comes back; nothing
else is taken for ours by that.
"""

from collections.abc import Iterable

from mailing.base.settings import current
from mailing.base.tokens import MailtoLeave, link_keys
from mailing.inbound import heading, returnpaths
from mailing.inbound.reading.mailboxes import mailbox
from mailing.inbound.reading.mailboxes import plain as plain
from mailing.people import lost

# Beside the helpdesk: those that our own mail names, and those of RFC 2142.
MAILBOXES = ("bounce", "unsubscribe", "join", "postmaster", "abuse")
_ASKING = ("bounce", "unsubscribe", "join")
_POSTMASTER = "postmaster"


def is_ours(address: str) -> bool:
    """Whether mail to this address is taken in at all."""
    written, settings = plain(address), current()
    # RFC 5321 4.5.1: the postmaster is written to without a domain, too.
    if written in (settings.helpdesk_address.lower(), _POSTMASTER):
        return True
    box = mailbox(address)
    if box.domain != settings.bounce_domain.lower():
        return False
    return box.name in MAILBOXES or bool(returnpaths.of([address]))


def asking(recipients: list[str]) -> list[str]:
    """The addresses among these that ask for something by themselves, each once, in one order."""
    domain = current().bounce_domain.lower()
    found = {plain(one) for one in recipients if mailbox(one).domain == domain}
    return sorted(address for address in found if mailbox(address).name in _ASKING)


def ways_out(recipients: list[str]) -> list[MailtoLeave]:
    """Each topic that a recipient's address leaves (RFC 2369 3.2), once and in one order."""
    keys = link_keys(current().secret_keys)
    found = {MailtoLeave.read(keys, plain(one).rpartition("@")[0]) for one in recipients}
    return sorted((out for out in found if out), key=lambda out: (out.subscriber, out.topic_id))


def whose_ways_out(recipients: list[str]) -> list[MailtoLeave]:
    """The same of people whom the database knows, as it knows them: it may have been restored
    since the address was written."""
    outs = [o._replace(subscriber=lost.now_known_as(o.subscriber)) for o in ways_out(recipients)]
    return [out for out in outs if lost.digest_of(out.subscriber) is not None]


def join_address() -> str:
    """Where somebody writes from their own address to come back."""
    return f"join@{current().bounce_domain}"


def joining(recipients: Iterable[str]) -> list[str]:
    """Those among these that ask to join, as we would have written them."""
    domain = current().bounce_domain.lower()
    boxes = ((plain(one), mailbox(one)) for one in recipients)
    return [one for one, box in boxes if (box.name, box.domain) == ("join", domain)]


def joined(recipients: Iterable[str]) -> list[str]:
    """The slugs that `join+slug@` addresses name, each once."""
    named = [mailbox(one).token for one in joining(recipients)]
    return list(dict.fromkeys(slug for slug in named if slug))


def in_header(raw: bytes) -> list[str]:
    """Whom a message without an envelope was for: the recipients that the mail system noted, else
    those of To and Cc. A mailbox that collects several addresses is noted under its own name alone,
    so what asks for something by its address, or is signed by us, counts wherever it is written."""
    found = heading.of(raw)
    return list(dict.fromkeys([*found.recipients, *filter(_speaks, found.written)]))


def _speaks(address: str) -> bool:
    return bool(asking([address]) or ways_out([address]) or returnpaths.of([address]))
