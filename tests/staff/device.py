"""A device that holds passkeys, in software: it makes and signs what a browser would hand over.

Built from the standard (W3C, Web Authentication Level 2, 6.1 and 6.5) with `cryptography` alone, so
that what verifies it is not what made it. Whatever should be wrong is given as `but`.
"""

import hashlib
import json
import os
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
Asked = Mapping[str, Any]


def spelled(octets: bytes) -> str:
    """As JSON carries octets: base64 for addresses, without padding."""
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


class Device:
    """One key pair at one origin. Where it `counts`, each use goes one on."""

    def __init__(self, origin: str, counts: bool = True) -> None:
        self.origin = origin
        self.host = origin.partition("//")[2].partition(":")[0]
        self.id = os.urandom(32)
        self.count = 0
        self._counts = counts
        self._key = ec.generate_private_key(ec.SECP256R1())

    def make(self, asked: Asked, **but: Any) -> str:
        """The answer to `navigator.credentials.create`, with attestation "none"."""
        client = self._client("webauthn.create", asked, but)
        flags = but.get("flags", PRESENT | VERIFIED) | ATTESTED
        made = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + self._public()
        whole = {"fmt": "none", "attStmt": {}, "authData": self._data(flags, but) + made}
        said = {"clientDataJSON": spelled(client), "attestationObject": spelled(cbor2.dumps(whole))}
        return self._answer({**said, "transports": ["internal"]})

    def sign(self, asked: Asked, **but: Any) -> str:
        """The answer to `navigator.credentials.get`."""
        self.count += self._counts
        client = self._client("webauthn.get", asked, but)
        data = self._data(but.get("flags", PRESENT | VERIFIED), but)
        signed = but.get("key", self._key).sign(
            data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256())
        )
        parts = {"clientDataJSON": client, "authenticatorData": data, "signature": signed}
        parts |= {"userHandle": but["handle"]} if "handle" in but else {}
        return self._answer({name: spelled(part) for name, part in parts.items()})

    def _client(self, kind: str, asked: Asked, but: Mapping[str, Any]) -> bytes:
        said = {
            "type": but.get("kind", kind),
            "challenge": but.get("challenge", asked["challenge"]),
            "origin": but.get("origin", self.origin),
            "crossOrigin": False,
        }
        return json.dumps(said).encode()

    def _data(self, flags: int, but: Mapping[str, Any]) -> bytes:
        host = hashlib.sha256(but.get("host", self.host).encode()).digest()
        return host + bytes([flags]) + int(but.get("count", self.count)).to_bytes(4, "big")

    def _public(self) -> bytes:
        numbers = self._key.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})

    def _answer(self, response: Mapping[str, object]) -> str:
        name = spelled(self.id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})
