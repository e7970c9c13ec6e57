"""Networks: what may be counted of where a request came from. Never kept but as a keyed digest."""

import hmac
from hashlib import sha256
from ipaddress import ip_address, ip_network

from mailing.base.settings import Settings

UNKNOWN = "unknown"
# This machine, private networks (RFC 1918, RFC 4193) and link-local ones.
_SHARED = tuple(
    ip_network(text)
    for text in (
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
        *("::/64", "fc00::/7", "fe80::/10"),
    )
)


def network_of(address: str | None) -> str:
    """An IPv4 address, or the /64 of an IPv6 one: a customer usually holds a whole /64."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return UNKNOWN
    return str(ip_network((parsed, 32 if parsed.version == 4 else 64), strict=False))


def is_everybody(network: str) -> bool:
    """Whether it may stand for all visitors at once: this machine, or a private network.

    Behind a proxy that no setting names, every request comes from there.
    """
    if network == UNKNOWN:
        return True
    first = ip_network(network).network_address
    return any(first in shared for shared in _SHARED if shared.version == first.version)


def digest(settings: Settings, *parts: str) -> str:
    """A keyed digest of these parts, in place of what must not be kept."""
    text = "\0".join(parts).encode()
    return hmac.new(settings.secret_keys[0].encode(), text, sha256).hexdigest()
