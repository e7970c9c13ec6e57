"""Markdown, HTML and MJML become clean HTML and a readable text; nothing is fetched from afar."""

import re
import time
from contextlib import suppress
from pathlib import Path

import pytest

from mailing.deliveries.message import BodyError
from mailing.deliveries.message.documents import media_rules
from tests.deliveries.message.samples import PERSON, STAMP, compiled, html_of, text_of

MJML = """<mjml><mj-head><mj-style>.red {{ color: red }}</mj-style></mj-head><mj-body>
<mj-section><mj-column>{inside}</mj-column></mj-section></mj-body></mjml>"""


def body_of(markup: str) -> str:
    """The author's part of the page, without our footer."""
    return markup.partition("border-top:1px solid #d5dae0")[0].partition("<body")[2]


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("# A\n\nb *c* **d**", "A\n\nb c d"),
        ("- a\n- b\n  - c\n\nd", "- a\n- b\n  - c\n\nd"),
        ("3. a\n4. b", "3. a\n4. b"),
        ("> a\n\nb", "> a\n\nb"),
        ("a\\\nb", "a\nb"),
        ("a\n\n---\n\nb", "a\n\n----\n\nb"),
        ("[a](https://a.example/x)", "a (https://a.example/x)"),
        ("<https://a.example/x>", "https://a.example/x"),
        ("[b@a.example](mailto:b@a.example?subject=x)", "b@a.example"),
        ("[write](mailto:b@a.example)", "write (b@a.example)"),
        ("![a picture](https://a.example/x.png)", "a picture"),
        ("[![home](https://a.example/x.png)](https://a.example/)", "home (https://a.example/)"),
        ("| a | b |\n|---|---|\n| c | d |", "a b\nc d"),
        ("    code  x\n    y", "code  x\ny"),
        ("a & b &lt; c", "a & b < c"),
        ("Ә ғ қ ң ө ұ ү һ і", "Ә ғ қ ң ө ұ ү һ і"),
    ],
)
def test_markdown_reads_well_as_plain_text(body: str, shown: str) -> None:
    assert text_of(body) == shown


def test_html_inside_markdown_is_shown_not_obeyed() -> None:
    assert "&lt;script&gt;" in html_of("a <script>alert(1)</script>")


@pytest.mark.parametrize(
    "address", ["/new", "new.html", "//a.example/x", "example.com", "https:", "https://"]
)
@pytest.mark.parametrize("format", ["markdown", "html"])
def test_a_link_that_is_no_whole_address_is_refused(address: str, format: str) -> None:
    body = f"[x]({address})" if format == "markdown" else f'<a href="{address}">x</a>'
    with pytest.raises(BodyError, match="address"):
        compiled(body, format=format)


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        "<p onclick='alert(1)'>x</p>",
        "<iframe src='https://evil.example'></iframe>",
        "<form action='https://evil.example'><input name=a></form>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href='java\tscript:alert(1)'>x</a>",
        "<a href='data:text/html,x'>x</a>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)>",
        "<style>@import url(https://evil.example/x.css);</style><p>x</p>",
        "<link rel=stylesheet href=https://evil.example/x.css><p>x</p>",
        "<link rel=stylesheet href=file:///etc/passwd><style>p{color:red}</style><p>x</p>",
        "<meta http-equiv=refresh content='0;url=https://evil.example'>",
        "<base href='https://evil.example/'>",
        "<object data='https://evil.example'></object><embed src='https://evil.example'>",
        "<p style='position:fixed;top:0'>x</p>",
        "<math><mtext></p><style><img src=x onerror=alert(1)></style>",
        "<!--[if mso]><script>alert(1)</script><![endif]--><p>x</p>",
    ],
)
def test_nothing_active_comes_through(body: str) -> None:
    try:
        markup = body_of(html_of(body, format="html"))
    except BodyError:
        return
    for trace in (
        "alert(1)",
        "evil.example",
        "/etc/passwd",
        "root:",
        "position",
        "<form",
        "<input",
    ):
        assert trace not in re.sub(r">[^<]*<", "><", markup)


def test_an_open_element_ends_before_the_footer() -> None:
    markup = html_of('<div style="display:none"><table><tr><td>x', format="html")
    author, _, footer = markup.partition("x</td>")
    assert footer.startswith("</tr></tbody></table></div>")
    assert author


def test_the_authors_comments_are_cut() -> None:
    assert "secret" not in html_of("<p>a</p><!-- secret --><p>b</p>", format="html")


@pytest.mark.parametrize("body", ["<p>a<!-- b</p>", '<p title="-->">a</p>'])
def test_a_comment_that_does_not_end_is_refused(body: str) -> None:
    with pytest.raises(BodyError, match="comment"):
        compiled(body, format="html")


