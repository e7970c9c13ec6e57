"""The relaxed form, and both signatures of RFC 8463 appendix A, octet for octet."""

import base64
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st

from mailing.base.signing import SigningKey
from mailing.deliveries.message.canonical import relaxed_body, relaxed_field

# RFC 8463 A.1 and A.2: the secret keys that its authors published.
ED25519 = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="
RSA = """-----BEGIN RSA PRIVATE KEY-----
MIICXQIBAAKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQi
Y/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqM
KrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB
AoGAH0cxOhFZDgzXWhDhnAJDw5s4roOXN4OhjiXa8W7Y3rhX3FJqmJSPuC8N9vQm
6SVbaLAE4SG5mLMueHlh4KXffEpuLEiNp9Ss3O4YfLiQpbRqE7Tm5SxKjvvQoZZe
zHorimOaChRL2it47iuWxzxSiRMv4c+j70GiWdxXnxe4UoECQQDzJB/0U58W7RZy
6enGVj2kWF732CoWFZWzi1FicudrBFoy63QwcowpoCazKtvZGMNlPWnC7x/6o8Gc
uSe0ga2xAkEA8C7PipPm1/1fTRQvj1o/dDmZp243044ZNyxjg+/OPN0oWCbXIGxy
WvmZbXriOWoSALJTjExEgraHEgnXssuk7QJBALl5ICsYMu6hMxO73gnfNayNgPxd
WFV6Z7ULnKyV7HSVYF0hgYOHjeYe9gaMtiJYoo0zGN+L3AAtNP9huqkWlzECQE1a
licIeVlo1e+qJ6Mgqr0Q7Aa7falZ448ccbSFYEPD6oFxiOl9Y9se9iYHZKKfIcst
o7DUw1/hz2Ck4N5JrgUCQQCyKveNvjzkkd8HjYs0SwM0fPjK16//5qDZ2UiDGnOe
uEzxBDAr518Z8VFbR41in3W4Y3yCDgQlLlcETrS+zYcL
-----END RSA PRIVATE KEY-----
"""
HEAD = """From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>"""
BODY = b"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"
SIGNED = (
    "DKIM-Signature: v=1; a={algorithm}; c=relaxed/relaxed;\r\n"
    " d=football.example.com; i=@football.example.com;\r\n"
    " q=dns/txt; s={selector}; t=1528637909; h=from : to :\r\n"
    " subject : date : message-id : from : subject : date;\r\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b="
)
SIGNATURES = {
    "brisbane": "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus"
    "Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==",
    "test": "F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3"
    "DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz"
    "dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=",
}


def digest_of(octets: bytes) -> str:
    return base64.b64encode(sha256(octets).digest()).decode()


@pytest.mark.parametrize("selector", SIGNATURES)
def test_both_signatures_of_rfc_8463_appendix_a_come_out_to_the_letter(selector: str) -> None:
    private = (
        Ed25519PrivateKey.from_private_bytes(base64.b64decode(ED25519))
        if selector == "brisbane"
        else load_pem_private_key(RSA.encode(), password=None)
    )
    key = SigningKey("football.example.com", selector, private)  # type: ignore[arg-type]
    own = SIGNED.format(algorithm=key.algorithm, selector=selector)
    fields = [relaxed_field(field) for field in (*HEAD.split("\n"), own)]
    assert f"bh={digest_of(relaxed_body(BODY))};" in own
    signature = key.sign(sha256(b"\r\n".join(fields)).digest())
    assert base64.b64encode(signature).decode() == SIGNATURES[selector]


def test_the_hash_of_an_empty_body_is_that_of_rfc_6376() -> None:
    """Section 3.4.4, in its own words."""
    for body in (b"", b"\r\n", b"\r\n\r\n", b" \t\r\n\r\n"):
        assert digest_of(relaxed_body(body)) == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


def test_the_example_of_rfc_6376_section_3_4_5_comes_out() -> None:
    assert relaxed_field("A: X") == b"a:X"
    assert relaxed_field("B : Y\t\r\n\tZ  ") == b"b:Y Z"
    assert relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n") == b" C\r\nD E\r\n"


@given(st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"a", b"b."]), max_size=30).map(b"".join))
def test_the_relaxed_form_of_a_relaxed_body_is_itself(body: bytes) -> None:
    once = relaxed_body(body)
    assert relaxed_body(once) == once
    assert not once or once.endswith(b"\r\n")
    assert b"".join(once.split()) == b"".join(body.split())
