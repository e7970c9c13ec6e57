"""Structured fuzz of the reader: messages like real ones, damaged in one place or many."""

from collections.abc import Callable
from dataclasses import fields
from email import message_from_bytes
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailing.inbound import heading
from mailing.inbound.reading import Kind, Reading, Trust, read
from tests.inbound.reading.letters import FAILED, feedback, plain, report
from tests.inbound.reading.spellings import ENGLISH, RUSSIAN, WITHDRAW

CHARSETS = ("utf-8", "kz1048", "koi8-r", "utf-16", "utf_7", "unicode_escape", "iso-2022-jp", "no")
TYPES = (
    *("text/plain", "text/html", "message/rfc822", "message/delivery-status", "multipart/mixed"),
    *("message/feedback-report", "multipart/report; report-type=delivery-status", "text/", "a b"),
    *("message/global-delivery-status", "text/rfc822-headers", "multipart/alternative", "x"),
)
ENCODINGS = ("7bit", "8bit", "base64", "quoted-printable", "x-uuencode", "nope")
PIECES = (
    *(b"\n", b"\r", b"\r\n\r\n", b"\x00", b"\xff\xfe", b"--x\n", b"--x--\n", b"=?utf-8?b?", b"?="),
    *(b"(((", b'"', b"\\", b"<", b"&#xD800;", b"\xed\xa0\x80", b"<blockquote>", b"> ", b"{", b"}"),
    *(b"Final-Recipient: rfc822; a@b.example\n", b"Status: 5.1.1\n", b"Action: \n", b": ", b"; "),
    *(b"boundary=", b"*0*=", b"=", b"@", b"Content-Type: message/rfc822\n\n", b"\t", b"\n "),
)
NAMES = (
    *("Subject", "From", "To", "Return-Path", "Message-ID", "References", "Auto-Submitted"),
    *("Content-Type", "Content-Disposition", "Content-Transfer-Encoding", "X-Failed-Recipients"),
    *("Authentication-Results", "List-Id", "Precedence", "X-Spam-Flag", "Received", "Reply-To"),
)
SEEDS = (
    plain(f"Сәлем\n{WITHDRAW}", Subject=RUSSIAN),
    report(FAILED.format("5.1.1", "550 5.1.1 User unknown")),
    report(FAILED.format("4.2.2", "452 4.2.2 full"), FAILED.format("5.7.1", "550 5.7.1 spam")),
    feedback("abuse", "Original-Rcpt-To: reader@mail.example"),
    plain('{"notificationType":"Bounce","mail":{},"bounce":{"bouncedRecipients":[{}]}}'),
)

octets = st.one_of(st.sampled_from(PIECES), st.binary(max_size=12))
values = st.lists(
    st.one_of(octets, st.sampled_from([WITHDRAW.encode(), ENGLISH.encode(), b"a@b.example"])),
    max_size=6,
).map(b"".join)


@st.composite
def parts(draw: st.DrawFn) -> bytes:
    """One part with its header, of some type, charset and encoding."""
    kind, charset = draw(st.sampled_from(TYPES)), draw(st.sampled_from(CHARSETS))
    encoding = draw(st.sampled_from(ENCODINGS))
    head = f"Content-Type: {kind}; charset={charset}; boundary=x\n"
    return head.encode() + f"Content-Transfer-Encoding: {encoding}\n\n".encode() + draw(values)


@st.composite
def letters(draw: st.DrawFn) -> bytes:
    """A header, and parts behind it."""
    names = draw(st.lists(st.sampled_from(NAMES), max_size=6))
    head = b"".join(name.encode() + b": " + draw(values) + b"\n" for name in names)
    inner = draw(st.lists(parts(), max_size=4))
    whole = b"Content-Type: multipart/mixed; boundary=x\n\n"
    return head + whole + b"".join(b"\n--x\n" + part for part in inner)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A message that was right, with octets put in, taken out or exchanged."""
    raw = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(raw)))
        raw = raw[:at] + draw(octets) + raw[at + draw(st.integers(0, 20)) :]
    return raw


def _hold(raw: bytes) -> None:
    """Whatever the octets are: one reading, each time the same, that can be stored and is sane."""
    found = read(raw, list(heading.of(raw).recipients), authserv_ids=["x"])
    assert not found.reason.startswith("not readable"), found.reason
    assert found == read(raw, list(heading.of(raw).recipients), authserv_ids=["x"])
    for text in _texts(found):
        assert "\0" not in text
        text.encode()
    assert found.reports == () or found.kind.startswith("bounce")
    assert found.kind is not Kind.COMPLAINT or found.feedback_type
    assert found.trust is not Trust.ALIGNED or message_from_bytes(raw).get("Authentication-Results")


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        return [text for one in value for text in _texts(one)]
    if isinstance(value, Reading) or hasattr(value, "__dataclass_fields__"):
        return [text for one in fields(value) for text in _texts(getattr(value, one.name))]
    return []


# What one run tries; the drawing of a message costs more than its reading.
def _examples(many: int) -> Callable[[Any], Any]:
    return settings(deadline=None, max_examples=many, suppress_health_check=[HealthCheck.too_slow])


@_examples(60)
@given(st.one_of(letters(), damaged(), st.binary(max_size=2000)))
def test_no_octets_raise_and_the_same_octets_read_the_same(raw: bytes) -> None:
    _hold(raw)


@pytest.mark.soak
@pytest.mark.timeout(1200)
@_examples(20_000)
@given(st.one_of(letters(), damaged(), st.binary(max_size=8000)))
def test_no_octets_raise_in_a_long_run(raw: bytes) -> None:
    _hold(raw)


def test_no_text_is_decoded_by_whatever_its_charset_names() -> None:
    """The library that reads messages would; found by the tests above."""
    head = b"Content-Type: multipart/mixed; boundary=x\n\n\n--x\n"
    part = b"Content-Type: text/plain; charset=unicode_escape; boundary=x\n\n"
    _hold(head + part + b"\\" + "Дербес деректерді өңдеуге".encode())
