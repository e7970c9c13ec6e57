"""Our addresses: which mail is taken in, and what an address asks for by itself."""

from email.parser import BytesHeaderParser
from email.utils import getaddresses

from mailing.base.settings import current
from mailing.base.tokens import MailtoLeave, link_keys

# Beside the helpdesk: those that our own mail names, and those of RFC 2142.
MAILBOXES = ("bounce", "unsubscribe", "join", "postmaster", "abuse")
_ASKING = ("bounce", "unsubscribe", "join")

# Where a mail system writes down whom it delivered to, before what the sender wrote (RFC 5321
# 4.4 leaves that to the system; these are the usual names).
_DELIVERED_TO = ("Delivered-To", "X-Original-To", "Envelope-To")
_WRITTEN_TO = ("To", "Cc")
_LONGEST_HEADER = 256 * 1024
_LONGEST_FIELD, _MOST_FIELDS = 64 * 1024, 50
_LONGEST = 320  # RFC 5321 4.5.3.1: 64 octets, the at sign, 255 octets.


def is_ours(address: str) -> bool:
    """Whether mail to this address is taken in at all."""
    written, settings = address.lower(), current()
    if written == settings.helpdesk_address.lower():
        return True
    name, domain = _mailbox(written)
    return domain == settings.bounce_domain.lower() and name in MAILBOXES


def asking(recipients: list[str]) -> list[str]:
    """The addresses among these that ask for something by themselves, each once, in one order."""
    domain = current().bounce_domain.lower()
    found = {address.lower() for address in recipients}
    return sorted(a for a in found if _mailbox(a)[0] in _ASKING and _mailbox(a)[1] == domain)


def ways_out(recipients: list[str]) -> list[MailtoLeave]:
    """Each topic that a recipient's address leaves (RFC 2369 3.2), once and in one order."""
    keys = link_keys(current().secret_keys)
    found = {MailtoLeave.read(keys, address.rpartition("@")[0]) for address in recipients}
    return sorted((out for out in found if out), key=lambda out: (out.subscriber, out.topic_id))


def join_address() -> str:
    """Where somebody writes from their own address to come back."""
    return f"join@{current().bounce_domain}"


def joined(recipients: list[str]) -> list[str]:
    """The slugs that `join+slug@` addresses name, each once."""
    domain = current().bounce_domain.lower()
    written = [address.lower() for address in recipients]
    named = [
        address.rpartition("@")[0].partition("+")[2]
        for address in written
        if _mailbox(address) == ("join", domain)
    ]
    return list(dict.fromkeys(slug for slug in named if slug))


def in_header(raw: bytes) -> list[str]:
    """The envelope's recipients as the mail system noted them, else those of the header.

    Never raises: a field that cannot be taken apart names nobody.
    """
    header = BytesHeaderParser().parsebytes(raw[:_LONGEST_HEADER])
    for names in (_DELIVERED_TO, _WRITTEN_TO):
        values = [str(value) for name in names for value in header.get_all(name, [])]
        found = [address for value in values[:_MOST_FIELDS] for address in _named_in(value)]
        if found:
            return found
    return []


def _named_in(value: str) -> list[str]:
    """The addresses of one field. Comments may nest so deep that the standard reader gives up."""
    try:
        found = [address for _, address in getaddresses([value[:_LONGEST_FIELD]])]
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError):
        return []
    return [address for address in found if address.isprintable() and 0 < len(address) <= _LONGEST]


def _mailbox(address: str) -> tuple[str, str]:
    local_part, _, domain = address.rpartition("@")
    return local_part.partition("+")[0], domain
