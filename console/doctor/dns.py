"""What the DNS says about the domain that mail is sent from. Nothing here fails the doctor:
a machine without a resolver, or a domain that is still to be set up, is a thing to look at."""

from collections.abc import Iterator
from email.utils import parseaddr

from dns.exception import DNSException
from dns.resolver import NXDOMAIN, NoAnswer, Resolver

from console.doctor.finding import Finding, fine, look
from mailing.base.settings import Settings

PATIENCE_SECONDS = 5.0
RESERVED = ("example", "test", "invalid", "localhost", "example.com", "example.org", "example.net")


def sending_domain(settings: Settings) -> Iterator[Finding]:
    """SPF (RFC 7208), DMARC (RFC 7489), DKIM (RFC 6376) where set, MX of the bounce domain."""
    domain = parseaddr(settings.from_)[1].rpartition("@")[2]
    if _is_reserved(domain):
        yield look("dns", f"could not check: {domain} is a name that no DNS knows (RFC 6761)")
        return
    yield _policy("spf", domain, "v=spf1")
    yield _policy("dmarc", f"_dmarc.{domain}", "v=DMARC1")
    if settings.dkim_domain and settings.dkim_selector:
        key = f"{settings.dkim_selector}._domainkey.{settings.dkim_domain}"
        yield _policy("dkim", key, "p=")
    else:
        yield look("dkim", "messages leave unsigned: set KELISIM_DKIM_DOMAIN and its companions")
    yield _record("mx", settings.bounce_domain, "MX", "bounces cannot come back")


def _policy(name: str, domain: str, mark: str) -> Finding:
    try:
        found = [text for text in _ask(domain, "TXT") if mark in text]
    except DNSException as error:
        return _unchecked(name, domain, error)
    return fine(name, f"{domain} has it") if found else look(name, f"{domain} has no {mark} record")


def _record(name: str, domain: str, kind: str, else_: str) -> Finding:
    try:
        found = _ask(domain, kind)
    except DNSException as error:
        return _unchecked(name, domain, error)
    return fine(name, f"{domain}: {found[0]}") if found else look(name, f"{domain}: {else_}")


def _ask(domain: str, kind: str) -> list[str]:
    """The records as text; none where the name or the kind does not exist."""
    resolver = Resolver()
    try:
        answer = resolver.resolve(domain, kind, lifetime=PATIENCE_SECONDS)
    except (NXDOMAIN, NoAnswer):
        return []
    return [record.to_text().replace('" "', "").strip('"') for record in answer]


def _unchecked(name: str, domain: str, error: DNSException) -> Finding:
    return look(name, f"could not check {domain} ({type(error).__name__})")


def _is_reserved(domain: str) -> bool:
    return not domain or any(domain == name or domain.endswith(f".{name}") for name in RESERVED)
