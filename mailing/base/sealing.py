"""Encryption of personal fields, and keyed digests of addresses.

A sealed value is the key's fingerprint (4 octets), a nonce (12) and AES-256-GCM's output
(NIST SP 800-38D). What it is about is authenticated with it, so a value cannot be moved
from one person's row to another's.
"""

import hashlib
import hmac
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mailing.base.errors import ConfigurationError

_NONCE = 12
_FINGERPRINT = 4


def fingerprint(key: bytes) -> bytes:
    """Four octets that tell a key from others, and nothing else about it."""
    return hashlib.sha256(b"kelisim key\0" + key).digest()[:_FINGERPRINT]


class Keyring:
    """The data keys, newest first: the first seals, each may open."""

    def __init__(self, keys: tuple[bytes, ...]) -> None:
        self.newest = fingerprint(keys[0])
        self._ciphers = {fingerprint(key): AESGCM(key) for key in keys}

    def encrypt(self, plain: bytes, about: bytes) -> bytes:
        """Seal `plain`; `about` (a row's id) must be shown again to open it."""
        nonce = os.urandom(_NONCE)
        return self.newest + nonce + self._ciphers[self.newest].encrypt(nonce, plain, about)

    def decrypt(self, sealed: bytes, about: bytes) -> bytes:
        """Open what `encrypt` made; raises ConfigurationError when the key is not on the ring."""
        mark, rest = sealed[:_FINGERPRINT], sealed[_FINGERPRINT:]
        try:
            return self._ciphers[mark].decrypt(rest[:_NONCE], rest[_NONCE:], about)
        except (KeyError, ValueError, InvalidTag):
            raise ConfigurationError(
                "KELISIM_DATA_KEY: no key on the ring opens a stored value. "
                "Put back the key that sealed it; keys are added in front, never taken off."
            ) from None


@lru_cache(maxsize=8)
def keyring(keys: tuple[bytes, ...]) -> Keyring:
    """The ring of these keys, built once."""
    return Keyring(keys)


def digest(key: bytes, canonical: str) -> bytes:
    """The keyed digest (HMAC-SHA256, 32 octets) of a canonical address."""
    return hmac.digest(key, canonical.encode(), "sha256")


def check_value(key: bytes) -> str:
    """What the database keeps to recognise the suppression key."""
    return hmac.digest(key, b"kelisim suppression key check", "sha256").hex()
