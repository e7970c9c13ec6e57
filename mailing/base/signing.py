"""The keys that sign messages (DKIM, RFC 6376): read once, checked when a process starts.

`KELISIM_DKIM_SELECTOR` and `KELISIM_DKIM_KEY_FILE` may each name several, separated by commas:
RFC 8463 section 3 would have an Ed25519 signature beside that of RSA, as many can read only one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import idna
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from mailing.base.errors import ConfigurationError
from mailing.base.settings import Settings
from mailing.base.values import words

LEAST_BITS = 1024  # RFC 8301 section 3.2: verifiers refuse what is smaller
GOOD_BITS = 2048  # and signers should use this or more

_PADDING, _DIGEST = PKCS1v15(), Prehashed(SHA256())


@dataclass(frozen=True)
class SigningKey:
    """One private key and the place in the DNS where its public half stands, as A-labels."""

    domain: str
    selector: str
    key: RSAPrivateKey | Ed25519PrivateKey = field(repr=False)

    @property
    def host(self) -> str:
        """The name in the DNS where its public half stands (RFC 6376 3.6.2.1)."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def algorithm(self) -> str:
        """The value of `a=`: rsa-sha256 or ed25519-sha256."""
        return "rsa-sha256" if isinstance(self.key, RSAPrivateKey) else "ed25519-sha256"

    @property
    def bits(self) -> int:
        """The length of an RSA modulus; 0 for Ed25519, which has but one."""
        return self.key.key_size if isinstance(self.key, RSAPrivateKey) else 0

    @property
    def is_strong(self) -> bool:
        """Whether it is as long as signers should use (RFC 8301 section 3.2)."""
        return not 0 < self.bits < GOOD_BITS

    def sign(self, digest: bytes) -> bytes:
        """Sign a SHA-256 digest: RSASSA-PKCS1-v1_5, or PureEdDSA over it (RFC 8463 section 3).

        Neither holds anything random: the same digest gives the same signature.
        """
        if isinstance(self.key, RSAPrivateKey):
            return self.key.sign(digest, _PADDING, _DIGEST)
        return self.key.sign(digest)


def signing_keys(settings: Settings) -> tuple[SigningKey, ...]:
    """The keys that messages are signed with; none where no key file is set.

    Raises ConfigurationError where one cannot be used, or would not vouch for the From address.
    """
    if settings.dkim_key_file is None:
        return ()
    domain, selectors = settings.dkim_domain or "", settings.dkim_selector or ""
    return _read(domain, selectors, str(settings.dkim_key_file), settings.from_)


@lru_cache(maxsize=8)
def _read(domain: str, selectors: str, files: str, sender: str) -> tuple[SigningKey, ...]:
    if not domain or not selectors:
        lacking = "KELISIM_DKIM_SELECTOR" if domain else "KELISIM_DKIM_DOMAIN"
        raise ConfigurationError(
            f"{lacking} is not set, but KELISIM_DKIM_KEY_FILE is: all three are needed to sign."
        )
    ours = _ascii("KELISIM_DKIM_DOMAIN", domain)
    _demand_aligned(ours, _ascii("KELISIM_FROM", sender.rpartition("@")[2].strip(" >")))
    return tuple(_paired(ours, words(selectors), words(files)))


def _paired(
    domain: str, selectors: tuple[str, ...], files: tuple[str, ...]
) -> Iterator[SigningKey]:
    if len(selectors) != len(files) or len(set(selectors)) != len(selectors):
        raise ConfigurationError(
            "KELISIM_DKIM_SELECTOR must name a selector of its own for each key of "
            f"KELISIM_DKIM_KEY_FILE: {len(selectors)} for {len(files)}."
        )
    for selector, file in zip(selectors, files, strict=True):
        yield SigningKey(domain, _ascii("KELISIM_DKIM_SELECTOR", selector), _key(Path(file)))


def _key(path: Path) -> RSAPrivateKey | Ed25519PrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise _unusable(path, f"cannot be read ({error.strerror})") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _unusable(path, "is not a private key in PEM without a password") from None
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise _unusable(path, "is neither an RSA nor an Ed25519 key")
    if isinstance(key, RSAPrivateKey) and key.key_size < LEAST_BITS:
        raise _unusable(path, f"has {key.key_size} bits, and nobody accepts less than {LEAST_BITS}")
    return key


def _unusable(path: Path, why: str) -> ConfigurationError:
    return ConfigurationError(f"KELISIM_DKIM_KEY_FILE: {path} {why}.")


def _demand_aligned(domain: str, sender: str) -> None:
    """DMARC asks for one organisational domain (RFC 7489 section 3.1.1).

    Which one it is stands in the DNS. A domain and those below it share it, so that is demanded:
    of two that stand side by side nobody can tell here.
    """
    is_same = domain == sender or domain.endswith(f".{sender}") or sender.endswith(f".{domain}")
    if not is_same or "." not in min(domain, sender, key=len):
        raise ConfigurationError(
            f"KELISIM_DKIM_DOMAIN is {domain}, which does not vouch for the From address at "
            f"{sender}: set it to that domain, or to the one above it."
        )


def _ascii(name: str, domain: str) -> str:
    try:
        return idna.encode(domain.rstrip("."), uts46=True).decode("ascii").lower()
    except idna.IDNAError as error:
        raise ConfigurationError(f"{name}: {domain} is no name in the DNS: {error}.") from None
