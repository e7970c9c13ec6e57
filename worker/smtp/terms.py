"""What a connection is opened with."""

import re
import ssl
from dataclasses import dataclass
from functools import cache

from worker.smtp.outcome import Timeouts
from worker.smtp.relay import Relay

HOST_NAME = re.compile(r"[0-9A-Za-z.:\[\]_-]+")


@dataclass(frozen=True, slots=True)
class Terms:
    """Relay, our own name for EHLO, time-outs, trusted certificates (None: the system's).

    Raises ValueError for a name that cannot stand in EHLO (RFC 5321 4.1.1.1, RFC 6531 3.7.1).
    """

    relay: Relay
    helo: str
    timeouts: Timeouts
    trust: ssl.SSLContext | None

    def __post_init__(self) -> None:
        if not HOST_NAME.fullmatch(self.helo):
            raise ValueError("the name for EHLO must be a host name in its ASCII form")


@cache
def system_trust() -> ssl.SSLContext:
    """The certificates that this system trusts; SSL_CERT_FILE names others. Reading them takes
    20 to 50 ms, so they are asked for where a connection is to be in TLS."""
    return ssl.create_default_context()
