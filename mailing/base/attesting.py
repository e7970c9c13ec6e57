"""Attesting: an Ed25519 signature (RFC 8032) under a key that is derived from the key ring.

Whoever has the public half can check a signature without us; whether it is ours says the ring: the
newest secret signs, and what any secret on it has signed is known again.
"""

from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ALGORITHM = "ed25519"


@dataclass(frozen=True, slots=True)
class Seal:
    """A signature and the public key that checks it, both hexadecimal."""

    key: str
    value: str


def sign(secrets: tuple[str, ...], said: bytes) -> Seal:
    """Sign under the newest secret. The same text gives the same signature."""
    key = _private(secrets[0])
    return Seal(key.public_key().public_bytes_raw().hex(), key.sign(said).hex())


def is_ours(secrets: tuple[str, ...], key: str) -> bool:
    """Whether a public key belongs to a secret of this ring."""
    return key in {_private(one).public_key().public_bytes_raw().hex() for one in secrets}


def holds(seal: Seal, said: bytes) -> bool:
    """Whether the signature is that of this text under that key. Never raises: hexadecimal in
    another spelling is no signature either."""
    try:
        key, value = bytes.fromhex(seal.key), bytes.fromhex(seal.value)
        Ed25519PublicKey.from_public_bytes(key).verify(value, said)
    except (ValueError, InvalidSignature):
        return False
    return (key.hex(), value.hex()) == (seal.key, seal.value)


@lru_cache(maxsize=32)
def _private(secret: str) -> Ed25519PrivateKey:
    kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"kelisim certificate")
    return Ed25519PrivateKey.from_private_bytes(kdf.derive(secret.encode()))
