"""A certificate authority for one test run, and a server certificate for this machine."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LIFE = timedelta(days=1)


@dataclass(frozen=True)
class Authority:
    """Certificates in files, since the ssl module loads nothing else."""

    ca_file: Path
    chain_file: Path

    def server(self) -> ssl.SSLContext:
        """What a peer on localhost or 127.0.0.1 presents."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain_file)
        return context

    def client(self) -> ssl.SSLContext:
        """What a client trusts: this authority alone."""
        return ssl.create_default_context(cafile=str(self.ca_file))


def create(directory: Path, names: tuple[str, ...] = ("localhost", "127.0.0.1")) -> Authority:
    """Make an authority and a certificate for `names`, host names or addresses."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer, subject = _name("Test authority"), _name("Test peer")
    ca = (
        _draft(issuer, issuer, ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    certificate = (
        _draft(subject, issuer, key.public_key())
        .add_extension(x509.SubjectAlternativeName(_alternatives(names)), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    return _write(directory, ca, certificate, key)


def _write(
    directory: Path,
    ca: x509.Certificate,
    certificate: x509.Certificate,
    key: ec.EllipticCurvePrivateKey,
) -> Authority:
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    authority = Authority(directory / "ca.pem", directory / "peer.pem")
    authority.ca_file.write_bytes(ca.public_bytes(pem))
    authority.chain_file.write_bytes(secret + certificate.public_bytes(pem))
    return authority


def _draft(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    today = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - LIFE)
        .not_valid_after(today + LIFE)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _alternatives(names: tuple[str, ...]) -> list[x509.GeneralName]:
    return [
        x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
        for name in names
    ]
