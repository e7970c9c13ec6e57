"""The envelope of one message as command lines, and its body as it goes over the wire."""

import re
from dataclasses import dataclass
from unicodedata import category

import idna

from mailing.deliveries.permit import SendPermit
from worker.smtp.extensions import Extensions

# RFC 5321 4.5.3.1.3: a path, its angle brackets included.
PATH_LIMIT = 256
# Without this a crafted address could close the bracket and add parameters of its own.
MAILBOX = re.compile(
    r'(?P<local>"(?:[^"\\]|\\.)*"|[^\s"<>()\[\]\\,;:@]+)'
    r"@(?P<domain>\[[0-9A-Za-z.:]+\]|[^\s\"<>()\[\]\\,;:@]+)"
)


class Unsendable(Exception):
    """This message cannot be given to this relay. The message says why, without the address."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """The two commands that name sender and recipient, without CRLF."""

    mail: bytes
    rcpt: bytes


def envelope(permit: SendPermit, message: bytes, extensions: Extensions) -> Envelope:
    """Build MAIL and RCPT for one recipient; raises Unsendable before anything is written."""
    sender = _path("return path", permit.return_path) if permit.return_path else "<>"
    recipient = _path("recipient", permit.recipient)
    is_international = not (sender.isascii() and recipient.isascii())
    parameters = _parameters(message, is_international, extensions)
    return Envelope(
        " ".join([f"MAIL FROM:{sender}", *parameters]).encode(),
        f"RCPT TO:{recipient}".encode(),
    )


def stuffed(message: bytes) -> bytes:
    """Return the bytes that follow 354, dots doubled, without the final dot. RFC 5321 4.5.2.

    Raises ValueError for a bare CR or LF or a NUL: that is a mistake of the program, and on the
    wire it could end the message early.
    """
    pairs = message.count(b"\r\n")
    if message.count(b"\n") != pairs or message.count(b"\r") != pairs or b"\0" in message:
        raise ValueError("a message must hold CRLF line ends only, and no NUL")
    body = message.replace(b"\r\n.", b"\r\n..")
    if body.startswith(b"."):
        body = b"." + body
    return body if body.endswith(b"\r\n") or not body else body + b"\r\n"


def _parameters(message: bytes, is_international: bool, extensions: Extensions) -> list[str]:
    """Parameters of MAIL: RFC 1870, RFC 6152, RFC 6531 3.4. What is needed must be offered."""
    parameters = [f"SIZE={len(message)}"] if extensions.offers("SIZE") else []
    if not message.isascii():
        _demand("8BITMIME", "a message with 8-bit bytes", extensions)
        parameters.append("BODY=8BITMIME")
    if is_international:
        _demand("SMTPUTF8", "an address with letters beyond ASCII before the @", extensions)
        parameters.append("SMTPUTF8")
    return parameters


def _demand(keyword: str, what: str, extensions: Extensions) -> None:
    if not extensions.offers(keyword):
        raise Unsendable(f"the relay does not offer {keyword}, so it cannot take {what}")


def _path(role: str, address: str) -> str:
    """Return `<local@domain>` with the domain as A-label, which needs no SMTPUTF8."""
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
