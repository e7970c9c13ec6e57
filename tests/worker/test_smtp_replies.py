"""Replies, however their bytes come."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.smtp.extensions import Extensions
from worker.smtp.reply import Garbled, Reply, ReplyReader

STREAM = b"220-first\r\n220 last\r\n250\r\n250-\r\n250 \r\n550\tno\r\n421 bare end\n"
REPLIES = [
    Reply(220, ("first", "last")),
    Reply(250, ("",)),
    Reply(250, ("", "")),
    Reply(550, ("no",)),
    Reply(421, ("bare end",)),
]


def read(*pieces: bytes) -> list[Reply]:
    reader, replies = ReplyReader(), []
    for piece in pieces:
        reader.feed(piece)
        while (reply := reader.next()) is not None:
            replies.append(reply)
    return replies


@given(cuts=st.lists(st.integers(0, len(STREAM))))
def test_replies_are_the_same_however_the_bytes_are_cut(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[start:end] for start, end in pairwise(places)]
    assert read(*pieces) == REPLIES


@given(st.binary(max_size=3000))
def test_no_bytes_at_all_can_raise_anything_but_garbled(data: bytes) -> None:
    reader = ReplyReader()
    reader.feed(data)
    with suppress(Garbled):
        while (reply := reader.next()) is not None:
            assert 100 <= reply.code <= 599
            assert reply.text.isprintable()
            assert len(reply.text) <= 512


@pytest.mark.parametrize(
    "line",
    [b"", b"25", b"2500 ok", b"250ok", b"ok", b"650 ok", b"050 ok", b" 250 ok", b"\xb2\xb250"],
)
def test_what_is_no_reply_is_garbled(line: bytes) -> None:
    with pytest.raises(Garbled):
        read(line + b"\r\n")


def test_lines_of_one_reply_with_different_codes_are_garbled() -> None:
    with pytest.raises(Garbled):
        read(b"250-ok\r\n550 no\r\n")


def test_words_that_look_like_a_reply_stay_words_however_they_come() -> None:
    assert read(b"250 ok\r\n") == [Reply(250, ("ok",))]
    assert read(b"550 they said ", b"250 ok\r\n") == [Reply(550, ("they said 250 ok",))]
    assert read(b"550-they said\r\n550 ", b"250 ok\r\n") == [Reply(550, ("they said", "250 ok"))]
    with pytest.raises(Garbled):
        read(b"550-they said\r\n", b"250 ok\r\n")


def test_an_over_long_line_is_cut_and_the_next_one_is_found() -> None:
    [long, short] = read(*[b"250 " + b"x" * 900] + [b"y" * 5000] * 50, b"\r\n", b"354 go\r\n")
    assert long.text == "x" * 512
    assert short == Reply(354, ("go",))


def test_an_endless_line_is_not_kept_in_memory() -> None:
    reader = ReplyReader()
    for _ in range(1000):
        reader.feed(b"2" * 65536)
        assert reader.next() is None
    assert len(reader._pending) <= 1024
    assert not reader.is_empty


def test_text_is_fit_for_a_page_and_a_database() -> None:
    [reply] = read(b"550 caf\xe9 \0 \x1b[31m \xd1\x96 \xe2\x80\xa8\r\n")
    assert reply.text == "caf\ufffd \ufffd \ufffd[31m і \ufffd"
    assert str(reply) == f"550 {reply.text}"


def test_offers_are_read_in_any_case_and_in_the_old_spelling() -> None:
    [reply] = read(
        b"250-SMTPUTF8 greets\r\n250-size 1000\r\n250-AUTH=LOGIN\r\n250-\r\n250 auth plain\r\n"
    )
    offers = Extensions.read(reply)
    assert offers.offers("SIZE")
    assert not offers.offers("SMTPUTF8")
    assert offers.size_limit == 1000
    assert offers.logins == {"LOGIN", "PLAIN"}


@pytest.mark.parametrize(
    ("words", "limit"),
    [
        (b"SIZE", None),
        (b"SIZE 0", None),
        (b"size 35882577", 35882577),
        (b"SIZE many", None),
        (b"SIZE -1", None),
        (b"SIZE 1_0", None),
        ("SIZE ١٢".encode(), None),
        (b"SIZE " + b"9" * 21, None),
    ],
)
def test_a_size_limit_is_believed_only_if_it_is_a_number(words: bytes, limit: int | None) -> None:
    [reply] = read(b"250-peer\r\n250 " + words + b"\r\n")
    assert Extensions.read(reply).size_limit == limit
    assert Extensions.read(reply).offers("SIZE")
