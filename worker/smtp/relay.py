"""The relay that takes our mail, as KELISIM_SMTP_URL names it."""

import socket
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Self
from urllib.parse import SplitResult, unquote, urlsplit

import idna

from mailing.deliveries.relays import PORTS

# How long an address that lost pipelined commands gets them one by one, or each message apart.
_ONE_BY_ONE_SECONDS = 600.0
_A_MOMENT = 1.0
ENCODE_HINT = "special characters in a user name or password must be percent-encoded"


class Security(StrEnum):
    """How the connection is protected."""

    PLAIN = "plain"
    STARTTLS = "starttls"
    TLS = "tls"


SCHEMES = {
    "smtp": (Security.PLAIN, PORTS["smtp"]),
    "smtp+starttls": (Security.STARTTLS, PORTS["smtp+starttls"]),
    "smtps": (Security.TLS, PORTS["smtps"]),
}


class Spot(NamedTuple):
    """One network address of a relay, as getaddrinfo gives it."""

    family: int
    sockaddr: tuple[str | int | bytes, ...]


@dataclass(frozen=True)
class Relay:
    """Where and how to hand mail over. The password is never shown by `repr` or `name`.

    `silent`, `one_by_one`, `joining` and `joined` are what was learnt about its addresses, for
    every connection: the last two say until when no other message tries whether an envelope that
    goes out with the dot before it is answered, and where one was.
    """

    host: str
    port: int
    security: Security = Security.PLAIN
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    silent: set[Spot] = field(default_factory=set, repr=False, compare=False)
    one_by_one: dict[Spot, float] = field(default_factory=dict, repr=False, compare=False)
    joining: dict[Spot, float] = field(default_factory=dict, repr=False, compare=False)
    joined: set[Spot] = field(default_factory=set, repr=False, compare=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `smtp://user:password@host:port`, percent-decoded.

        Raises ValueError that names what is wrong and never repeats the password.
        """
        url = _split(text)
        security, usual_port = SCHEMES[url.scheme]
        user, password = _credentials(url)
        return cls(_host(url), url.port or usual_port, security, user, password)

    @property
    def name(self) -> str:
        """`host:port`, fit for logs."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def spots(self) -> list[Spot]:
        """Addresses to try in this order: those that were silent the last time come last.

        Raises OSError when the name cannot be resolved.
        """
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        spots = [Spot(family, sockaddr) for family, _, _, _, sockaddr in found]
        return sorted(spots, key=self.silent.__contains__)

    def remember(self, spot: Spot, is_silent: bool) -> None:
        """Keep in mind whether an address answered, for every connection to this relay."""
        if is_silent:
            self.silent.add(spot)
        else:
            self.silent.discard(spot)

    def distrust(self, spot: Spot, now: float) -> None:
        """Keep in mind that an address offered PIPELINING and lost what was pipelined."""
        self.one_by_one[spot] = now + _ONE_BY_ONE_SECONDS

    def may_pipeline(self, spot: Spot, now: float) -> bool:
        """Whether the offer of an address is believed at `now`, by the connection's clock."""
        return self.one_by_one.get(spot, now) <= now

    def may_join(self, spot: Spot, now: float) -> bool:
        """Whether a message's envelope may go out with the dot before it: RFC 2920 3.1.

        An address that drops what stands behind a dot is to hold up one message and no more: until
        it has answered one, whoever is told so here has a moment in which to try it alone.
        """
        if spot in self.joined:
            return True
        is_free = self.joining.get(spot, now) <= now
        if is_free:
            self.joining[spot] = now + _A_MOMENT
        return is_free

    def join(self, spot: Spot, now: float) -> None:
        """Keep in mind that one goes out so."""
        if spot not in self.joined:
            self.joining[spot] = now + _ONE_BY_ONE_SECONDS

    def part(self, spot: Spot, now: float) -> None:
        """Keep in mind that an address answered a dot and lost what was said with it."""
        self.joined.discard(spot)
        self.join(spot, now)


def _split(text: str) -> SplitResult:
    text = text.strip()
    scheme, mark, _ = text.partition("://")
    if not mark or scheme.lower() not in SCHEMES:
        raise ValueError(f"an SMTP address starts with one of {', '.join(SCHEMES)}, then ://")
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        # The original error may quote a piece of the password, so it is not chained.
        raise ValueError(
            f"host or port of the SMTP address cannot be read; {ENCODE_HINT}"
        ) from None
    if port == 0:
        raise ValueError("the port of the SMTP address must be from 1 to 65535")
    if url.path not in ("", "/") or url.query or url.fragment:
        raise ValueError(f"nothing may follow the host of the SMTP address; {ENCODE_HINT}")
    return url


def _host(url: SplitResult) -> str:
    host = url.hostname
    if not host:
        raise ValueError("the SMTP address names no host")
    try:
        return host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        raise ValueError("the host of the SMTP address is not a valid domain name") from None


def _credentials(url: SplitResult) -> tuple[str | None, str | None]:
    if url.username is None:
        return None, None
    user, password = unquote(url.username), unquote(url.password or "")
    if not user or not password:
        raise ValueError("the SMTP address needs both a user and a password, or neither")
    if any(letter < " " or letter == "\x7f" for letter in user + password):
        raise ValueError("user and password of the SMTP address must hold no control characters")
    return user, password
