"""KELISIM_SMTP_URL, read."""

import pytest

from worker.smtp import Relay, Security


@pytest.mark.parametrize(
    ("text", "relay"),
    [
        ("smtp://127.0.0.1", Relay("127.0.0.1", 25)),
        ("smtp://mail.example:2525/", Relay("mail.example", 2525)),
        ("smtp+starttls://mail.example", Relay("mail.example", 587, Security.STARTTLS)),
        ("smtps://mail.example", Relay("mail.example", 465, Security.TLS)),
        ("smtp://[::1]:2525", Relay("::1", 2525)),
        ("SMTP://MAIL.example ", Relay("mail.example", 25)),
        ("smtp://пошта.қаз", Relay("xn--80a1acn3a.xn--80ao21a", 25)),
        (
            "smtps://a%40b.example:p%3A%2F%40%23@mail.example:4650",
            Relay("mail.example", 4650, Security.TLS, "a@b.example", "p:/@#"),
        ),
    ],
)
def test_an_address_is_read(text: str, relay: Relay) -> None:
    assert Relay.parse(text) == relay


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("mail.example:25", "starts with"),
        ("http://mail.example", "starts with"),
        ("", "starts with"),
        ("smtp://", "no host"),
        ("smtp://user:secret@", "no host"),
        ("smtp://mail.example:port", "cannot be read"),
        ("smtp://mail.example:70000", "cannot be read"),
        ("smtp://mail.example:0", "port"),
        ("smtp://[::1", "cannot be read"),
        ("smtp://mail.example/path", "nothing may follow"),
        ("smtp://mail.example?x=1", "nothing may follow"),
        ("smtp://user:sec#ret@mail.example", "percent-encoded"),
        ("smtp://user:1#secret@mail.example", "percent-encoded"),
        ("smtp://user:1/secret@mail.example", "percent-encoded"),
        ("smtp://user@mail.example", "both a user and a password"),
        ("smtp://:secret@mail.example", "both a user and a password"),
        ("smtp://user:secret%00@mail.example", "control characters"),
        ("smtp://user:secret%0D%0ARSET@mail.example", "control characters"),
        ("smtp://-қ-.example", "not a valid domain name"),
    ],
)
def test_a_wrong_address_says_what_is_wrong_and_not_the_password(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=what) as raised:
        Relay.parse(text)
    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_the_password_is_shown_nowhere() -> None:
    relay = Relay.parse("smtp://user:secret@[::1]:2525")
    assert relay.name == "[::1]:2525"
    assert "secret" not in repr(relay)
    assert Relay.parse("smtps://mail.example").name == "mail.example:465"
