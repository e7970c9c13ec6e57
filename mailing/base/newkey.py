"""A new key to sign messages with: made here, kept in a file that nobody else can read."""

import os
import re
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from mailing.base.errors import Conflict, Invalid
from mailing.base.languages import gettext as _
from mailing.base.signing import GOOD_BITS, SigningKey

ALGORITHMS = ("rsa", "ed25519")
_SELECTOR = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def create(folder: Path, domain: str, selector: str, algorithm: str) -> tuple[SigningKey, Path]:
    """Make a key and its file, `<selector>.<domain>.pem`. Raises `Invalid` for a selector that is
    no name in the DNS (RFC 6376 3.1), `Conflict` where the file is there already."""
    if not _SELECTOR.fullmatch(selector):
        raise Invalid(_("A selector is small letters, digits and hyphens: k2026, say."), "selector")
    if algorithm not in ALGORITHMS:
        raise Invalid(_("Choose a kind of key: rsa or ed25519."), "algorithm")
    is_rsa = algorithm == "rsa"
    key = rsa.generate_private_key(65_537, GOOD_BITS) if is_rsa else Ed25519PrivateKey.generate()
    made = SigningKey(domain, selector, key)
    return made, _keep(folder / f"{selector}.{domain}.pem", made)


def _keep(path: Path, made: SigningKey) -> Path:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    octets = made.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        # A key that is replaced by mistake takes every signature made with it along.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        sentence = _("A key of this name is there already: choose another selector.")
        raise Conflict(sentence) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())
    return path
