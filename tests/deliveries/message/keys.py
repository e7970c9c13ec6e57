"""Keys of an invented sender, and the DNS in which their public halves stand."""

import base64
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mailing.base.signing import SigningKey

DOMAIN = "glasses.example"


@lru_cache(maxsize=1)
def key_of_rsa() -> SigningKey:
    """2048 bits, made once in a run."""
    return SigningKey(DOMAIN, "rsa2026", rsa.generate_private_key(65537, 2048))


@lru_cache(maxsize=1)
def key_of_ed25519() -> SigningKey:
    """The other algorithm, under a selector of its own."""
    return SigningKey(DOMAIN, "ed2026", ed25519.Ed25519PrivateKey.generate())


def record(name: bytes, timeout: int = 5) -> bytes:
    """The TXT record of a selector, as dkimpy asks for it."""
    for key in (key_of_rsa(), key_of_ed25519()):
        if name.decode() == f"{key.selector}._domainkey.{key.domain}.":
            return b"v=DKIM1; " + _public(key)
    raise LookupError(name)


def _public(key: SigningKey) -> bytes:
    public = key.key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        octets = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return b"k=rsa; p=" + base64.b64encode(octets)
    return b"k=ed25519; p=" + base64.b64encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw))
