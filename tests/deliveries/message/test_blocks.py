"""Blocks become accessible HTML and a readable text, whatever stands in them."""

import re
from dataclasses import replace
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailing.base.errors import Invalid
from mailing.campaigns.blocks import PARTS, Block, block, from_body, to_body
from mailing.campaigns.content import Content
from mailing.deliveries.message import BodyError, Compiled, Recipient, compile, inspect
from tests.deliveries.message import samples
from tests.deliveries.message.samples import OPERATOR, PERSON, STAMP

IMAGE = f"{'ab' * 32}-1200x800.jpg"
SHOP = "https://shop.example"
FRAME = replace(samples.FRAME, images_url="https://glasses.example/images/")

EVERY_KIND = [
    Block("heading", {"words": "Қысқы топтама, {{ given_name|default('оқырман') }}"}),
    Block("text", {"text": "Бізде **жаңалық** бар: [дүкен](https://shop.example/text)."}),
    Block("image", {"image": IMAGE, "alt": "Қызыл көзілдірік", "link": f"{SHOP}/image"}),
    Block("button", {"words": "Қарау", "link": f"{SHOP}/button?u={{{{ link_token }}}}"}),
    Block("divider"),
    Block("columns", {"left": "Сол жақ", "right": f"[Оң жақ]({SHOP}/right)"}),
    Block(
        "product",
        {
            "image": IMAGE,
            "decorative": "1",
            "words": "Көзілдірік «Дала»",
            "price": "12 000 ₸",
            "text": "Жеңіл.",
            "label": "Сатып алу",
            "link": f"{SHOP}/product",
        },
    ),
]


def made(blocks: list[Block]) -> Compiled:
    return compile(Content("kk", "Хат", to_body(blocks), "blocks"), FRAME)


def html_and_text(blocks: list[Block], person: Recipient = PERSON) -> tuple[str, str]:
    shown = made(blocks).preview(person, STAMP)
    return shown.html, shown.text


def test_every_kind_is_in_both_faces_with_its_words_and_its_link() -> None:
    html, text = html_and_text(EVERY_KIND)
    for words in ("Әсем", "жаңалық", "Қызыл көзілдірік", "Қарау", "Оң жақ", "12 000 ₸", "Жеңіл"):
        assert words in unescape(html), words
        assert words in text, words
    for path in ("text", "image", "button?u=", "right", "product"):
        assert f"{SHOP}/{path}" in unescape(html), path
        assert f"{SHOP}/{path}" in text, path


def test_layout_tables_say_so_and_every_image_has_its_alternative() -> None:
    html, _ = html_and_text(EVERY_KIND)
    assert len(re.findall("<table", html)) == len(
        re.findall('<table[^>]*role="presentation"', html)
    )
    images = re.findall("<img[^>]*>", html)
    assert re.findall('<img[^>]* alt="([^"]*)"', html) == ["Қызыл көзілдірік", ""]
    assert all(re.search(r' width="(552|264)"', image) for image in images)


def test_text_and_background_are_set_together_where_a_block_sets_either() -> None:
    html, _ = html_and_text(EVERY_KIND)
    styles = [
        {name.strip() for name in re.findall(r"([\w-]+)\s*:", style)}
        for style in re.findall(r'<(?:a|td|div)[^>]*style="([^"]*)"', html)
    ]
    coloured = [names for names in styles if "background-color" in names]
    # The cell behind a button holds nothing but the button, which sets both.
    assert [names for names in coloured if "color" not in names] == [
        {"background-color", "border-radius"}
    ] * 2


def test_a_phone_puts_one_column_under_the_other() -> None:
    html, _ = html_and_text(EVERY_KIND)
    assert "td.half { display: block" in html
    assert "td.half" not in html_and_text(EVERY_KIND[:2])[0]


def test_the_octets_of_blocks_in_kazakh_are_in_order() -> None:
    raw = bytes(made(EVERY_KIND).render(PERSON, STAMP).message)
    assert inspect(raw, OPERATOR) == []
    assert raw.count(b"Content-Transfer-Encoding: base64") == 2
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998


