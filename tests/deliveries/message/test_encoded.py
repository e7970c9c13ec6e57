"""Encoded words: whole letters, 75 octets a word, 76 a line, and the text comes back."""

import re
import unicodedata
from email.header import decode_header, make_header

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailing.deliveries.message.encoded import encode_words
from mailing.deliveries.message.frame import UnsafeValue
from mailing.deliveries.message.headers import subject_text

KAZAKH = "Дербес деректерді өңдеуге келісімді қайтарып алу, Әсем! ҒҚҢӨҰҮҺІ 👩‍👩‍👧 й"
WORD = re.compile(r"=\?utf-8\?b\?[A-Za-z0-9+/]*=*\?=")
LINES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=300)


def field(subject: str) -> str:
    return f"Subject: {subject_text(subject)}"


def decoded(subject: str) -> str:
    return str(make_header(decode_header(field(subject).removeprefix("Subject: "))))


def test_kazakh_subjects_of_every_length_come_back_and_keep_the_limits() -> None:
    for length in range(301):
        subject = (KAZAKH * 7)[:length]
        assert decoded(subject) == subject
        assert_limits(field(subject))


@given(LINES)
@example("=?utf-8?b?0Y?=")
@example(" leading and trailing ")
@example("a" * 300)
@example("й" * 100)
def test_any_subject_comes_back_and_keeps_the_limits(subject: str) -> None:
    assert decoded(subject) == subject
    assert_limits(field(subject))


def assert_limits(line: str) -> None:
    assert line.isascii()
    for part in line.split("\r\n"):
        assert len(part) <= 78
        words = WORD.findall(part)
        assert all(len(word) <= 75 for word in words)
        assert not words or len(part) <= 76


def test_no_letter_is_split_and_a_mark_stays_with_its_base() -> None:
    subject = unicodedata.normalize("NFD", "й" * 120)
    for word in WORD.findall(encode_words(subject, column=9)):
        (octets, charset), *rest = decode_header(word)
        assert not rest
        assert isinstance(octets, bytes)
        assert charset == "utf-8"
        assert len(octets.decode("utf-8")) % 2 == 0


def test_a_heap_of_marks_larger_than_a_word_is_split_between_letters() -> None:
    subject = "a" + "\u0301" * 200
    assert decoded(subject) == subject
    assert_limits(field(subject))


def test_a_family_of_emoji_stays_one_letter() -> None:
    """Joined by U+200D, it falls apart into its members where a word ends inside."""
    family = "\N{WOMAN}\u200d\N{WOMAN}\u200d\N{GIRL}"
    for before in range(60):
        words = WORD.findall(field("x" * before + family * 3))
        texts = [octets.decode("utf-8") for word in words for octets, _ in decode_header(word)]
        assert sum(text.count(family) for text in texts) == 3


def test_a_short_english_subject_is_not_encoded() -> None:
    assert subject_text("Hello: 50% off (today)") == "Hello: 50% off (today)"


@pytest.mark.parametrize(
    "stray", ["\r\nBcc: x@y.example", "\n", "\r", "\x00", "\u2028", "\u2029", "\x85"]
)
def test_a_subject_with_a_line_end_is_refused(stray: str) -> None:
    with pytest.raises(UnsafeValue):
        subject_text("Жаңалық" + stray)
