"""`python -m bench.signatures SECONDS`: how many RSA-2048 signatures one process makes.

The reference of `dkim`: nothing but the signature over a digest, by the same library.
"""

import base64
import json
import subprocess
import sys
import time
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from bench.measure import demand
from mailing.base.settings import ROOT

_BITS = 2048
_DIGEST = bytes(range(32))


def make_key(directory: Path) -> tuple[Path, str]:
    """A fresh RSA-2048 key as a PEM file (PKCS#8), and its DNS record (RFC 6376 3.6.1)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    path = directory / "dkim.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    path.chmod(0o600)
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return path, f"v=DKIM1; k=rsa; p={_base64(public)}"


def raw_rate(processes: int, seconds: float) -> float:
    """Signatures a second of so many processes at once.

    Raises DoesNotCount when one of them fails.
    """
    command = [sys.executable, "-m", "bench.signatures", str(seconds)]
    started = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) for _ in range(processes)
    ]
    told = [one.communicate()[0] for one in started]
    demand(all(one.returncode == 0 for one in started), "a process could not sign")
    return sum(float(json.loads(one)["rate"]) for one in told)


def sign_for(seconds: float) -> tuple[int, float]:
    """Sign for so long; how many signatures in how many seconds."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    form, algorithm = padding.PKCS1v15(), Prehashed(hashes.SHA256())
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        for _ in range(50):
            key.sign(_DIGEST, form, algorithm)
        count += 50
    return count, time.perf_counter() - began


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


if __name__ == "__main__":
    made, took = sign_for(float(sys.argv[1]))
    sys.stdout.write(json.dumps({"signatures": made, "seconds": took, "rate": made / took}))