def test_a_message_is_spliced_for_each_reader_and_is_the_same_for_the_same_one() -> None:
    compiled = made(EVERY_KIND)
    other = Recipient("nobody@example.com", {})
    assert bytes(compiled.render(PERSON, STAMP).message) == bytes(
        made(EVERY_KIND).render(PERSON, STAMP).message
    )
    assert "оқырман" in compiled.preview(other, STAMP).html
    assert "Әсем" in compiled.preview(PERSON, STAMP).html


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        (
            Block("text", {"text": "a\nb\n{{ given_name }}"}),
            "2-text",
            "Block 2, line 3: given_name",
        ),
        (Block("text", {"text": "{{ city }}"}), "2-text", "there is no field “city”; the fields"),
        (Block("heading", {"words": "{{ surname }}"}), "2-words", "surname needs a fallback"),
        (Block("image", {"image": IMAGE}), "2-alt", "or tick that it only decorates"),
        (Block("image", {"alt": "x"}), "2-image", "Choose an image"),
        (Block("image", {"image": "../x.svg", "alt": "x"}), "2-image", "not one that was uploaded"),
        (Block("button", {"words": "x"}), "2-link", "leads nowhere"),
        (Block("button", {"link": SHOP}), "2-words", "Words are missing"),
        (Block("button", {"words": "x", "link": "javascript:alert(1)"}), "2-words", "no address"),
        (Block("columns", {"left": "{# a", "right": "b #}"}), "2-left", "is not closed"),
        (Block("columns", {"left": "{% if email %}", "right": "{% endif %}"}), "2-left", "endif"),
    ],
)
def test_a_fault_is_said_of_its_block_and_part(wrong: Block, field: str, said: str) -> None:
    with pytest.raises(BodyError) as refused:
        made([Block("divider"), wrong])
    assert refused.value.field == field
    assert said in refused.value.message
    assert refused.value.message.startswith("Block 2")


def test_blocks_that_say_nothing_are_left_out_and_no_message_is_made_of_them_alone() -> None:
    empty = [Block("text", {"text": " "}), Block("image"), Block("heading", {"level": "2"})]
    assert "<img" not in html_and_text([*empty, Block("text", {"text": "a"})])[0]
    with pytest.raises(BodyError, match="no block says anything yet"):
        made(empty)


@pytest.mark.parametrize(
    "body", ["{", "[1]", '[{"kind": 1}]', '[{"kind": "script"}]', '[{"kind": "text", "on": "x"}]']
)
def test_what_is_no_list_of_blocks_is_refused(body: str) -> None:
    with pytest.raises(BodyError):
        compile(Content("kk", "Хат", body, "blocks"), FRAME)


WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40).map(
    lambda text: f"q{re.sub(r'[{}%#]', '', text)}q"
)
LINK = st.integers(1, 10**6).map(lambda number: f"{SHOP}/{number}")
SAID: dict[str, st.SearchStrategy[str]] = {
    **dict.fromkeys(("words", "alt", "price", "label"), WORDS),
    **dict.fromkeys(("text", "left", "right"), LINK.map(lambda link: f"q [x]({link}) q")),
    "link": LINK,
    "image": st.just(IMAGE),
    "level": st.sampled_from(["1", "2"]),
    "decorative": st.just(""),
}
WITH_FIELD = "{{ given_name|default('zzz') }}"


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    kind = draw(st.sampled_from(sorted(PARTS)))
    said = {name: draw(SAID[name]) for name in PARTS[kind]}
    for name in ("words", "text", "left"):
        if name in said:
            said[name] += WITH_FIELD
    return block(kind, said)


@settings(max_examples=40, deadline=None)
@given(st.lists(blocks(), min_size=1, max_size=6))
def test_any_blocks_hold_every_link_and_merge_field_in_both_faces(written: list[Block]) -> None:
    html, text = html_and_text(written)
    said = [part for one in written for part in one.said.values()]
    for link in {found for part in said for found in re.findall(rf"{SHOP}/\d+", part)}:
        assert f'href="{link}"' in html
        assert link in text
    merged = sum(part.count(WITH_FIELD) for part in said)
    assert unescape(html).count("Әсем") == text.count("Әсем") == merged
    assert "kmx" not in html + text
    assert from_body(to_body(written)) == written


def test_a_strange_kind_is_named() -> None:
    with pytest.raises(Invalid, match="no block “script”"):
        block("script", {})
