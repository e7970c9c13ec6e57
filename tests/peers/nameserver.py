"""A name server that knows what a test tells it: one socket, one thread, real octets."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

Zone = Mapping[tuple[str, str], list[str]]
"""Records as they are written in a zone, by name and type; what is not there does not exist."""


@contextmanager
def knowing(zone: Zone) -> Iterator[str]:
    """Its address and port, while the block lasts."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as place:
        place.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=_serve, args=(place, zone))
        thread.start()
        port = place.getsockname()[1]
        try:
            yield f"127.0.0.1:{port}"
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", ("127.0.0.1", port))
            thread.join(10)


def _serve(place: socket.socket, zone: Zone) -> None:
    while octets := place.recvfrom(4096):
        if not octets[0]:
            return
        place.sendto(_answer(octets[0], zone), octets[1])


def _answer(octets: bytes, zone: Zone) -> bytes:
    query = dns.message.from_wire(octets)
    answer = dns.message.make_response(query)
    answer.flags |= dns.flags.RA
    (asked,) = query.question
    key = (asked.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(asked.rdtype))
    if zone.get(key):
        answer.answer.append(dns.rrset.from_text(asked.name, 60, "IN", key[1], *zone[key]))
    elif not any(name == key[0] for name, _ in zone):
        answer.set_rcode(dns.rcode.NXDOMAIN)
    elif key in zone:
        answer.set_rcode(dns.rcode.SERVFAIL)
    return answer.to_wire()
