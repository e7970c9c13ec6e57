"""Links that last for ever: one spelling, one meaning, one ring of keys."""

import base64
import hmac
import string
from collections.abc import Callable
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from mailing.base.tokens import LeaveToken, LinkKeys, MailtoLeave, OptInToken, ReturnPath, link_keys

KEYS = link_keys(("newest", "older"))
URL = string.ascii_letters + string.digits + "-_"
UUIDS = st.uuids()
IDS = st.integers(0, 2**32 - 1)

LEAVE = LeaveToken(UUID(int=1), 7, UUID(int=2))
OPT_IN = OptInToken(UUID(int=3), UUID(int=4))

# How each kind of link is written, and what reads it.
LINKS: dict[str, tuple[str, Callable[[str], object]]] = {
    "leave": (LEAVE.text(KEYS), lambda text: LeaveToken.read(KEYS, text)),
    "confirm": (OPT_IN.text(KEYS, "confirm"), lambda text: OptInToken.read(KEYS, "confirm", text)),
    "cancel": (OPT_IN.text(KEYS, "cancel"), lambda text: OptInToken.read(KEYS, "cancel", text)),
}
MAIL: dict[str, tuple[str, Callable[[str], object]]] = {
    "bounce": (
        ReturnPath(UUID(int=5)).address(KEYS, "b.example").partition("@")[0],
        lambda text: ReturnPath.read(KEYS, text),
    ),
    "mailto": (
        MailtoLeave(UUID(int=6), 8).address(KEYS, "b.example").partition("@")[0],
        lambda text: MailtoLeave.read(KEYS, text),
    ),
}

# What has been mailed must be read for ever, so how it is spelled may never change.
SPELLED = {
    "leave": "-PPIUqnVcOrGhL5_CWgWYhSWkUANG0gw7_WyDZfcBETflUgaM546623GhnN_bLR-9orxZQ",
    "confirm": "yjK-zSxXICCDY43fknDpP0sEP5dg7z2C3rPnioIAI-GWMLlt1hnkos8Kj2ztBNlv",
    "cancel": "M2mW5994a4x8--ifVqe9j1Lt7SfzD-JZmG5gm4F0pVwqjAcO09qc6YbweBRFaslG",
    "bounce": "bounce+aaaaaaaaaaaaaaaaaaaaaaaaavwirxcaq5slal3xue",
    "mailto": "unsubscribe+aaaaaaaaaaaaaaaaaaaaaaaaayaaaaai45as4ulygty3uufo",
}


@pytest.mark.parametrize("kind", SPELLED)
def test_what_was_mailed_long_ago_is_still_written_and_read(kind: str) -> None:
    """T40: whoever keeps a message for years can still leave by it."""
    text, read = (LINKS | MAIL)[kind]
    assert text == SPELLED[kind]
    assert read(SPELLED[kind]) is not None


@given(st.binary(max_size=100))
def test_addresses_are_base32_of_rfc_4648_with_an_hmac_of_rfc_2104(payload: bytes) -> None:
    token = KEYS.stamp(b"kind", payload, KEYS.newest)
    signed = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
    secret = HKDF(hashes.SHA256(), 64, None, b"kelisim address").derive(b"newest")
    assert signed == payload + hmac.digest(secret, b"kind\0" + payload, "sha256")[:10]


@given(person=UUIDS, topic=IDS, delivery=UUIDS)
def test_what_is_written_is_read(person: UUID, topic: int, delivery: UUID) -> None:
    leave = LeaveToken(person, topic, delivery)
    assert LeaveToken.read(KEYS, leave.text(KEYS)) == leave
    optin = OptInToken(person, delivery)
    assert OptInToken.read(KEYS, "confirm", optin.text(KEYS, "confirm")) == optin
    for token in (ReturnPath(delivery), MailtoLeave(person, topic)):
        local_part = token.address(KEYS, "b.example").partition("@")[0]
        assert type(token).read(KEYS, local_part) == token


