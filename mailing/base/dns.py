"""The DNS, asked: records as text, sorted, since resolvers turn them from answer to answer.

`KELISIM_RESOLVER` names another resolver than the system's. Nobody asks within a transaction.
"""

from dns.exception import DNSException
from dns.name import Name
from dns.resolver import NXDOMAIN, NoAnswer, Resolver
from dns.reversename import from_address

PATIENCE_SECONDS = 5.0
MOST = 20
# Names that no DNS knows (RFC 6761, RFC 2606): nobody is asked about them.
RESERVED = ("example", "test", "invalid", "localhost", "example.com", "example.org", "example.net")


class Unanswered(Exception):
    """No resolver could say; the message is a word for the cause."""


def ask(host: str, kind: str, resolver: str = "") -> tuple[str, ...]:
    """The records of that kind, TXT put together (RFC 7208 3.3); none where there are none.

    `PTR` of a host are the names of its addresses, each as "192.0.2.1 mail.example" where the name
    leads back to the address, and "192.0.2.1 ?" where none does. Raises Unanswered.
    """
    try:
        asked = _resolver(resolver)
        if kind == "PTR":
            return tuple(_named(asked, address) for address in _addresses(asked, host))
        return _ask(asked, host, kind)
    except DNSException as error:
        raise Unanswered(type(error).__name__) from None


def is_reserved(domain: str) -> bool:
    """Whether a domain is one of those that no DNS knows."""
    return not domain or any(domain == name or domain.endswith(f".{name}") for name in RESERVED)


def _resolver(server: str) -> Resolver:
    if not server:
        return Resolver()
    host, _, port = server.rpartition(":")
    asked = Resolver(configure=False)
    asked.nameservers, asked.port = [host.strip("[]")], int(port)
    return asked


def _ask(asked: Resolver, host: str | Name, kind: str) -> tuple[str, ...]:
    try:
        answer = asked.resolve(host, kind, lifetime=PATIENCE_SECONDS)
    except (NXDOMAIN, NoAnswer):
        return ()
    said = (record.to_text().replace('" "', "").strip('"') for record in answer)
    return tuple(sorted(said)[:MOST])


def _addresses(asked: Resolver, host: str) -> tuple[str, ...]:
    return (*_ask(asked, host, "A"), *_ask(asked, host, "AAAA"))


def _named(asked: Resolver, address: str) -> str:
    """The address and the name that leads back to it (RFC 1912 2.1)."""
    names = (name.rstrip(".") for name in _ask(asked, from_address(address), "PTR"))
    back = next((name for name in names if address in _addresses(asked, name)), "?")
    return f"{address} {back}"
