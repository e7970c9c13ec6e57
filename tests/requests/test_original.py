"""Originals: whatever the octets are, somebody can look at them, soon, and nothing reaches out."""

import time
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailing.requests import original
from tests.requests.desk import letter

FRAGMENTS = st.sampled_from(
    [
        *(b"From: ", b"Subject: =?utf-8?b?0", b"Content-Type: multipart/mixed; boundary=x", b"\n"),
        *(b"\r\n\r\n", b"--x\r\n", b"--x--", b"Content-Type: text/html; charset=", b"utf-7", b"="),
        *(b"Content-Transfer-Encoding: base64", b"<script>", b"\0\xff", b"Content-Disposition: "),
        *(b"attachment; filename*0*=", b"Date: x", b"To: <<<>>", b"\x1b[31m", b"message/rfc822"),
    ]
)


@given(st.one_of(st.binary(max_size=400), st.lists(FRAGMENTS, max_size=30).map(b"".join)))
def test_any_octets_can_be_looked_at(raw: bytes) -> None:
    seen = original.understood(raw)
    assert all(c == "\n" or c.isprintable() for c in seen.text)
    assert "<script" not in (seen.html or "")


@pytest.mark.parametrize(
    ("charset", "words"),
    [("windows-1251", "Отзыв согласия"), ("koi8-r", "Вопрос"), ("utf-8", "Қайтарып алу")],
)
def test_the_text_is_read_in_its_own_charset(charset: str, words: str) -> None:
    message = EmailMessage()
    message.set_content(words, charset=charset)
    assert original.understood(message.as_bytes()).text.strip() == words


def test_an_unknown_charset_still_shows_what_can_be_read() -> None:
    raw = b"Content-Type: text/plain; charset=x-nothing\r\n\r\nplain words \xff"
    assert original.understood(raw).text.startswith("plain words")


def test_a_bomb_of_nesting_parts_or_size_costs_little() -> None:
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(2000)
    )
    many = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n\r\na\r\n" * 20_000
    large = b"Content-Type: text/html\r\n\r\n" + b"<div>" * 400_000
    for bomb in (nested, many, large):
        begun = time.perf_counter()
        seen = original.understood(bomb)
        assert time.perf_counter() - begun < 5
        assert len(seen.text) <= original.MOST_LETTERS


def test_attachments_are_named_and_not_opened() -> None:
    message = letter()
    message.add_attachment(b"MZ", maintype="application", subtype="x-exe", filename="қолхат.exe")
    assert original.understood(message.as_bytes()).attachments == ("қолхат.exe",)


@pytest.mark.parametrize(
    "bomb",
    [
        b"Content-Type: text/plain" + b"; a*0*=b" * 8000 + b"\r\n\r\nwords",
        b"To: " + b", ".join(b"a%d@example.org" % n for n in range(8000)) + b"\r\n\r\nwords",
        b"From: " + b"(" * 60_000 + b"\r\n\r\nwords",
    ],
    ids=["parameters", "addresses", "comments"],
)
def test_what_the_reading_refuses_is_not_parsed_for_the_officer_either(bomb: bytes) -> None:
    """The first takes the standard parser longer than anybody waits: unfinished after a minute."""
    begun = time.process_time()
    seen = original.understood(bomb)
    assert time.process_time() - begun < 2
    assert "words" in seen.text
