"""What the DNS should say of the domain that mail is sent from.

SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 7489), the MX of the return path, and the names of the
relays' addresses, as mailbox providers ask for them.
"""

import base64
from dataclasses import dataclass
from email.utils import parseaddr
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mailing.base.domains import organisation
from mailing.base.errors import ConfigurationError
from mailing.base.settings import Settings
from mailing.base.signing import SigningKey, signing_keys
from mailing.base.values import is_loopback


class Name(StrEnum):
    """What a record is for."""

    SPF = "spf"
    DKIM = "dkim"
    DMARC = "dmarc"
    MX = "mx"
    PTR = "ptr"


@dataclass(frozen=True)
class Record:
    """One record: where it stands, and what to publish there. `expected` is empty where only the
    owner of the network can say it."""

    name: Name
    host: str
    kind: str
    expected: str


def records(settings: Settings) -> list[Record]:
    """Everything that should be published for this installation to be believed."""
    return [
        Record(Name.SPF, settings.bounce_domain, "TXT", _spf(settings)),
        *(Record(Name.DKIM, key.host, "TXT", published(key)) for key in _keys(settings)),
        Record(Name.DMARC, f"_dmarc.{_registered(settings)}", "TXT", _dmarc(settings)),
        Record(Name.MX, settings.bounce_domain, "MX", _mx(settings)),
        *(Record(Name.PTR, host, "PTR", "") for host in _relays(settings)),
    ]


def _keys(settings: Settings) -> tuple[SigningKey, ...]:
    """The keys that sign; of one that cannot be used readiness and doctor speak by themselves."""
    try:
        return signing_keys(settings)
    except ConfigurationError:
        return ()


def sender(settings: Settings) -> str:
    """The domain of the From address."""
    return parseaddr(settings.from_)[1].rpartition("@")[2].lower()


def published(key: SigningKey) -> str:
    """The text of the record that holds a key's public half (RFC 6376 3.6.1, RFC 8463 4)."""
    public = key.key.public_key()
    if isinstance(key.key, RSAPrivateKey):
        octets = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return f"v=DKIM1; k=rsa; p={base64.b64encode(octets).decode()}"
    raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return f"v=DKIM1; k=ed25519; p={base64.b64encode(raw).decode()}"


def _spf(settings: Settings) -> str:
    hosts = _relays(settings) or [_host(settings.public_url)]
    named = [_names(host) for host in hosts if not is_loopback(host)]
    return " ".join(["v=spf1", *named, "-all"]) if named else ""


def _names(host: str) -> str:
    """How SPF names a machine (RFC 7208 5.3, 5.6): by its name, else by its address."""
    try:
        return f"ip{ip_address(host).version}:{host}"
    except ValueError:
        return f"a:{host}"


def _mx(settings: Settings) -> str:
    """A name, never an address (RFC 5321 5.1); empty where we have no name that others know."""
    host = _host(settings.public_url)
    has_name = not is_loopback(host) and _names(host).startswith("a:")
    return f"10 {host}." if has_name else ""


def _dmarc(settings: Settings) -> str:
    return f"v=DMARC1; p=none; rua=mailto:dmarc@{sender(settings)}"


def _host(address: str) -> str:
    return urlsplit(address).hostname or ""


def _relays(settings: Settings) -> list[str]:
    """The relays that are machines of their own; what leaves from here leaves by another name."""
    hosts = dict.fromkeys(_host(url) for url in settings.smtp_url)
    return [host for host in hosts if host and not is_loopback(host)]


def _registered(settings: Settings) -> str:
    """DMARC asks at the domain that was registered where a name below it says nothing."""
    return organisation(sender(settings)) or sender(settings)
