"""What the DNS says about the domain that mail is sent from. Nothing here fails the doctor:
a machine without a resolver, or a domain that is still to be set up, is a thing to look at."""

from collections.abc import Iterator

from console.doctor.finding import Finding, fine, look
from mailing.base import dns
from mailing.base.errors import ConfigurationError
from mailing.base.settings import Settings
from mailing.base.signing import signing_keys
from mailing.deliveries import dns_checks, dns_records, dns_verdicts
from mailing.deliveries.dns_records import Record
from mailing.deliveries.dns_verdicts import Standing


def sending_domain(settings: Settings) -> Iterator[Finding]:
    """Each record of `dns_records`, looked up now."""
    domain = dns_records.sender(settings)
    if dns.is_reserved(domain):
        yield look("dns", f"could not check: {domain} is a name that no DNS knows (RFC 6761)")
        return
    try:
        signing_keys(settings)
    except ConfigurationError as error:
        yield look("dkim", error.message)
        return
    wanted = dns_records.records(settings)
    yield from (_look(record, settings.resolver) for record in wanted)
    if not any(record.name is dns_records.Name.DKIM for record in wanted):
        yield look("dkim", "messages leave unsigned: set KELISIM_DKIM_DOMAIN and its companions")


def _look(record: Record, resolver: str) -> Finding:
    found, trouble = dns_checks.look_up(record.host, record.kind, resolver)
    verdict = dns_verdicts.verdict(record, tuple(found), trouble)
    said = fine if verdict.standing is Standing.FINE else look
    return said(record.name.value, f"{record.host}: {verdict.sentence}")
