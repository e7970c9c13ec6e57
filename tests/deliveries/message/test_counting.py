"""Counted links: the message says the same, each address leads where the author's did, and what
could tell readers apart is left alone."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html import escape

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mailing.base.languages import gettext_for
from mailing.campaigns.content import Content, Format
from mailing.deliveries.message import (
    BodyError,
    Frame,
    Left,
    Link,
    Recipient,
    compile,
    links_of,
)
from tests.deliveries.message.samples import FRAME, PERSON, STAMP, content

OURS = "https://glasses.example/c/"
BLOCKS = json.dumps(
    [
        {"kind": "heading", "words": "Сәлем", "level": "1"},
        {"kind": "text", "text": "[Дүкен](https://shop.example/a?x=1&y=2) және *қыс*"},
        {"kind": "button", "words": "Көру", "link": "https://shop.example/a?x=1&y=2"},
        {
            "kind": "columns",
            "left": "[бір](https://shop.example/1)",
            "right": "[екі](http://b.test)",
        },
    ]
)
MJML = (
    "<mjml><mj-body><mj-section><mj-column><mj-text>"
    '<a href="https://shop.example/a?x=1&amp;y=2">Дүкен</a></mj-text>'
    '<mj-button href="https://shop.example/b">Көру</mj-button>'
    "</mj-column></mj-section></mj-body></mjml>"
)
HTML = (
    "<!doctype html><html><body><style>a { color: red }</style>"
    '<p><a href="https://shop.example/қыс?x=1&amp;y=%D2%9B">Қыс &amp; күз</a> '
    '<a title="a>b" href="https://shop.example/new"><img src="https://glasses.example/i.png" '
    'alt="Жаңа &quot;көзілдірік&quot;"></a></p></body></html>'
)
SAMPLES = {
    "markdown": (
        "# [Дүкен](https://shop.example/a?x=1&y=2)\n\nСәлем, {{ given_name|default('сіз') }}! "
        "[Дүкен](https://shop.example/a?x=1&y=2) [Қыс](https://көзілдірік.test/қыс 'тақырып')\n"
    ),
    "html": HTML,
    "mjml": MJML,
    "blocks": BLOCKS,
}


def counted(said: Content, frame: Frame = FRAME) -> tuple[Frame, dict[str, str]]:
    """The frame that leads the links of these words through ours; target by address."""
    links: dict[str, tuple[str, ...]] = {}
    targets = {}
    for number, link in enumerate(links_of(said, frame)):
        if link.left is None:
            to = f"{OURS}token-{number:04d}"
            links[link.target] = (*links.get(link.target, ()), to)
            targets[to] = link.target
    return replace(frame, links=links), targets


def led_back(text: str, targets: dict[str, str], is_html: bool) -> str:
    """The text with each address of ours replaced by where it leads."""
    for to, target in targets.items():
        text = text.replace(to, escape(target) if is_html else target)
    return text


def demand_the_same(said: Content) -> dict[str, str]:
    """Both faces, led back, are what they are where nothing is counted; the targets by address."""
    frame, targets = counted(said)
    plain = compile(said, FRAME).preview(PERSON, STAMP)
    ours = compile(said, frame).preview(PERSON, STAMP)
    for to in targets:
        assert f'href="{to}"' in ours.html
        assert to in ours.text
    assert led_back(ours.html, targets, is_html=True) == plain.html
    assert led_back(ours.text, targets, is_html=False) == plain.text
    assert ours.subject == plain.subject
    return targets


@pytest.mark.parametrize(("format", "number"), [("markdown", 3), ("html", 2), ("mjml", 2)])
def test_a_counted_message_says_the_same_in_every_format(format: str, number: int) -> None:
    assert len(demand_the_same(content(SAMPLES[format], format=format))) == number


def test_the_links_of_blocks_go_on_from_block_to_block() -> None:
    targets = demand_the_same(content(BLOCKS, format=Format.BLOCKS))
    assert list(targets.values()) == [
        *["https://shop.example/a?x=1&y=2"] * 2,
        *("https://shop.example/1", "http://b.test"),
    ]


WORDS = st.text(st.sampled_from("абвқңһ ab<>&\"'*_.!1"), min_size=1, max_size=12)
PATHS = st.text(st.sampled_from("abқ/?&=%2-_~#+"), max_size=12)
PIECES = st.one_of(
    WORDS.map(escape),
    st.tuples(
        WORDS,
        PATHS,
        st.sampled_from(["https://shop.example/", "http://b.test/", "mailto:a@b.test?"]),
    ).map(lambda made: f'<a class="x" href="{escape(made[2] + made[1])}">{escape(made[0])}</a>'),
    st.sampled_from(
        [
            "<p>",
            "</p>",
            "<table><tr><td>",
            "</td></tr></table>",
            "{% if surname %}",
            "{% else %}",
            "{% endif %}",
            "<b>",
            "</b>",
            "<img src='https://a.test/x.png' alt='бейне'>",
            "{{ given_name|default('сіз') }}",
            "<a href='https://shop.example/'>ашық",
        ]
    ),
)


@settings(
    max_examples=120,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(PIECES, min_size=1, max_size=14))
def test_whatever_an_author_writes_is_the_same_message_with_each_target_reached(
    pieces: list[str],
) -> None:
    said = content("<p>.</p>" + "".join(pieces), format="html")
    try:
        compile(said, FRAME)
    except BodyError:
        return  # What cannot be sent need not be counted.
    demand_the_same(said)


def left(body: str, format: str = "markdown") -> list[Left | None]:
    return [one.left for one in links_of(content(body, format=format), FRAME)]


LEFT_ALONE = {
    "a field in the path": ("[а](https://a.test/{{ email }})", [Left.MERGED]),
    "the reader's own link": ("[а](https://glasses.example/agree/{{ link_token }})", [Left.MERGED]),
    "seen by some alone": (
        "{% if email == 'a@b.test' %}[а](https://a.test/1){% else %}[ә](https://a.test/2)"
        "{% endif %} [б](https://a.test/3)",
        [Left.CONDITIONAL, Left.CONDITIONAL, None],
    ),
    "an own page": ("[а](https://glasses.example/policy/3)", [Left.OWN]),
    "an own page in capitals": ("[а](HTTPS://Glasses.Example/u/x)", [Left.OWN]),
    "words that are the address": ("<https://a.test/b>", [Left.SHOWN]),
    "words that are another's address": ("[www.b.test](https://a.test/b)", [Left.SHOWN]),
    "words that are a bare address": ("[a.test/b](https://a.test/b)", [Left.SHOWN]),
    "a letter": ("[а](mailto:a@b.test)", [Left.OTHER]),
    "a password": ("[а](https://me:secret@a.test/)", [Left.OTHER]),
    "words that name a reader": (
        "[Сізге, {{ given_name|default('дос') }}](https://a.test/b)",
        [None],
    ),
}


@pytest.mark.parametrize("what", list(LEFT_ALONE))
def test_what_could_tell_readers_apart_or_deceive_them_is_left_as_it_is(what: str) -> None:
    body, wanted = LEFT_ALONE[what]
    assert left(body) == wanted
    said = content(body)
    frame, targets = counted(said)
    assert len(targets) == wanted.count(None)
    if not targets:
        assert compile(said, frame).render(PERSON, STAMP) == compile(said, FRAME).render(
            PERSON, STAMP
        )


def test_a_condition_in_html_hides_a_link_as_well_and_a_place_in_the_page_is_none() -> None:
    body = (
        '<p><a href="#x">а</a><a name="x">ә</a></p>'
        '{% if surname %}<p><a href="https://a.test/1">б</a></p>{% endif %}'
        '<p><a href="https://a.test/2">в</a></p>'
    )
    assert left(body, "html") == [Left.OTHER, Left.CONDITIONAL, None]


def test_a_link_is_known_by_its_words_or_by_what_its_image_shows() -> None:
    assert links_of(content(HTML, format="html"), FRAME) == [
        Link("https://shop.example/қыс?x=1&y=%D2%9B", "Қыс & күз"),
        Link("https://shop.example/new", 'Жаңа "көзілдірік"'),
    ]


def test_two_readers_get_the_same_addresses() -> None:
    said = content(SAMPLES["markdown"])
    frame, targets = counted(said)
    compiled = compile(said, frame)
    other = Recipient("dana@glasses.test", {"given_name": "Дана"})
    ours, theirs = (sorted(_ours(compiled.preview(who, STAMP).html)) for who in (PERSON, other))
    assert ours == theirs == sorted(targets)


def _ours(html: str) -> Iterator[str]:
    return iter(re.findall(rf'href="({OURS}[^"]*)"', html))


def test_a_link_without_an_address_leads_straight_and_never_elsewhere() -> None:
    """Also where the words have changed since: an address is known by its target."""
    said = content("[а](https://a.test/1) [ә](https://a.test/2) [б](https://a.test/1)")
    frame = replace(FRAME, links={"https://a.test/1": (f"{OURS}x",), "https://a.test/9": ("y",)})
    html = compile(said, frame).preview(PERSON, STAMP).html
    found = re.findall(r'<a href="([^"]*)"[^>]*>[аәб]</a>', html)
    assert found == [f"{OURS}x", "https://a.test/2", "https://a.test/1"]


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_the_footer_says_that_clicks_are_counted_where_they_are(language: str) -> None:
    gettext = gettext_for(language).gettext
    frame = replace(FRAME, gettext=gettext)
    sentence = gettext("We count how often the links of this message are opened, never by whom.")
    said = content(language=language)
    silent = compile(said, frame).preview(PERSON, STAMP)
    told = compile(said, replace(frame, is_counted=True)).preview(PERSON, STAMP)
    assert sentence not in silent.html + silent.text
    assert (told.html.count(sentence), told.text.count(sentence)) == (1, 1)
    assert told.text.replace(f"{sentence}\n\n", "") == silent.text
