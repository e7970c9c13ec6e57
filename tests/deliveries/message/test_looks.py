"""How a page looks: each finding for what deserves it, and none for what we ship ourselves."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mailing.base.colours import colour_of, contrast
from mailing.base.languages import LANGUAGES, gettext_for
from mailing.campaigns.blocks import to_body
from mailing.campaigns.content import Content
from mailing.deliveries.message import (
    AnswerMail,
    ConfirmMail,
    Format,
    Frame,
    answer,
    compile,
    confirmation,
)
from mailing.deliveries.message.looks import looks
from mailing.deliveries.message.unshown import unshown
from mailing.deliveries.review_words import words_of
from tests.deliveries.message.samples import FRAME, PERSON, STAMP, compiled, parts_of
from tests.deliveries.message.test_blocks import EVERY_KIND

MARKDOWN = """# Бірінші

Сөз, **қою** және [сілтеме](https://shop.example/x).

## Екінші

> Дәйексөз

1. бір

### Үшінші

| а | б |
|---|---|
| 1 | 2 |
"""
HTML = """<html><head>
<style>.w { width: 100% } @media (max-width: 480px) { .w { width: 50% } }</style></head>
<body style="background-color:#ffffff;color:#222222"><h1>Сәлем</h1><p class="w">Сөз</p>
<a href="https://shop.example/x" style="background:#0b5e6b;color:#fff">Дүкен</a></body></html>"""
MJML = """<mjml><mj-body background-color="#eeeeee"><mj-section background-color="#ffffff">
<mj-column><mj-text color="#333333">Сәлем</mj-text><mj-button href="https://shop.example/x"
background-color="#0b5e6b" color="#ffffff">Дүкен</mj-button></mj-column></mj-section></mj-body>
</mjml>"""


def found_in(html: str) -> list[tuple[str, str]]:
    """What is found in a page, each with words to say it in."""
    found = [*looks(html), *unshown(html)]
    assert all(words_of(one.id) for one in found)
    return [(one.id, one.what) for one in found]


def of_html(body: str) -> list[tuple[str, str]]:
    """What is found in the finished page of an author's HTML."""
    return found_in(parts_of(compiled(body, format="html").render(PERSON, STAMP).message)["html"])


@pytest.mark.parametrize(
    ("body", "finding"),
    [
        ('<p style="color:#999">Сөз</p>', ("contrast_low", "#999999 / #ffffff (2.8 : 1)")),
        (
            '<p style="color:#1c1b1f;background:#0b5e6b">Сөз</p>',
            ("contrast_low", "#1c1b1f / #0b5e6b (2.3 : 1)"),
        ),
        (
            '<div style="background-color:#000;color:#fff"><a href="https://a.example/">Сөз</a></div>',
            ("contrast_low", "#0000ee / #000000 (2.2 : 1)"),
        ),
        (
            '<p style="color:gray;font-size:16px">Сөз</p>',
            ("contrast_low", "#808080 / #ffffff (3.9 : 1)"),
        ),
        ("<table bgcolor='#f0f0f0'><tr><td>Сөз</td></tr></table>", ("ground_alone", "#f0f0f0")),
        ('<div style="background:#fafafa none">Сөз</div>', ("ground_alone", "#fafafa")),
        ("<h1>Бір</h1><h3>Үш</h3>", ("heading_skipped", "h1 → h3")),
        ('<div style="display:grid">Сөз</div>', ("unshown", "display: grid")),
        ('<div style="display:inline-flex">Сөз</div>', ("unshown", "display: inline-flex")),
        (
            "<html><head><style>@media (prefers-color-scheme: dark) { .a { color: #fff } }</style>"
            '</head><body style="background:#fff;color:#000"><p class="a">Сөз</p></body></html>',
            ("ink_alone", ".a"),
        ),
    ],
)
def test_what_weak_eyes_or_the_dark_would_lose_is_found(
    body: str, finding: tuple[str, str]
) -> None:
    assert of_html(body) == [finding]


@pytest.mark.parametrize(
    "body",
    [
        '<p style="color:gray;font-size:24px">Сөз</p>',
        '<p style="color:gray;font-size:14pt;font-weight:bold">Сөз</p>',
        '<h2 style="color:#888888">Сөз</h2>',
        '<p style="color:#767676">Сөз</p>',
        '<p style="color:#fff;display:none">Сөз</p>',
        '<table background="https://a.example/a.jpg"><td style="color:#fff">Сөз</td></table>',
        '<div style="background:url(https://a.example/a.png) #fff;color:#fff">Сөз</div>',
        '<p style="background:#000;color:#fff">Сөз</p>',
        '<p style="background:transparent;color:rgba(0,0,0,0.2)">Сөз</p>',
        "<h2>Екі</h2><h3>Үш</h3><h1>Бір</h1><h2>Екі</h2>",
        "<html><head><style>@media (prefers-color-scheme: dark) { .a { color: #fff; background: "
        '#000 } }</style></head><body style="background:#fff;color:#000"><p class="a">Сөз</p>'
        "</body></html>",
    ],
)
def test_what_can_be_read_is_not(body: str) -> None:
    assert of_html(body) == []


def test_a_pair_of_colours_is_told_once_and_never_with_the_words_of_a_reader() -> None:
    body = '<p style="color:#999">{{ given_name|default("a") }}</p><p style="color:#999">Сөз</p>'
    assert of_html(body) == [("contrast_low", "#999999 / #ffffff (2.8 : 1)")]


def test_a_page_that_does_not_know_the_dark_is_found() -> None:
    page = parts_of(compiled().render(PERSON, STAMP).message)["html"]
    assert found_in(page) == []
    assert found_in(page.replace('name="color-scheme"', "")) == [("no_color_scheme", "")]


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("<script>alert(1)</script>", "<script>"),
        ('<form action="https://a.example/"><input name="a"></form>', "<form>"),
        ('<video src="https://a.example/a.mp4"></video>', "<video>"),
        ("<style>@font-face { src: url(https://a.example/a.woff) }</style>", "@font-face"),
        ("<style>@import url(https://a.example/a.css);</style>", "@import"),
        ("<style>.a { position: absolute }</style>", "position: absolute"),
        ("<style>.a { display:grid }</style>", "display:grid"),
        ('<p style="position:fixed">a</p>', "position: fixed"),
        ('<img src="data:image/png;base64,AAAA">', "data:"),
        ('<p style="background:url(data:image/png;base64,AAAA)">a</p>', "data:"),
        ("<mjml><mj-style>.a { display: flex }</mj-style></mjml>", "display: flex"),
    ],
)
def test_what_no_mail_program_shows_is_told_to_whoever_wrote_it(source: str, what: str) -> None:
    assert [one.what for one in unshown(source)][:1] == [what]


