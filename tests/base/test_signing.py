"""The keys that sign messages are looked at when a process starts, and each fault has its name."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from flask import Flask

from mailing.base.errors import ConfigurationError
from mailing.base.settings import Settings
from mailing.base.signing import signing_keys
from mailing.bootstrap import guard
from tests.person import elsewhere

# Made for this file and used nowhere: no library makes a key so short any more.
SHORT = """-----BEGIN RSA PRIVATE KEY-----
MIIBywIBAAJhANJOwrLJRLoMltb0yFCUAyPZz8GvsNGHQPtJ0CaKtYyCgDo1yNvs
nk9jcmOknGEWaT2CggigZQkvngVTUmnQI+uRyXEPv2KfyZnUO2hYoXaUaKsWQ8rG
UefB9QNihsJd5wIDAQABAmAHN4605fVG0THH9KR/J2UoMMxRYD8YIaUYOoM7H111
kfDmjnvzGB6iqM3/H2ICbutjpGmLPjq4TI3HLV+PeLlIaVuYVaZOUGXFyHdzuevS
/mQ+ICtCBLTzPS+vvO7qkRkCMQD+AXuIRUl0pCevV/fqr81ulN6Hua8re9HbLXvg
FLcN3JDBMY2j2RVjilYrM77Q+20CMQDT9XNcTFBzRpZaLSBZE0aJb6fmzdoJh3Gi
ZQrdXc5Nmjib38Xz74Q8CNhzQqBjNiMCMQCfNGSuO+dXkZBCKdv9ICWd2vdDkNHH
antVakPLZpB5wraEML/7Y5QxaMKrn2pJaF0CMQCYBQcEP8fDpfDYJF17BZQlpmtp
4mJrSzV5H7c3Jbx9dAr94PT9C+Bvnnh/0l1uSrkCMHw5ZuAbcBZ3hTJY+DRAWEUN
it8S7AS/DXltv6gHGRAv8Su10NsgIKJT+WKyyFM3Nw==
-----END RSA PRIVATE KEY-----
"""
SECRET = NoEncryption()


def pem(
    key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey,
    secret: KeySerializationEncryption = SECRET,
) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret)


RSA = rsa.generate_private_key(65537, 2048)
WEAK = rsa.generate_private_key(65537, 1024)  # noqa: S505 - it is to be told apart
ED25519 = ed25519.Ed25519PrivateKey.generate()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name, octets in (
        ("rsa.pem", pem(RSA)),
        ("weak.pem", pem(WEAK)),
        ("ed.pem", pem(ED25519)),
        ("short.pem", SHORT.encode()),
        ("ec.pem", pem(ec.generate_private_key(ec.SECP256R1()))),
        ("locked.pem", pem(RSA, BestAvailableEncryption(b"secret"))),
        ("garbage.pem", b"\x00 not a key"),
    ):
        (tmp_path / name).write_bytes(octets)
    return tmp_path


def changed(settings: Settings, files: str, **more: str) -> Settings:
    given = {"dkim_domain": "glazik.example", "dkim_selector": "a", **more}
    return settings.model_copy(update={"dkim_key_file": Path(files), **given})


def test_without_a_key_file_nothing_is_signed(settings: Settings) -> None:
    assert signing_keys(settings) == ()
    told_of_the_relay = settings.model_copy(
        update={"dkim_domain": "glazik.example", "dkim_selector": "relay"}
    )
    assert signing_keys(told_of_the_relay) == ()


def test_the_kind_of_key_decides_the_algorithm(settings: Settings, place: Path) -> None:
    [key] = signing_keys(changed(settings, f"{place}/rsa.pem"))
    assert (key.algorithm, key.domain, key.selector) == ("rsa-sha256", "glazik.example", "a")
    assert key.is_strong
    [key] = signing_keys(changed(settings, f"{place}/ed.pem"))
    assert key.algorithm == "ed25519-sha256"
    assert key.is_strong


def test_two_keys_have_two_selectors(settings: Settings, place: Path) -> None:
    files = f"{place}/rsa.pem, {place}/ed.pem"
    both = signing_keys(changed(settings, files, dkim_selector="one, two"))
    assert [(key.selector, key.algorithm) for key in both] == [
        ("one", "rsa-sha256"),
        ("two", "ed25519-sha256"),
    ]
    for selectors in ("one", "one,two,three", "one,one"):
        with pytest.raises(ConfigurationError, match="KELISIM_DKIM_SELECTOR"):
            signing_keys(changed(settings, files, dkim_selector=selectors))


def test_a_short_key_is_used_and_known_for_weak_until_nobody_accepts_it(
    settings: Settings, place: Path
) -> None:
    """RFC 8301 section 3.2: 1024 bits at the least, 2048 by right."""
    [key] = signing_keys(changed(settings, f"{place}/weak.pem"))
    assert (key.bits, key.is_strong) == (1024, False)
    with pytest.raises(ConfigurationError, match="768 bits"):
        signing_keys(changed(settings, f"{place}/short.pem"))


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("nowhere.pem", "cannot be read"),
        ("", "cannot be read"),
        ("garbage.pem", "not a private key"),
        ("locked.pem", "without a password"),
        ("ec.pem", "neither an RSA nor an Ed25519 key"),
    ],
)
def test_a_key_that_cannot_be_used_is_named_with_its_file(
    settings: Settings, place: Path, file: str, sentence: str
) -> None:
    with pytest.raises(ConfigurationError, match=sentence) as refusal:
        signing_keys(changed(settings, f"{place}/{file}"))
    assert refusal.value.message.startswith("KELISIM_DKIM_KEY_FILE: ")
    assert str(place) in refusal.value.message


@pytest.mark.parametrize("lacking", ["dkim_domain", "dkim_selector"])
def test_a_key_alone_is_not_enough(settings: Settings, place: Path, lacking: str) -> None:
    with pytest.raises(ConfigurationError, match=f"KELISIM_{lacking.upper()} is not set"):
        signing_keys(changed(settings, f"{place}/rsa.pem", **{lacking: ""}))


@pytest.mark.parametrize(
    ("sender", "domain"),
    [
        ("news@glazik.example", "glazik.example"),
        ("Glazik <news@mail.glazik.example>", "glazik.example"),
        ("news@glazik.example", "mail.glazik.example"),
        ("news@GLAZIK.example", "Glazik.Example."),
        ("news@қаз.example", "xn--80ao21a.example"),
        ("news@xn--80ao21a.example", "қаз.example"),
    ],
)
def test_a_domain_that_vouches_for_the_sender_is_written_in_ascii(
    settings: Settings, place: Path, sender: str, domain: str
) -> None:
    [key] = signing_keys(changed(settings, f"{place}/ed.pem", from_=sender, dkim_domain=domain))
    assert key.domain in ("glazik.example", "mail.glazik.example", "xn--80ao21a.example")


@pytest.mark.parametrize(
    ("sender", "domain"),
    [
        ("news@glazik.example", "other.example"),
        ("news@glazik.example", "notglazik.example"),
        ("news@glazik.example", "example"),
        ("news@a.glazik.example", "b.glazik.example"),
    ],
)
def test_a_domain_that_does_not_vouch_for_the_sender_is_refused(
    settings: Settings, place: Path, sender: str, domain: str
) -> None:
    with pytest.raises(ConfigurationError, match="does not vouch for the From address"):
        signing_keys(changed(settings, f"{place}/ed.pem", from_=sender, dkim_domain=domain))


@pytest.mark.parametrize("domain", ["a b.example", "-.example", "x" * 64 + ".example"])
def test_a_name_that_the_dns_cannot_hold_is_refused(
    settings: Settings, place: Path, domain: str
) -> None:
    with pytest.raises(ConfigurationError, match=r"KELISIM_DKIM_DOMAIN: .* is no name"):
        signing_keys(changed(settings, f"{place}/ed.pem", dkim_domain=domain))


def test_a_key_that_cannot_be_read_stops_the_start(app: Flask, tmp_path: Path) -> None:
    given = {"dkim_domain": "glazik.example", "dkim_selector": "a"}
    with (
        elsewhere(dkim_key_file=tmp_path / "gone.pem", **given),
        pytest.raises(ConfigurationError, match="KELISIM_DKIM_KEY_FILE"),
    ):
        guard()
