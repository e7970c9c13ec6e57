"""Addresses: one key for each mailbox, one line for each field (T23)."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailing.base.errors import Invalid
from mailing.people.address import canonical, clean_field, masked

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
