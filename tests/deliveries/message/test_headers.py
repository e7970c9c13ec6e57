"""The header, octet by octet: one-click in every length, names, domains, and no injection."""

import re
from dataclasses import replace
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import getaddresses, parseaddr

import pytest

from mailing.deliveries.message import (
    ConfirmMail,
    Kind,
    Recipient,
    UnsafeValue,
    compile,
    confirmation,
)
from mailing.deliveries.message.headers import common, feedback_id, list_unsubscribe, opening
from tests.deliveries.message.samples import FRAME, PERSON, STAMP, compiled, content

BOX = "unsubscribe+mzxw6ytboi@bounces.glasses.example"


def head_of(raw: bytes) -> bytes:
    return raw.partition(b"\r\n\r\n")[0]


def test_list_unsubscribe_is_right_for_every_length_of_the_address() -> None:
    for length in range(20, 901):
        url = ("https://glasses.example/u/" + "a" * 900)[:length]
        raw = compiled("x").render(PERSON, STAMP._replace(leave_url=url, leave_mailto=BOX)).message
        head = head_of(raw)
        assert head.count(b"List-Unsubscribe:") == 1
        lines = re.findall(rb"List-Unsubscribe:[^\r\n]*(?:\r\n[ \t][^\r\n]*)*", head)
        assert (
            lines[0].replace(b",\r\n <", b", <")
            == f"List-Unsubscribe: <{url}>, <mailto:{BOX}>".encode()
        )
        assert b"=?" not in lines[0]
        assert max(map(len, lines[0].split(b"\r\n"))) <= 998


def test_list_unsubscribe_folds_only_between_the_two_addresses() -> None:
    field = list_unsubscribe("https://a.example/" + "x" * 925, BOX)
    assert field.split("\r\n") == [
        f"List-Unsubscribe: <https://a.example/{'x' * 925}>,",
        f" <mailto:{BOX}>",
    ]


def test_an_address_that_no_line_can_hold_is_refused() -> None:
    with pytest.raises(UnsafeValue):
        list_unsubscribe("https://a.example/" + "x" * 990, BOX)


@pytest.mark.parametrize(
    "url",
    [
        " https://a.example/u",
        "https://a.example/u>",
        "https://a.example/u\r\nX: y",
        "ftp://a.example",
        "",
    ],
)
def test_an_address_that_would_leave_its_brackets_is_refused(url: str) -> None:
    with pytest.raises(UnsafeValue):
        list_unsubscribe(url, BOX)


def test_the_one_click_field_is_exactly_the_pair() -> None:
    """RFC 8058 section 3.1 allows nothing but this."""
    lines = head_of(compiled().render(PERSON, STAMP).message).split(b"\r\n")
    assert lines.count(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click") == 1
    assert sum(line.lower().startswith(b"list-unsubscribe-post") for line in lines) == 1


@pytest.mark.parametrize(
    ("sender", "name", "box"),
    [
        ("news@glasses.example", "", "news@glasses.example"),
        ("News <news@glasses.example>", "News", "news@glasses.example"),
        ("Glasses, Inc. <news@glasses.example>", "Glasses, Inc.", "news@glasses.example"),
        ('"Glasses \\"Co\\"" <news@glasses.example>', 'Glasses "Co"', "news@glasses.example"),
        ("Көзілдірік ЖШС <news@glasses.example>", "Көзілдірік ЖШС", "news@glasses.example"),
        ("Ә" * 90 + " <news@glasses.example>", "Ә" * 90, "news@glasses.example"),
        ("A" * 90 + " <news@glasses.example>", "A" * 90, "news@glasses.example"),
        ("Н <news@қаз.example>", "Н", "news@xn--80ao21a.example"),
    ],
)
def test_every_sender_reads_back_as_it_was_set(sender: str, name: str, box: str) -> None:
    frame = replace(FRAME, sender=sender)
    raw = compile(content(), frame).render(PERSON, STAMP).message
    # Python 3.11's modern parser puts blanks between the encoded words of a phrase (RFC 2047 6.2).
    shown = str(make_header(decode_header(message_from_bytes(raw)["From"])))
    parsed = getaddresses([shown])
    assert len(parsed) == 1
    assert parsed[0] == (name, box)
    assert head_of(raw).isascii()
    assert all(len(line) <= 76 for line in opening(frame).split("\r\n"))


@pytest.mark.parametrize(
    "sender", ["", "no address", "a@b.example, c@d.example", "X <a@b.example\r\nBcc: c@d>"]
)
def test_a_sender_that_is_not_one_mailbox_is_refused(sender: str) -> None:
    with pytest.raises(UnsafeValue):
        compile(content(), replace(FRAME, sender=sender))


def test_an_international_domain_is_written_in_ascii() -> None:
    raw = compiled().render(PERSON._replace(address="asem@пошта.қаз"), STAMP).message
    to = message_from_bytes(raw)["To"]
    assert to.isascii()
    assert to.partition("@")[2].encode().decode("idna") == "пошта.қаз"


def test_an_international_local_part_is_raw_utf_8() -> None:
    """RFC 6532: such a message goes out only where SMTPUTF8 is offered."""
    raw = compiled().render(PERSON._replace(address="әсем@glasses.test"), STAMP).message
    assert "\r\nTo: әсем@glasses.test\r\n".encode() in raw


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example\r\nBcc: c@d.example",
        "a@b.example\n",
        "a b@c.example",
        "a@b@c.example",
        "a@b.example, c@d.example",
        "<a@b.example>",
        "a@b\x00.example",
        "a\u2028@b.example",
        "",
        "a@",
        "@b.example",
    ],
)
def test_a_recipient_that_is_not_one_mailbox_is_refused(address: str) -> None:
    with pytest.raises(UnsafeValue):
        compiled().render(Recipient(address, {}), STAMP)


