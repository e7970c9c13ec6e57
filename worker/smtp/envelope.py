"""The envelope of one message as command lines."""

import re
from typing import NamedTuple
from unicodedata import category

import idna

from mailing.deliveries.message.octets import Octets
from mailing.deliveries.permit import SendPermit
from worker.smtp.extensions import Extensions

# RFC 5321 4.5.3.1.3: a path, its angle brackets included.
PATH_LIMIT = 256
# Without this a crafted address could close the bracket and add parameters of its own.
MAILBOX = re.compile(
    r'(?P<local>"(?:[^"\\]|\\.)*"|[^\s"<>()\[\]\\,;:@]+)'
    r"@(?P<domain>\[[0-9A-Za-z.:]+\]|[^\s\"<>()\[\]\\,;:@]+)"
)
# What nearly every address looks like needs no closer look: 0.6 us instead of 20.
PLAIN = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,180}")


class Unsendable(Exception):
    """This message cannot be given to this relay. The message says why, without the address."""


class Envelope(NamedTuple):
    """The two commands that name sender and recipient, each with its CRLF."""

    mail: bytes
    rcpt: bytes


def envelope(permit: SendPermit, octets: Octets, extensions: Extensions) -> Envelope:
    """Build MAIL and RCPT for one recipient; raises Unsendable before anything is written."""
    sender = _path("return path", permit.return_path) if permit.return_path else "<>"
    recipient = _path("recipient", permit.recipient)
    parameters = _size(octets, extensions)
    if not octets.is_ascii:
        _demand("8BITMIME", "a message with 8-bit bytes", extensions)
        parameters += " BODY=8BITMIME"
    if not (sender.isascii() and recipient.isascii()):
        _demand("SMTPUTF8", "an address with letters beyond ASCII before the @", extensions)
        parameters += " SMTPUTF8"
    return Envelope(
        f"MAIL FROM:{sender}{parameters}\r\n".encode(), f"RCPT TO:{recipient}\r\n".encode()
    )


def _size(octets: Octets, extensions: Extensions) -> str:
    """Announce the size where that is offered; raises Unsendable beyond the limit. RFC 1870."""
    if "SIZE" not in extensions.keywords:
        return ""
    limit = extensions.size_limit
    if limit is not None and octets.size > limit:
        raise Unsendable(
            f"the message has {octets.size} octets, and the relay takes {limit} at most"
        )
    return f" SIZE={octets.size}"


def _demand(keyword: str, what: str, extensions: Extensions) -> None:
    """Ask for what RFC 6152 and RFC 6531 3.4 require to be offered."""
    if not extensions.offers(keyword):
        raise Unsendable(f"the relay does not offer {keyword}, so it cannot take {what}")


def _path(role: str, address: str) -> str:
    """Return `<local@domain>` with the domain as A-label, which needs no SMTPUTF8."""
    if PLAIN.fullmatch(address):
        return f"<{address}>"
    if any(category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in address):
        raise Unsendable(f"the {role} holds a control character or a line break")
    found = MAILBOX.fullmatch(address)
    if found is None:
        raise Unsendable(f"the {role} is not a mail address")
    path = f"<{found['local']}@{_domain(role, found['domain'])}>"
    if len(path.encode()) > PATH_LIMIT:
        raise Unsendable(f"the {role} is longer than {PATH_LIMIT} octets")
    return path


def _domain(role: str, domain: str) -> str:
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        raise Unsendable(f"the domain of the {role} is not a valid domain name") from None
