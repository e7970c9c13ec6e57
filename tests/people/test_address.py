"""Addresses: one key for each mailbox, one line for each field (T23)."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailing.base import plain
from mailing.base.errors import Invalid
from mailing.base.plain import clean_field
from mailing.people import canonical as reading
from mailing.people.address import Address, masked
from mailing.people.canonical import canonical

TWINS = [
    "alma@example.com",
    "Alma@Example.COM",
    "  alma@example.com\t",
    "alma@example.com.",
    "ａｌｍａ＠ｅｘａｍｐｌｅ．ｃｏｍ",
    "alma@ｅｘａｍｐｌｅ.com",
    "alma@example。com",
    "ALMA@EXAMPLE.com\n",
]


@pytest.mark.parametrize("written", TWINS)
def test_every_spelling_of_an_address_has_one_key_t23(written: str) -> None:
    assert canonical(written).text == "alma@example.com"


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("ﬁna@example.com", "fina@example.com"),
        ("a²@example.com", "a2@example.com"),
        ("ǆ.ǅ.Ǆ@example.com", "dž.dž.dž@example.com"),
        ("Straße@example.com", "strasse@example.com"),
        ("ΑΛΜΑΣ@example.com", "αλμασ@example.com"),
        ("αλμας@example.com", "αλμασ@example.com"),
        ("ӘСЕМ@example.com", "әсем@example.com"),
    ],
)
def test_a_ligature_a_superscript_or_a_capital_makes_no_second_mailbox_t23(
    written: str, key: str
) -> None:
    """What a person cannot tell apart is one person: else a no is got round by another letter."""
    assert canonical(written).text == canonical(key).text == key


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_composed_and_decomposed_letters_are_one_mailbox_t23(form: str) -> None:
    written = unicodedata.normalize(form, "Élodie@bücher.example")  # type: ignore[arg-type]
    assert canonical(written).text == "élodie@xn--bcher-kva.example"


def test_the_key_speaks_punycode_and_what_is_mailed_keeps_its_writing() -> None:
    address = canonical("Айгүл@Почта.қаз")
    assert address.text == f"айгүл@{address.provider}"
    assert address.provider.isascii()
    assert address.display == "Айгүл@почта.қаз"
    assert canonical(f"Айгүл@{address.provider}").text == address.text


def test_two_mailboxes_keep_two_keys() -> None:
    written = ["a.b@example.com", "ab@example.com", "a+b@example.com", "a@b.example.com"]
    assert len({canonical(one).text for one in written}) == 4


@pytest.mark.parametrize(
    "written",
    [
        "",
        "alma",
        "alma@",
        "@example.com",
        "alma@localhost",
        "alma@@example.com",
        "alma b@example.com",
        "Alma <alma@example.com>",
        "a@example.com,b@example.com",
        "alma@example.com\r\nBcc: all@example.com",
        "al\0ma@example.com",
        "al\u2028ma@example.com",
        "al\u202ema@example.com",
        "al\u200bma@example.com",
        "alma@exa mple.com",
        "alma@[127.0.0.1]",
        '"al ma"@example.com',
        "alma@-example.com",
        f"{'a' * 65}@example.com",
        f"alma@{'a' * 64}.com",
        f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 63}.example",
        "a" * 100_000,
        "\ud800@example.com",
    ],
)
def test_what_is_no_single_address_is_refused_with_what_to_enter(written: str) -> None:
    with pytest.raises(Invalid) as refused:
        canonical(written)
    assert refused.value.field == "email"
    assert refused.value.message.endswith((".kz.", "at the most."))


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_invalid_and_never_an_accident(written: str) -> None:
    try:
        address = canonical(written)
    except Invalid:
        return
    assert canonical(address.display).text == address.text


@given(st.emails())
def test_the_key_of_what_is_mailed_is_the_key_of_what_was_written(written: str) -> None:
    try:
        address = canonical(written)
    except Invalid:
        return  # Quoted local parts and the like are addresses, but nobody's.
    assert canonical(address.display).text == address.text
    assert canonical(written.upper()).text == address.text


def test_a_masked_address_shows_its_first_letter_and_its_domain() -> None:
    assert masked("alma@example.com") == "a…@example.com"


@pytest.mark.parametrize(
    "value",
    [
        "a\nb",
        "a\rb",
        "a\tb",
        "a\0b",
        "a\u2028b",
        "a\u2029b",
        "a\x85b",
        "a\u202eb",
        "\ue000",
        "a" * 201,
    ],
)
def test_a_field_that_would_break_a_line_or_turn_it_is_refused(value: str) -> None:
    with pytest.raises(Invalid) as refused:
        clean_field("surname", value)
    assert refused.value.field == "surname"


def test_a_field_is_trimmed_and_composed() -> None:
    assert clean_field("surname", "  Жұмабаи\u0306 ") == "Жұмабай"
    assert clean_field("phone", "") == ""
    assert clean_field("given_name", "a" * 200) == "a" * 200


LABELS = st.from_regex(r"[A-Za-z0-9]{1,9}(-[A-Za-z0-9]{1,5})?", fullmatch=True)
LOCALS = st.lists(st.from_regex(r"[A-Za-z0-9]{1,30}", fullmatch=True), min_size=1, max_size=4)
PLAIN = st.tuples(LOCALS, st.sampled_from(".+-_"), st.lists(LABELS, min_size=2, max_size=5)).map(
    lambda parts: f"{parts[1].join(parts[0])}@{'.'.join(parts[2])}"
)
ODD = st.text(st.sampled_from("abZ09.+-_@ \u2024\uff20Ä\u0130\u212a'\"\n"), max_size=20)


@given(
    st.one_of(PLAIN, ODD, st.tuples(PLAIN, ODD).map("".join), st.tuples(ODD, PLAIN).map("".join))
)
@example("a@b.c")
@example("a@xn--80ak6aa92e.com")
@example("a@xn--a.com")
@example("a@1.2.3.4")
@example("a@local.test")
@example(f"{'a' * 64}@example.com")
@example(f"{'a' * 65}@example.com")
@example(f"a@{'b' * 63}.com")
@example(f"a@{'b' * 64}.com")
@example(f"{'a' * 60}@{'.'.join(['b' * 60] * 3)}.example")
@example(f"{'a' * 62}@{'.'.join(['b' * 60] * 3)}.example")
@example("a@example.com\n")
@example("WWW@example.com")
@settings(max_examples=400, deadline=None)
def test_the_quick_reader_reads_every_address_as_the_general_one_t23(text: str) -> None:
    assert _either(canonical, text) == _either(reading._read, text)


def _either(read: Callable[[str], Address], text: str) -> Address | str:
    try:
        return read(text)
    except Invalid as invalid:
        return invalid.message


@given(st.text(max_size=12))
@settings(max_examples=400)
def test_whatever_is_printable_holds_nothing_that_a_field_may_not(text: str) -> None:
    if text.isprintable():
        assert not any(
            unicodedata.category(one) in plain._BROKEN or one in plain._DIRECTION for one in text
        )
