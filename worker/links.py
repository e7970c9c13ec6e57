"""Looking a campaign's links up: a worker's errand, guarded against being led into our network.

The name is resolved once, every address that it has must be public, and the connection goes to
the address that was looked at, not to the name again (DNS rebinding). Each step of a redirect is
looked at in the same way. No cookie, no referrer, nothing of a person.
"""

import http.client
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urljoin, urlsplit

import structlog

from mailing.base.database import db
from mailing.base.dialling import PORTS, Place, connected
from mailing.base.settings import Settings, current
from mailing.deliveries import links
from mailing.deliveries.links import Finding, Found

SECONDS = 5.0
MOST_STEPS = 5
AT_ONCE = 8
READ_AT_MOST = 1024
AGENT = "Kelisim link check"
_ASK_AGAIN = frozenset((403, 404, 405, 501))  # some servers know no HEAD
_MOVED = frozenset((301, 302, 303, 307, 308))
_NAT64 = IPv6Network("64:ff9b::/96")

Networks = tuple[IPv4Network | IPv6Network, ...]
Ip = IPv4Address | IPv6Address

_log = structlog.get_logger()


class Refused(Exception):
    """An address leads, or is led, into a network that is not public."""


def look_up_waiting() -> int:
    """Look up what is waited for, a few at a time; how many. Commits between them: no network call
    inside a transaction."""
    done = 0
    settings = current()
    while waiting := links.take():
        db.session.commit()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = list(pool.map(lambda address: look_up(address, settings), waiting))
        links.keep(found)
        db.session.commit()
        done += len(found)
    links.forget()
    db.session.commit()
    return done


def look_up(address: str, settings: Settings) -> Found:
    """What one address leads to; never raises."""
    try:
        return _follow(address, settings)
    except Refused:
        return Found(address, Finding.REFUSED)
    except (OSError, http.client.HTTPException, ValueError) as error:
        # What a peer makes us raise is told by its kind: its words could be anything.
        return Found(address, Finding.UNKNOWN, type(error).__name__)
    except Exception as error:
        _log.error("a link cannot be looked up", error=type(error).__name__)
        return Found(address, Finding.UNKNOWN, type(error).__name__)


def _follow(address: str, settings: Settings) -> Found:
    now = address
    for _ in range(MOST_STEPS + 1):
        place = resolve(now, settings.link_networks)
        status, onward = _ask(place, "HEAD")
        if status in _ASK_AGAIN:
            status, onward = _ask(place, "GET")
        if status not in _MOVED or not onward:
            fine = status < 400  # RFC 9110 section 15: from here on, errors
            return Found(address, Finding.FINE if fine else Finding.BROKEN, str(status))
        now = urljoin(now, onward)
        if _is_ours(now, settings):
            return Found(address, Finding.FINE, str(status))
    return Found(address, Finding.MOVED, str(status))


def _is_ours(address: str, settings: Settings) -> bool:
    """Our own pages are never fetched, from wherever somebody is sent there."""
    return urlsplit(address).hostname == urlsplit(settings.public_url).hostname


def resolve(address: str, allowed: Networks = ()) -> Place:
    """Where a request to this address goes; raises Refused for what is not public."""
    parts = urlsplit(address)
    port = parts.port or PORTS.get(parts.scheme, 0)
    if parts.scheme not in PORTS or not parts.hostname or parts.username or parts.password:
        raise Refused
    found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    ips = list(dict.fromkeys(str(one[4][0]) for one in found))
    if not ips or not all(is_allowed(ip_address(ip.partition("%")[0]), allowed) for ip in ips):
        raise Refused
    named = any(ip_address(ips[0]) in network for network in allowed)
    if port != PORTS[parts.scheme] and not named:
        raise Refused
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    return Place(parts.scheme, parts.hostname, port, path, ips[0])


def is_allowed(ip: Ip, allowed: Networks = ()) -> bool:
    """Whether an address is public, or in a network that the operator named.

    What IPv6 wraps around an IPv4 address is judged by that one.
    """
    if any(ip in network for network in allowed):
        return True
    return all(one.is_global and not one.is_multicast for one in (ip, *_inside(ip)))


def _inside(ip: Ip) -> Iterator[Ip]:
    if isinstance(ip, IPv6Address):
        wrapped = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        if ip in _NAT64:
            wrapped.append(IPv4Address(int(ip) & 0xFFFFFFFF))
        yield from (one for one in wrapped if one is not None)


def _ask(place: Place, method: str) -> tuple[int, str]:
    with connected(place, SECONDS) as connection:
        shown = f"[{place.host}]" if ":" in place.host else place.host
        host = shown if place.port == PORTS[place.scheme] else f"{shown}:{place.port}"
        headers = {"Host": host, "User-Agent": AGENT, "Accept": "*/*", "Connection": "close"}
        connection.request(method, place.path, headers=headers)
        with connection.getresponse() as answer:
            answer.read(READ_AT_MOST)
            return answer.status, answer.getheader("Location") or ""