@pytest.mark.parametrize(
    "source",
    [
        '<img src="https://a.example/data:1.png">',
        "<style>.a { background-position: absolute; list-style-position: inside }</style>",
        "<p>position: absolute, &lt;script&gt;, data:</p>",
        '<p style="position:relative;display:block">a</p>',
    ],
)
def test_what_only_reads_like_it_is_not(source: str) -> None:
    assert list(unshown(source)) == []


def in_language(language: str) -> Frame:
    return replace(
        FRAME,
        gettext=gettext_for(language).gettext,
        images_url="https://glasses.example/images/",
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("body", "format"),
    [
        (MARKDOWN, Format.MARKDOWN),
        (to_body(EVERY_KIND), Format.BLOCKS),
        (HTML, Format.HTML),
        (MJML, Format.MJML),
    ],
)
def test_nothing_is_found_in_what_we_ship(language: str, body: str, format: str) -> None:
    said = Content(language, "Хат", body, format, "Алдын ала")
    raw = compile(said, in_language(language)).render(PERSON, STAMP).message
    assert found_in(parts_of(raw)["html"]) == []
    assert list(unshown(body)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_found_in_the_mails_that_people_wait_for(language: str) -> None:
    asked_at = datetime(2026, 11, 22, tzinfo=UTC)
    link = "https://glasses.example/confirm/x"
    asks = ConfirmMail(language, ["А"], link, "https://glasses.example", asked_at)
    answers = AnswerMail(language, "А", ["Б"], "В", link, ["Г"])
    frame = in_language(language)
    for raw in (
        confirmation(frame, asks, PERSON, STAMP).message,
        answer(frame, answers, PERSON, STAMP).message,
    ):
        assert found_in(parts_of(raw)["html"]) == []


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("#0b5e6b", (11, 94, 107)),
        ("#FFF", (255, 255, 255)),
        ("rgb(1, 2, 3)", (1, 2, 3)),
        ("#000000ff", (0, 0, 0)),
        ("#00000080", None),
        ("teal", (0, 128, 128)),
        ("inherit", None),
        ("", None),
        ("9" * 100, None),
    ],
)
def test_a_colour_is_read_as_it_may_be_written(
    text: str, colour: tuple[int, int, int] | None
) -> None:
    assert colour_of(text) == colour


def test_contrast_is_that_of_wcag() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.478, abs=0.001)