def test_styles_are_inlined_and_the_footer_stays_in_a_whole_document() -> None:
    head = "<html><head><style>p{color:red}</style></head>"
    markup = html_of(head + "<body style='background:#eee'><p>x</p></body></html>", format="html")
    assert re.search(
        r'<div style="[^"]*background:\s?#eee[^"]*">\s*<p style="color:\s?red;?">x</p>', markup
    )
    assert markup.count("<body") == 1
    assert "БСН" not in markup
    assert "123456789012" in markup


def test_media_rules_keep_classes_and_drop_what_could_reach_the_footer() -> None:
    sheet = """@media (max-width:480px) { .col, td.col { width:100% } td { display:none }
      p a { display:none } .x ~ table { display:none }
      .y { background:url(https://evil.example/) } }
      @media print { * { display:none } } @import url(x);"""
    assert media_rules(sheet) == "@media (max-width:480px) { .col, td.col { width:100% } }"


def test_mjml_becomes_a_page_that_fetches_nothing() -> None:
    body = MJML.format(inside="<mj-text>Сәлем, {{ given_name|default('дос') }}</mj-text>")
    markup = html_of(body, format="mjml")
    assert "Сәлем, Әсем" in markup
    assert "fonts.googleapis" not in markup
    assert "@media only screen and (min-width:480px) { .mj-column-per-100" in markup
    assert text_of(body, format="mjml") == "Сәлем, Әсем"


def test_a_button_of_mjml_carries_its_link_into_both_parts() -> None:
    inside = (
        "<mj-button href=\"https://a.example/?n={{ given_name|default('x') }}\">Көру</mj-button>"
    )
    assert 'href="https://a.example/?n=%D3%98' in html_of(MJML.format(inside=inside), format="mjml")
    assert text_of(MJML.format(inside=inside), format="mjml").startswith(
        "Көру (https://a.example/?n=%D3%98"
    )


@pytest.mark.parametrize(
    ("inside", "sentence"),
    [
        ("<mj-include path='/etc/passwd' />", "<mj-include> is not"),
        ("<mj-raw><script>x</script></mj-raw>", "<mj-raw> is not"),
        ("<mj-foo/>", "<mj-foo> is not"),
        ("<mj-text>", "cannot be read"),
        ("<mj-text>" + "<div>" * 5000, "more than 1000 elements"),
        ("<mj-section>" * 600, "more than 500 elements"),
    ],
)
def test_mjml_that_cannot_be_used_is_refused(inside: str, sentence: str) -> None:
    with pytest.raises(BodyError, match=sentence):
        compiled(MJML.format(inside=inside), format="mjml")


def test_an_address_with_a_comments_end_cannot_leave_outlooks_condition() -> None:
    body = '<mjml><mj-body><mj-section background-url="https://a.example/--><b>"></mj-section></mj-body></mjml>'
    with pytest.raises(BodyError):
        compiled(body, format="mjml")


def test_more_elements_than_a_parser_can_nest_are_refused() -> None:
    with pytest.raises(BodyError, match="more than"):
        compiled("<div>" * 50_000, format="html")


def test_as_many_elements_as_are_allowed_can_be_nested() -> None:
    style = "<style>p{color:red}</style>"
    assert compiled(style + "<div>" * 4990, format="html")
    assert compiled(
        MJML.format(inside="<mj-text>" + "<b>" * 990 + "</b>" * 990 + "</mj-text>"), format="mjml"
    )


@pytest.mark.parametrize(
    "piece", ["<!--", "<", "<p>", '<a href="', "@media x{", "&", "`", "![", "> "]
)
@pytest.mark.parametrize("format", ["markdown", "html"])
def test_a_page_of_one_awkward_piece_takes_seconds_at_the_most(piece: str, format: str) -> None:
    body = (piece * 130_000)[:250_000]
    started = time.process_time()
    with suppress(BodyError):
        compiled(body, format=format).render(PERSON, STAMP)
    assert time.process_time() - started < 15


@pytest.mark.parametrize("body", ["\x00", "a\ud83d"])
def test_what_no_message_can_carry_is_refused(body: str) -> None:
    with pytest.raises(BodyError, match="NUL or half"):
        compiled(body)


def test_every_source_text_of_the_templates_can_be_translated() -> None:
    """No word stands in a template outside of `_( )`."""
    templates = Path(__file__).parents[3] / "templates" / "mails"
    for path in templates.iterdir():
        source = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|<!--.*?-->|<[^>]*>", "", path.read_text("utf-8"))
        assert not re.search(r"[^\W\d_]{2,}", source.replace("nbsp", "")), path