@pytest.mark.parametrize(
    "stray", ["\r\nX-Injected: 1", "\n", "\r", "\x00", "\u2028", "\u2029", "\ud800"]
)
@pytest.mark.parametrize("name", ["surname", "given_name", "patronymic", "phone"])
def test_no_merged_field_can_break_out_of_its_line(name: str, stray: str) -> None:
    message = compiled("x", subject=f"{{{{ {name}|default('x') }}}}")
    with pytest.raises(UnsafeValue, match=name):
        message.render(Recipient("a@b.example", {name: "Әсем" + stray}), STAMP)


@pytest.mark.parametrize("field", ["delivery", "message_id", "leave_url", "leave_mailto"])
def test_nothing_in_the_stamp_can_break_out_of_its_line(field: str) -> None:
    stamp = STAMP._replace(**{field: getattr(STAMP, field) + "\r\nX-Injected: 1"})
    with pytest.raises(UnsafeValue):
        compiled().render(PERSON, stamp)


def test_the_list_is_named_in_words_and_by_a_stable_identifier() -> None:
    raw = compiled().render(PERSON, STAMP).message
    listed = message_from_bytes(raw, policy=policy.default)["List-Id"]
    assert parseaddr(str(listed))[1] == "products.lists.glasses.example"
    assert "Жаңа өнімдер мен қызметтер" in str(listed)


def test_feedback_id_has_four_different_parts_and_a_sender_of_5_to_15_characters() -> None:
    for domain in ("a.kz", "lists.glasses.example", "x" * 60 + ".example"):
        parts = feedback_id(replace(FRAME, list_domain=domain)).split(":")
        assert len(set(parts)) == 4
        assert 5 <= len(parts[3]) <= 15


def test_feedback_id_is_the_same_for_every_recipient() -> None:
    message = compiled()
    other = STAMP._replace(delivery="another", message_id="another@glasses.example")
    found = {
        message_from_bytes(message.render(PERSON, s).message)["Feedback-ID"] for s in (STAMP, other)
    }
    assert len(found) == 1


def test_only_a_campaign_and_its_test_do_not_say_that_they_are_automatic() -> None:
    marked = {
        kind: any(line.startswith("Auto-Submitted") for line in common(replace(FRAME, reason=kind)))
        for kind in Kind
    }
    unmarked = {kind for kind, is_marked in marked.items() if not is_marked}
    assert unmarked == {Kind.CAMPAIGN, Kind.TEST}


def test_a_confirmation_has_the_same_header_fields() -> None:
    mail = ConfirmMail(
        "kk",
        ["Жаңа өнімдер"],
        "https://glasses.example/confirm/t",
        "https://glasses.example",
        STAMP.date,
    )
    campaign = message_from_bytes(compiled().render(PERSON, STAMP).message)
    confirming = message_from_bytes(confirmation(FRAME, mail, PERSON, STAMP).message)
    assert set(confirming.keys()) == set(campaign.keys()) | {"Auto-Submitted"}
    assert len(confirming.keys()) == len(set(confirming.keys()))


def test_a_date_without_its_zone_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="aware"):
        compiled().render(PERSON, STAMP._replace(date=STAMP.date.replace(tzinfo=None)))
