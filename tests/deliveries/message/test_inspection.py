"""The last look: each fault, put into a good message's octets, is found and named."""

import re
from base64 import b64encode
from dataclasses import replace

import pytest

from mailing.deliveries.message import inspect
from tests.deliveries.message.samples import (
    FRAME,
    LEAVE_URL,
    OPERATOR,
    PERSON,
    STAMP,
    compiled,
    parts_of,
)

HREF = 'href="https://glasses.example/u/'
GOOD = compiled().render(PERSON, STAMP).message


def problems(raw: bytes) -> set[str]:
    return {problem.id for problem in inspect(raw, OPERATOR)}


def with_part(subtype: str, old: str, new: str) -> bytes:
    """The good message with one part's text changed."""
    text = parts_of(GOOD)[subtype]
    assert old in text
    changed = b64encode(text.replace(old, new).encode())
    lines = b"\r\n".join(changed[at : at + 76] for at in range(0, len(changed), 76))
    pattern = rf"(text/{subtype};[^\r]*\r\n[^\r]*\r\n\r\n)[A-Za-z0-9+/=\r\n]*(\r\n--=_)".encode()
    result, count = re.subn(pattern, lambda found: found[1] + lines + found[2], GOOD)
    assert count == 1
    return result


def without(name: bytes) -> bytes:
    field = rb"\r\n" + name + rb":[^\r\n]*(?:\r\n [^\r\n]*)*"
    return re.sub(field, b"", b"\r\n" + GOOD, count=1).removeprefix(b"\r\n")


def test_a_good_message_has_no_problem() -> None:
    assert inspect(GOOD, OPERATOR) == []


@pytest.mark.parametrize(
    "name",
    b"From To Subject Date Message-ID MIME-Version List-Id List-Unsubscribe List-Unsubscribe-Post"
    b" List-Help Feedback-ID Precedence X-Kelisim-Delivery".split(),
)
def test_a_header_field_that_is_missing_or_doubled_is_found(name: bytes) -> None:
    """T38."""
    assert "header_count" in problems(without(name))
    field = re.search(rb"\r\n" + name + rb":[^\r\n]*(?:\r\n [^\r\n]*)*", b"\r\n" + GOOD)
    assert field
    assert "header_count" in problems(field[0][2:] + b"\r\n" + GOOD)


@pytest.mark.parametrize(
    "field",
    [
        b"<http://glasses.example/u/x>, <mailto:u@glasses.example>",
        b"<mailto:u@glasses.example>, <https://glasses.example/u/x>",
        b"<https://glasses.example/u/x>",
        b"https://glasses.example/u/x",
        b"< https://glasses.example/u/x>, <mailto:u@glasses.example>",
        b"=?utf-8?q?=3Chttps=3A//glasses=2Eexample=3E?=",
        b"<https://127.0.0.1.evil.example/>",
        b"<http://127.0.0.1.evil.example/u/x>, <mailto:u@glasses.example>",
    ],
)
def test_a_list_unsubscribe_that_clients_would_ignore_is_found(field: bytes) -> None:
    raw = re.sub(rb"List-Unsubscribe: [^\r]*", lambda _: b"List-Unsubscribe: " + field, GOOD)
    assert "list_unsubscribe" in problems(raw)


@pytest.mark.parametrize("host", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:8000"])
def test_plain_http_is_good_enough_on_the_own_machine(host: str) -> None:
    assert (
        inspect(
            compiled().render(PERSON, STAMP._replace(leave_url=f"{host}/u/x")).message, OPERATOR
        )
        == []
    )


@pytest.mark.parametrize("other", [b"List-Unsubscribe=one-click", b"List-Unsubscribe=One-Click; x"])
def test_a_one_click_field_that_is_not_the_pair_is_found(other: bytes) -> None:
    assert "one_click" in problems(GOOD.replace(b"List-Unsubscribe=One-Click", other))


@pytest.mark.parametrize(
    ("subtype", "old", "new", "problem"),
    [
        ("plain", LEAVE_URL, "", "leave_link_text"),
        ("plain", LEAVE_URL, LEAVE_URL + "x", "leave_link_text"),
        (
            "html",
            'href="https://glasses.example/u/',
            'href=" https://glasses.example/u/',
            "leave_link_html",
        ),
        (
            "html",
            'href="https://glasses.example/u/',
            'title="https://glasses.example/u/',
            "leave_link_html",
        ),
        ("html", "Unsubscribe from this topic", "", "leave_link_html"),
        ("html", OPERATOR.bin, "", "operator"),
        ("plain", OPERATOR.name, "", "operator"),
        ("plain", OPERATOR.address, "", "operator"),
        ("html", "Сәлем", "{{ given_name }}", "left_over"),
        ("plain", "Сәлем", "{% if x %}", "left_over"),
    ],
)
def test_a_part_that_lost_something_is_found(
    subtype: str, old: str, new: str, problem: str
) -> None:
    """T41: a leading space, a missing address, a link only in one of the two parts."""
    assert problems(with_part(subtype, old, new)) == {problem}


def test_a_message_without_its_text_part_is_found() -> None:
    raw = GOOD.replace(b"text/plain", b"text/x-none")
    assert {"part_missing", "leave_link_text", "operator"} <= problems(raw)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (b"Precedence: bulk", b"Precedence: bulk\nX: y", "line_ends"),
        (b"Precedence: bulk", b"Precedence: bulk\rX: y", "line_ends"),
        (b"Precedence: bulk", b"Precedence: bulk\x00", "line_ends"),
        (b"Precedence: bulk", b"X-Long: " + b"x" * 1000 + b"\r\nPrecedence: bulk", "line_length"),
        (
            b"Precedence: bulk",
            b"X: =?utf-8?b?" + b"0YDQ" * 16 + b"?=\r\nPrecedence: bulk",
            "encoded_word",
        ),
    ],
)
def test_octets_that_break_the_format_are_found(old: bytes, new: bytes, problem: str) -> None:
    assert problem in problems(GOOD.replace(old, new))


def test_an_empty_subject_is_found() -> None:
    whole = compiled(subject="Once").render(PERSON, STAMP).message
    assert problems(whole) == set()
    assert problems(whole.replace(b"Subject: Once", b"Subject: ")) == {"subject"}


def test_an_operator_without_a_number_is_found() -> None:
    assert {p.id for p in inspect(GOOD, replace(OPERATOR, bin=""))} == {"operator"}


def test_the_frames_help_address_is_in_the_header() -> None:
    assert f"List-Help: <{FRAME.help_url}>".encode() in GOOD