@pytest.mark.parametrize("kind", LINKS)
def test_every_flipped_bit_is_refused(kind: str) -> None:
    token, read = LINKS[kind]
    raw = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    for bit in range(len(raw) * 8):
        raw[bit // 8] ^= 1 << bit % 8
        assert read(base64.urlsafe_b64encode(raw).rstrip(b"=").decode()) is None
        raw[bit // 8] ^= 1 << bit % 8
    assert read(token) is not None


@pytest.mark.parametrize("kind", LINKS)
def test_every_other_letter_at_every_place_is_refused(kind: str) -> None:
    """The last letter carries spare bits: a decoder that ignores them has second spellings."""
    token, read = LINKS[kind]
    for place in range(len(token)):
        others = URL if place == len(token) - 1 else "Az0-_"
        for letter in set(others) - {token[place]}:
            assert read(token[:place] + letter + token[place + 1 :]) is None


def spellings(token: str) -> list[str]:
    """Other ways to write the same octets, or nearly."""
    return [
        token + "=",
        token + "==",
        token + "A",
        token[:-1],
        " " + token,
        token + "\n",
        token[:10] + "\n" + token[10:],
        token[:10] + "!" + token[10:],
        token.swapcase(),
        quote(token[0]) + token[1:] if quote(token[0]) != token[0] else f"%{ord(token[0]):02X}",
        token.replace("-", "+").replace("_", "/") + "=" * (-len(token) % 4),
        token[:-1] + token[-1] + "\u200b",
        "".join(chr(ord(letter) + 0xFEE0) for letter in token),
        "",
        "\0",
        token * 4,
    ]


@pytest.mark.parametrize("kind", LINKS)
def test_there_is_no_second_spelling(kind: str) -> None:
    token, read = LINKS[kind]
    assert [spelling for spelling in spellings(token) if read(spelling) is not None] == []


@pytest.mark.parametrize("written", LINKS)
@pytest.mark.parametrize("read", LINKS)
def test_a_link_of_one_kind_is_none_of_another(written: str, read: str) -> None:
    assert (LINKS[read][1](LINKS[written][0]) is not None) == (written == read)


@given(st.text(max_size=120))
def test_whatever_stands_in_a_link_is_read_without_a_fault(text: str) -> None:
    for _, read in (*LINKS.values(), *MAIL.values()):
        assert read(text) is None


@pytest.mark.parametrize("kind", MAIL)
def test_a_mail_systems_case_changes_nothing(kind: str) -> None:
    local_part, read = MAIL[kind]
    assert read(local_part.upper()) == read(local_part.title()) == read(local_part)
    assert read(local_part) is not None


@pytest.mark.parametrize("kind", MAIL)
def test_an_address_fits_into_a_path_of_smtp(kind: str) -> None:
    """RFC 5321 4.5.3.1.1: 64 octets for a local part."""
    local_part, _ = MAIL[kind]
    assert len(local_part.encode()) <= 64
    assert set(local_part) <= set(string.ascii_lowercase + string.digits + "+")


@pytest.mark.parametrize("kind", MAIL)
def test_every_other_letter_of_an_address_is_refused(kind: str) -> None:
    local_part, read = MAIL[kind]
    start = local_part.index("+") + 1
    for place in range(start, len(local_part)):
        for letter in set(string.ascii_lowercase + string.digits) - {local_part[place]}:
            assert read(local_part[:place] + letter + local_part[place + 1 :]) is None
    other = "mailto" if kind == "bounce" else "bounce"
    assert MAIL[other][1](local_part) is None


def test_a_kelvin_sign_is_not_a_k() -> None:
    """It folds to the letter, and would be a second spelling of every token that holds one."""
    signs = []
    for number in range(50):
        path = ReturnPath(UUID(int=number)).address(KEYS, "b.example").partition("@")[0]
        token = path.partition("+")[2]
        if "k" in token:
            signs.append(ReturnPath.read(KEYS, "bounce+" + token.replace("k", "\u212a")))
    assert signs
    assert set(signs) == {None}


@pytest.mark.parametrize("kind", [*LINKS, *MAIL])
def test_a_key_in_front_opens_the_old_links_and_writes_the_new(kind: str) -> None:
    """T40: a link works after the keys have been rotated."""
    before, after = LinkKeys(("a",)), LinkKeys(("b", "a"))
    old, new = written_by(before, kind), written_by(after, kind)
    assert old != new
    assert read_by(after, kind, old) == read_by(after, kind, new) == read_by(before, kind, old)
    assert read_by(before, kind, new) is None
    assert read_by(LinkKeys(("b",)), kind, old) is None


def test_a_message_that_was_begun_with_a_key_is_finished_with_it() -> None:
    """A retry is byte-identical, also after a rotation between two tries."""
    before, after = LinkKeys(("a",)), LinkKeys(("b", "a"))
    assert LEAVE.text(after, before.newest) == LEAVE.text(before)
    assert OPT_IN.text(after, "confirm", before.newest) == OPT_IN.text(before, "confirm")
    path = ReturnPath(UUID(int=1))
    assert path.address(after, "b", before.newest) == path.address(before, "b")


def test_the_same_link_is_the_same_text_and_another_says_nothing_of_it() -> None:
    assert LEAVE.text(KEYS) == LEAVE.text(link_keys(("newest",)))
    tokens = {LeaveToken(uuid4(), 1, uuid4()).text(KEYS) for _ in range(50)}
    assert len({token[:16] for token in tokens}) == 50


def written_by(keys: LinkKeys, kind: str) -> str:
    if kind == "leave":
        return LEAVE.text(keys)
    if kind in ("confirm", "cancel"):
        return OPT_IN.text(keys, kind)
    token = ReturnPath(UUID(int=5)) if kind == "bounce" else MailtoLeave(UUID(int=6), 8)
    return token.address(keys, "b.example").partition("@")[0]


def read_by(keys: LinkKeys, kind: str, text: str) -> object:
    if kind == "leave":
        return LeaveToken.read(keys, text)
    if kind in ("confirm", "cancel"):
        return OptInToken.read(keys, kind, text)
    reader = ReturnPath if kind == "bounce" else MailtoLeave
    return reader.read(keys, text)
