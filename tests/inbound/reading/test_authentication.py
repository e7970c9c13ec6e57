"""Whom a reading believes about its author (RFC 8601)."""

import pytest

from mailing.base.domains import organisation
from mailing.inbound.reading import Trust, read
from tests.inbound.reading.letters import plain
from tests.inbound.reading.spellings import WITHDRAW

OURS = "mx.koktem.example"


def _trust(*fields: str, author: str = "a@mail.example", between: bytes = b"") -> Trust:
    """The trust in a letter with these fields, the first on top."""
    stated = between.join(f"Authentication-Results: {one}\n".encode() for one in fields)
    return read(stated + plain("x", Subject=WITHDRAW, From=author), authserv_ids=[OURS]).trust


@pytest.mark.parametrize(
    ("said", "trust"),
    [
        ("{}; dkim=pass header.d=mail.example", Trust.ALIGNED),
        ("{} 1; dkim = pass (good (2048 bits; \\) header.d=x)) header.d=mail.example;", "aligned"),
        ('"{}"; dkim=pass reason="a; b" header.d="mail.example" header.b="a+/="', Trust.ALIGNED),
        ("{}; dkim=pass header.i=@news.mail.example header.b=ab+/cd==", Trust.ALIGNED),
        ("{}; dkim/1=pass header.d=mail.example", Trust.ALIGNED),
        ("{}; spf=pass smtp.mailfrom=b@bounce.mail.example", Trust.ALIGNED),
        ("{}; spf=pass (a: domain of b@c) smtp.mailfrom=b=c=d@mail.example", Trust.ALIGNED),
        ("{}; dmarc=pass (p=reject) header.from=mail.example", Trust.ALIGNED),
        ("{}; dmarc=pass action=none header.from=mail.example;compauth=pass", Trust.ALIGNED),
        ("{}; none", Trust.UNKNOWN),
        ("{}; dkim=pass header.d=evil.example", Trust.UNKNOWN),
        ("{}; dkim=pass header.from=mail.example", Trust.UNKNOWN),
        ("{}; x-dkim=pass header.d=mail.example", Trust.UNKNOWN),
        ("{}; dmarc=fail header.from=mail.example", Trust.FAILED),
        ("{}; dkim=fail header.d=mail.example (dkim=pass)", Trust.FAILED),
        ("mx.evil.example; dkim=pass header.d=mail.example", Trust.UNKNOWN),
        ("mx.evil.example ({}); dkim=pass header.d=mail.example", Trust.UNKNOWN),
        ("{}.evil.example; dkim=pass header.d=mail.example", Trust.UNKNOWN),
        ("", Trust.UNKNOWN),
    ],
)
def test_only_our_own_servers_word_on_an_aligned_domain_is_believed(
    said: str, trust: Trust
) -> None:
    letter = plain("x", Subject=WITHDRAW, Authentication_Results=said.format(OURS))
    assert read(letter, authserv_ids=[OURS]).trust == trust
    assert read(letter).trust is Trust.UNKNOWN


@pytest.mark.parametrize(
    "said",
    [
        '{}; spf=pass smtp.mailfrom="a; dkim=pass header.d=mail.example; x=y"@evil.example',
        '{}; spf=pass smtp.mailfrom="a dkim=pass header.d=mail.example"@evil.example',
        '{}; spf=pass smtp.mailfrom="x@mail.example"@evil.example',
        '{}; spf=pass smtp.mailfrom="x"@mail.example',
        '{}; spf=pass smtp.mailfrom="a\\"; dkim=pass header.d=mail.example; \\""@evil.example',
        "{}; spf=pass smtp.mailfrom=a@mail.example@evil.example",
        "{}; spf=pass smtp.mailfrom=evil.example (; dkim=pass header.d=mail.example)",
        "{}; spf=pass (a \\) ; dkim=pass header.d=mail.example) smtp.mailfrom=evil.example",
        "{}; spf=pass smtp.mailfrom==?utf-8?q?=3B_dkim=3Dpass_header.d=3Dmail.example?=@x.example",
        '{}; spf=pass smtp.mailfrom="a; dkim=pass header.d=mail.example',
        "{}; spf=pass smtp.mailfrom=a (; dkim=pass header.d=mail.example",
        "{}; spf=pass smtp.mailfrom=a\\; dkim=pass header.d=mail.example",
        "{}; spf=pass smtp.mailfrom=b@evil.example smtp.mailfrom=b@mail.example",
        "{}; spf=pass header.d mail.example; dkim=pass header.d=mail.example",
    ],
)
def test_what_the_sender_chose_is_not_taken_for_a_result(said: str) -> None:
    """A local part, a comment or an encoded word may look like a result of its own."""
    assert _trust(said.format(OURS)) is Trust.UNKNOWN


@pytest.mark.parametrize("word", ["fail", "permerror", "temperror"])
def test_dmarc_overrules_a_pass_that_only_looks_aligned(word: str) -> None:
    """Its policy may ask for more than the same organisation (strict alignment)."""
    passed = f"{OURS}; dkim=pass header.d=mail.example; spf=pass smtp.mailfrom=a@mail.example"
    no = f"dmarc={word} header.from=mail.example"
    assert _trust(f"{passed}; {no}") is Trust.FAILED
    assert _trust(passed, f"{OURS}; {no}") is Trust.FAILED
    assert _trust(passed, f"{OURS}; {no}", between=b"X-Filter: a\n") is Trust.FAILED


def test_a_second_field_below_ours_is_not_believed() -> None:
    """RFC 8601 section 5: it came with the message."""
    passed = f"{OURS}; dkim=pass header.d=mail.example"
    assert _trust(f"{OURS}; dkim=none", passed) is Trust.UNKNOWN
    assert _trust(f"{OURS}; spf=none", passed, between=b"Received: x\n") is Trust.UNKNOWN
    assert _trust(f"{OURS}; spf=none", "mx.evil.example; none", passed) is Trust.UNKNOWN
    assert _trust(f'{OURS}; spf=none "', passed) is Trust.UNKNOWN


def test_each_filter_of_our_server_may_write_a_field_of_its_own() -> None:
    passed = f"{OURS}; dkim=pass header.d=mail.example"
    assert _trust(f"{OURS}; spf=none", passed) is Trust.ALIGNED
    assert _trust("inner.koktem.example; spf=none", passed) is Trust.ALIGNED


@pytest.mark.parametrize(
    "suffix", ["pp.ru", "me.uk", "co.uk", "uk.com", "github.io", "spb.ru", "com.kz", "org.kz", "kz"]
)
def test_two_who_registered_side_by_side_are_two(suffix: str) -> None:
    said = f"{OURS}; dkim=pass header.d=evil.{suffix}"
    assert _trust(said, author=f"a@good.{suffix}") is Trust.UNKNOWN
    assert _trust(said, author=f"a@news.evil.{suffix}") is Trust.ALIGNED


def test_a_suffix_itself_is_nobodys() -> None:
    assert [organisation(name) for name in ("co.uk", "github.io", "", ".", "a..b")] == [""] * 5
    assert _trust(f"{OURS}; dkim=pass header.d=co.uk", author="a@co.uk") is Trust.UNKNOWN


def test_a_name_in_kazakh_letters_is_the_one_on_the_wire() -> None:
    assert organisation("пошта.кітап.қаз") == organisation("кітап.қаз")
    said = f"{OURS}; dkim=pass header.d={organisation('кітап.қаз')}"
    assert _trust(said, author="a@кітап.қаз") is Trust.ALIGNED
    assert _trust(said, author="a@китап.қаз") is Trust.UNKNOWN
