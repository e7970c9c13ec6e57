"""Markdown for reading: readable, and harmless whatever stands in it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from mailing.policies import reading


def test_what_people_write_in_a_policy_becomes_readable() -> None:
    page = reading.readable(
        "# A\n\n1.1 **b**\n1.2 [c](https://c.example/)\n\n- d\n\n| e |\n|---|\n| f |"
    )
    assert page is not None
    for part in ("<h3>A</h3>", "<strong>b</strong><br>", "<li>d</li>", "<td>f</td>"):
        assert part in page
    assert 'href="https://c.example/" rel="nofollow noopener noreferrer"' in page


PIECES = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![i](http://t.example/i.gif)",
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt&colon;alert(1))",
    "[a](data:text/html;base64,PHNjcmlwdD4=)",
    "<javascript:alert(1)>",
    "<svg/onload=alert(1)>",
    "```html\n<b onclick=x>\n```",
    "[x]: javascript:alert(1)\n[x]",
    '[a](https://a.example "onmouseover=alert(1)")',
    "# ",
    "> ",
    "\n\n",
]


@given(some.lists(some.sampled_from(PIECES) | some.text(max_size=8), max_size=12))
@settings(max_examples=200, deadline=None)
def test_nothing_in_it_is_obeyed(pieces: list[str]) -> None:
    page = reading.readable("".join(pieces)) or ""
    tags = "".join(part.partition(">")[0] + ">" for part in page.split("<")[1:]).lower()
    for evil in (
        "script",
        "img",
        "svg",
        "onerror",
        "onload",
        "onmouse",
        "onclick",
        "style=",
        "data:",
    ):
        assert evil not in tags, page


@pytest.mark.parametrize("piece", ["[", "![[", "*a ", "a\n\n", "> "])
def test_a_text_too_long_to_be_rendered_is_shown_as_it_is(piece: str) -> None:
    assert reading.readable(piece * (1 + reading.LONGEST // len(piece))) is None
