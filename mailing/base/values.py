"""Values: what the text of a setting means, and what it may not be.

Each raises ValueError with the end of a sentence that begins with the setting's name.
"""

import base64
import binascii
import logging
import re
from ipaddress import ip_address
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_HOST = re.compile(r"[^\s/?#\\]+\Z")


def words(text: str) -> tuple[str, ...]:
    """The parts of a list, separated by commas."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def key(text: str) -> bytes:
    """A key of 32 bytes, spelled in base64."""
    try:
        octets = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be base64 of 32 bytes") from None
    if len(octets) != 32:
        raise ValueError(f"must be base64 of 32 bytes, not of {len(octets)}")
    return octets


def public_address(text: str) -> str:
    """What every link is built upon: https, or http on loopback; nothing follows its path."""
    parts = urlsplit(text)
    host = parts.hostname or ""
    is_bare = not (parts.query or parts.fragment or "@" in parts.netloc) and _HOST.match(host)
    if is_bare and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))):
        return text.rstrip("/")
    raise ValueError("must be an https address, or http on loopback (http://127.0.0.1:8080)")


def relays(given: tuple[str, ...]) -> tuple[str, ...]:
    """Addresses of mail relays; how each is spelled in full is SMTP's own matter."""
    if all(urlsplit(one).scheme in ("smtp", "smtp+starttls", "smtps") for one in given):
        return given
    raise ValueError("must be smtp://, smtp+starttls:// or smtps:// addresses")


def imap_mailbox(text: str | None) -> str | None:
    """The address of a mailbox: `imaps://user:password@host/INBOX`."""
    parts = urlsplit(text or "")
    is_whole = bool(parts.hostname and parts.username and parts.password is not None)
    if text is None or (parts.scheme in ("imap", "imap+starttls", "imaps") and is_whole):
        return text
    raise ValueError(
        "must be imaps://, imap+starttls:// or imap:// with user and password "
        "(imaps://helpdesk:secret@mail.example/INBOX)"
    )


def database(text: str | None) -> str | None:
    """The address of a PostgreSQL database."""
    if text is None or urlsplit(text).scheme.partition("+")[0] in ("postgresql", "postgres"):
        return text
    raise ValueError("must be a postgresql:// address")


def queue(text: str | None) -> str | None:
    """The address of a Redis or Valkey."""
    if text is None or urlsplit(text).scheme in ("redis", "rediss", "unix"):
        return text
    raise ValueError("must be a redis:// or rediss:// address")


def time_zone(text: str) -> str:
    """The name of a time zone that this machine knows."""
    try:
        return ZoneInfo(text).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("must be the name of a time zone, such as Asia/Almaty") from None


def resolver(text: str) -> str:
    """The address and port of a name server; nothing means the system's."""
    host, _, port = text.rpartition(":")
    try:
        is_one = bool(ip_address(host.strip("[]"))) and 0 < int(port) < 65_536
    except ValueError:
        is_one = not text
    if is_one:
        return text
    raise ValueError("must be the address and port of a name server, such as 192.0.2.53:53")


def spam_filter(text: str | None) -> str | None:
    """The address under which rspamd answers; nothing else but a path in it."""
    parts = urlsplit(text or "")
    is_bare = not (parts.query or parts.fragment or "@" in parts.netloc) and _HOST.match(
        parts.hostname or ""
    )
    if text is None or (is_bare and parts.scheme in ("http", "https") and parts.port != 0):
        return text
    raise ValueError("must be an http address, such as http://127.0.0.1:11333")


def http_field(text: str | None) -> str | None:
    """What a field of an HTTP request can carry (RFC 9110 5.5); the value is never shown."""
    if text is None or (text.isascii() and text.isprintable()):
        return text
    raise ValueError("may hold only ASCII letters, figures and signs")


def log_level(text: str) -> str:
    """The name of a level."""
    if text.upper() not in logging.getLevelNamesMapping():
        raise ValueError("must be debug, info, warning, error or critical")
    return text


def minutes(given: tuple[int, ...]) -> tuple[int, ...]:
    """Minutes from now."""
    if min(given, default=0) < 0:
        raise ValueError("must be minutes from now, none of them negative")
    return given


def is_loopback(host: str | None) -> bool:
    """Whether a host is this machine itself."""
    if host is None:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
