"""Signatures that an independent verifier accepts, and that nothing survives which changes them."""

import re
from collections.abc import Sequence
from dataclasses import replace

import dkim
import pytest

from mailing.base.signing import SigningKey
from mailing.deliveries.message import ConfirmMail, Kind, Octets, Recipient, compile, confirmation
from mailing.deliveries.message.dkim import OVERSIGNED
from mailing.deliveries.message.headers import PERSONAL
from tests.deliveries.message.keys import DOMAIN, key_of_ed25519, key_of_rsa, record
from tests.deliveries.message.samples import FRAME, IN_ENGLISH, PERSON, STAMP, content

KEYS = {"rsa": key_of_rsa, "ed25519": key_of_ed25519}
BODIES = {
    "markdown": "Сәлем, {{ given_name|default('-') }}",
    "html": "<p>Сәлем, {{ given_name|default('-') }}</p>",
    "mjml": "<mjml><mj-body><mj-section><mj-column><mj-text>Сәлем</mj-text>"
    "</mj-column></mj-section></mj-body></mjml>",
}


def signed(*keys: SigningKey, person: Recipient = PERSON) -> bytes:
    return compile(content(), replace(FRAME, keys=keys)).render(person, STAMP).message


def verifies(message: bytes, index: int = 0) -> bool:
    try:
        return bool(dkim.DKIM(message).verify(index, dnsfunc=record))
    except dkim.DKIMException:
        return False


def tags(message: bytes) -> dict[str, str]:
    """The tags of the first signature, without folding."""
    field = message.partition(b"\r\n\r\n")[0].decode().replace("\r\n ", "").split("\r\n")[0]
    pairs = (tag.strip().partition("=") for tag in field.partition(":")[2].split(";"))
    return {name: value for name, _, value in pairs}


@pytest.mark.parametrize("algorithm", KEYS)
@pytest.mark.parametrize("format", BODIES)
@pytest.mark.parametrize("kind", [Kind.CAMPAIGN, Kind.NOTICE])
def test_every_kind_of_message_is_accepted(kind: Kind, format: str, algorithm: str) -> None:
    frame = replace(FRAME, reason=kind, keys=(KEYS[algorithm](),))
    message = compile(content(BODIES[format], format=format), frame).render(PERSON, STAMP)
    again = Octets.of(message.message)
    assert (message.wire, message.size) == (again.wire, again.size)
    assert verifies(message.message)


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_confirmation_is_signed_as_well(algorithm: str) -> None:
    asked = ConfirmMail(
        "kk", ["Жаңа"], "https://glasses.example/confirm/t", "https://a.example", STAMP.date
    )
    frame = replace(FRAME, keys=(KEYS[algorithm](),))
    assert verifies(confirmation(frame, asked, PERSON, STAMP).message)


@pytest.mark.parametrize("algorithm", KEYS)
def test_text_that_is_not_encoded_is_accepted_with_its_blanks_and_dots(algorithm: str) -> None:
    frame = replace(IN_ENGLISH, keys=(KEYS[algorithm](),))
    body = "    a  b\n    .\n    .c\t d   \n\n{{ given_name|default('-') }}"
    message = compile(content(body, language="en"), frame)
    octets = message.render(Recipient("a@b.example", {"given_name": ".  x"}), STAMP)
    assert b"Content-Transfer-Encoding: 7bit" in octets.wire
    assert octets.wire != octets.message, "dots are doubled behind the signature"
    assert verifies(octets.message)


def test_two_keys_sign_each_on_its_own() -> None:
    """RFC 8463 section 3: whoever cannot read one of them reads the other."""
    message = signed(key_of_rsa(), key_of_ed25519())
    assert message.count(b"DKIM-Signature:") == 2
    assert verifies(message, 0)
    assert verifies(message, 1)


def test_a_letter_beyond_ascii_in_an_address_is_signed_too() -> None:
    """RFC 6376 says nothing of raw UTF-8 and RFC 8616 section 5 that it is hashed as it stands."""
    message = signed(key_of_rsa(), person=Recipient("әсем@glasses.test", {}))
    assert verifies(message)
    assert not verifies(message.replace("әсем@".encode(), "әсам@".encode(), 1))


@pytest.mark.parametrize("algorithm", KEYS)
def test_whatever_is_signed_cannot_be_changed(algorithm: str) -> None:
    message = signed(KEYS[algorithm]())
    assert verifies(message)
    head, _, body = message.partition(b"\r\n\r\n")
    first, *fields = re.split(rb"\r\n(?![ \t])", head)
    assert len(fields) == 16
    for place, field in enumerate(fields):
        name, _, value = field.partition(b": ")
        for other in (name + b": x" + value, None):
            changed = [first, *fields[:place], *([other] if other else []), *fields[place + 1 :]]
            assert not verifies(b"\r\n".join(changed) + b"\r\n\r\n" + body), name
    for at in range(0, len(body), 97):
        damaged = bytearray(body)
        damaged[at] ^= 1
        if bytes(damaged).split() != body.split():
            assert not verifies(head + b"\r\n\r\n" + damaged), at
    assert not verifies(message + b"more\r\n")


@pytest.mark.parametrize("name", OVERSIGNED)
@pytest.mark.parametrize("place", ["first", "last"])
def test_nothing_can_be_added_that_a_reader_would_believe(name: str, place: str) -> None:
    """A second From or Subject is what one program shows and the other verified."""
    message = signed(key_of_ed25519())
    head, _, body = message.partition(b"\r\n\r\n")
    added = f"{name}: <https://evil.example/>".encode()
    fields = [added, head] if place == "first" else [head, added]
    assert not verifies(b"\r\n".join(fields) + b"\r\n\r\n" + body)


@pytest.mark.parametrize("kind", [Kind.CAMPAIGN, Kind.NOTICE])
def test_every_field_is_signed_and_those_that_matter_once_more(kind: Kind) -> None:
    frame = replace(FRAME, reason=kind, keys=(key_of_ed25519(),))
    message = compile(content(), frame).render(PERSON, STAMP).message
    head = message.partition(b"\r\n\r\n")[0].decode()
    present = [name for name in re.findall(r"(?m)^([\w-]+):", head) if name != "DKIM-Signature"]
    named = tags(message)["h"].split(":")
    assert sorted(named) == sorted([*present, *OVERSIGNED])
    assert set(PERSONAL) <= set(present)
    assert {"List-Unsubscribe", "List-Unsubscribe-Post"} <= set(present)


def test_the_signature_says_when_and_by_whom_and_covers_the_whole_body() -> None:
    found = tags(signed(key_of_rsa()))
    assert found["v"] == "1"
    assert found["a"] == "rsa-sha256"
    assert found["c"] == "relaxed/relaxed"
    assert found["d"] == DOMAIN
    assert found["s"] == "rsa2026"
    assert found["t"] == str(int(STAMP.date.timestamp()))
    assert "l" not in found


def folded(keys: Sequence[SigningKey]) -> list[str]:
    return signed(*keys).partition(b"\r\nFrom:")[0].decode().split("\r\n")


def test_its_lines_are_short_and_it_stands_above_all_others() -> None:
    lines = folded([key_of_rsa(), key_of_ed25519()])
    assert max(map(len, lines)) <= 78
    assert lines[0].startswith("DKIM-Signature: v=1;")
    assert all(line.strip() for line in lines)


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_retry_is_signed_with_the_same_octets(algorithm: str) -> None:
    key = KEYS[algorithm]()
    assert signed(key) == signed(key)
