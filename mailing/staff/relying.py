"""Where passkeys are at home: the host of KELISIM_PUBLIC_URL, the "relying party" of the standard.

A passkey belongs to that host for good. Browsers make none for an address without a name, nor over
plain http, this machine's own `localhost` excepted (Web Authentication Level 2, 5.1.3 and 5.1.4).
"""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

import idna

from mailing.base.errors import Conflict
from mailing.base.settings import current

_USUAL = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Home:
    """The host to which passkeys are bound, and the origin that browsers name in what is signed."""

    host: str
    origin: str


def home() -> Home | None:
    """Where passkeys are at home; None where browsers allow none."""
    parts = urlsplit(current().public_url)
    host = _ascii(parts.hostname or "")
    is_own = host == "localhost" or host.endswith(".localhost")
    if not host or _is_number(host) or (parts.scheme != "https" and not is_own):
        return None
    port = "" if parts.port in (None, _USUAL[parts.scheme]) else f":{parts.port}"
    return Home(host, f"{parts.scheme}://{host}{port}")


def demand_home() -> Home:
    """As `home`; raises Conflict where there is none."""
    found = home()
    if found is None:
        raise Conflict(
            "Browsers allow no passkeys at this address: KELISIM_PUBLIC_URL has to be an https "
            "address with a name. Use an app that makes codes."
        )
    return found


def _ascii(host: str) -> str:
    """As browsers write it: they sign for xn--80aqfh.example, whatever the address bar shows."""
    return host if host.isascii() else idna.encode(host, uts46=True).decode()


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
