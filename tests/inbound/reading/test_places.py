"""Whose words they are, where they stand, and what came back: the order of the reading."""

from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest

from mailing.inbound.reading import Kind, read
from tests.inbound.reading.letters import HELPDESK, feedback, headed, plain
from tests.inbound.reading.spellings import RECTIFY, RUSSIAN, WITHDRAW

TOKEN = "abcdefghijklmnopqrstuvwxyz234567abcdefghij"
RETURN_PATH = [f"bounce+{TOKEN}@b.koktem.example"]
WAY_OUT = [f"unsubscribe+{TOKEN}@b.koktem.example"]
LINK = "https://koktem.example/u/tokenTOKENtokenTOKEN"
FOOTER = f"Новые книги.\n\n----\nКөктем\n\nОтписаться от этой темы:\n{LINK}\n"
ASKS = "Какие мои данные вы храните?"


@pytest.mark.parametrize(
    "author", ["Postmaster <a@mail.example>", "Site Administrator <b@m.example>"]
)
def test_a_person_who_tells_of_a_bounce_keeps_their_mark(author: str) -> None:
    letter = plain("Моё письмо не удалось доставить.", Subject=WITHDRAW, From=author)
    assert read(letter, [HELPDESK]).kind is Kind.UNCLEAR
    letter = plain("Моё письмо не удалось доставить.", Subject="Undelivered", From=author)
    assert read(letter, [HELPDESK]).kind is Kind.BOUNCE_OTHER


@pytest.mark.parametrize(
    ("subject", "text", "kind"),
    [
        ("Отсутствуют ссылки для отписки", RUSSIAN, Kind.WITHDRAWAL),
        ("Отсутствую до среды", RUSSIAN, Kind.UNCLEAR),
        ("Vacation packages: what data do you keep about me?", "Hello", Kind.UNCLEAR),
        ("Away team tickets", "How do I get them?", Kind.UNCLEAR),
        ("Vacation", "I am back on Monday, ask whoever is there.", Kind.AUTO_REPLY),
        ("Automatic reply: Which books do you read?", "I am away.", Kind.AUTO_REPLY),
    ],
)
def test_a_subject_alone_makes_no_machine_of_whoever_asks(
    subject: str, text: str, kind: Kind
) -> None:
    assert read(plain(text, Subject=subject)).kind is kind


def test_a_polish_bounce_with_our_footer_unsubscribes_nobody() -> None:
    """T59: nothing that comes back is taken for a wish, in whatever language it is written."""
    text = f"Skrzynka nie istnieje.\n\nKopia:\n{FOOTER.replace(LINK, 'x')}"
    fields = {"From": "MAILER-DAEMON@mx.example", "Subject": "Nieudane", "Return_Path": "<>"}
    assert read(plain(text, **fields), RETURN_PATH).kind is Kind.BOUNCE_OTHER
    absent = plain(text, Subject="Jestem na urlopie")
    assert read(absent, RETURN_PATH).kind is Kind.UNCLEAR
    assert read(absent, [HELPDESK]).kind is Kind.UNSUBSCRIBE


def test_a_persons_withdrawal_that_came_to_a_return_path_is_one() -> None:
    letter = plain("x", Subject=WITHDRAW)
    assert read(letter, RETURN_PATH).kind is Kind.WITHDRAWAL
    assert read(plain(ASKS), RETURN_PATH).kind is Kind.UNCLEAR
    null = plain("x", Subject=WITHDRAW, Return_Path="<>")
    assert read(null, RETURN_PATH).kind is Kind.UNCLEAR


def test_a_return_path_of_octets_that_are_no_text_is_nobodys() -> None:
    for octets in (b"\xed\xa0\x80", b"<\xff>"):
        found = read(b"Return-Path: " + octets + b"\nFrom: a@mail.example\n\nx")
        assert (found.reason, found.return_path) == ("no mark, and no question", "")


@pytest.mark.parametrize(
    "introduction",
    [
        "От: Глазик\nОтправлено: 1 ноября 2026 г. 10:00\nКому: Иван\nТема: Новости",
        "From: Glazik\nSent: Monday\nTo: Ivan\nSubject: News",
        "Kimden: Glazik\nGönderme Tarihi: 1 Kasım\nKime: Ivan\nKonu: News",
        "Вторник, 3 ноября 2026, 10:00 +05:00 от Glazik <news@koktem.example>:",
        "Вторник, 3 ноября 2026, 10:00 +05:00 от Glazik:",
    ],
)
@pytest.mark.parametrize("quoted", [WITHDRAW, "Отписаться от этой темы"])
def test_what_stands_below_an_introduction_is_quoted(introduction: str, quoted: str) -> None:
    assert read(plain(f"{ASKS}\n\n{introduction}\n\n{quoted}")).kind is Kind.QUESTION


def test_a_mark_beside_a_link_of_ours_is_ours() -> None:
    assert read(plain(f"{ASKS}\n\n{FOOTER}")).kind is Kind.QUESTION
    page = f'<p>{ASKS}</p><p><a href="{LINK}">Отписаться от этой темы</a></p>'
    assert read(headed(MIMEText(page, "html", "utf-8")).as_bytes()).kind is Kind.QUESTION
    assert read(plain("Отписаться от этой темы")).kind is Kind.UNSUBSCRIBE


def test_whoever_passes_on_a_withdrawal_has_not_written_it() -> None:
    block = "---------- Forwarded message ---------\nFrom: {}\nSubject: {}\n\nx"
    inner = block.format("client@mail.example", WITHDRAW)
    found = read(plain(f"Смотри.\n\n{inner}", Subject=f"Fwd: {WITHDRAW}"))
    assert (found.kind, found.is_passed_on) == (Kind.WITHDRAWAL, True)
    found = read(plain(f"Смотри.\n\n{inner}", Subject="x"))
    assert (found.kind, found.is_passed_on) == (Kind.WITHDRAWAL, True)
    assert "passed on" in found.reason


def test_whoever_sends_their_own_letter_again_has_written_it() -> None:
    block = "---------- Forwarded message ---------\nFrom: {}\nSubject: {}\n\nx"
    inner = block.format("Aigerim <aigerim@mail.example>", WITHDRAW)
    found = read(plain(f"Ещё раз.\n\n{inner}", Subject=f"Fwd: {WITHDRAW}"))
    assert (found.kind, found.is_passed_on) == (Kind.WITHDRAWAL, False)
    own = read(plain(f"{WITHDRAW}\n\n{block.format('b@mail.example', 'x')}", Subject="Fwd: x"))
    assert (own.kind, own.is_passed_on) == (Kind.WITHDRAWAL, False)


def test_a_way_out_that_a_program_takes_is_taken() -> None:
    """RFC 2369 3.2: the address is the wish."""
    letter = plain("", Subject="unsubscribe", Auto_Submitted="auto-generated")
    found = read(letter, WAY_OUT)
    assert (found.kind, found.is_answerable) == (Kind.UNSUBSCRIBE, False)
    assert read(letter, ["unsubscribe@b.koktem.example"]).kind is Kind.AUTO_REPLY


@pytest.mark.parametrize("address", ["unsubscribe", "unsubscribers@b.example", "x@join.example"])
def test_what_only_looks_like_an_address_of_ours_says_nothing(address: str) -> None:
    assert read(plain(ASKS), [address]).kind is Kind.QUESTION
    assert read(plain(ASKS), ['"unsubscribe=2Babc"@b.example']).kind is Kind.UNSUBSCRIBE


def test_a_withdrawal_in_any_place_goes_before_another_mark() -> None:
    named = headed(MIMEMultipart(), Subject="Отписка")
    file = MIMEText("-", "csv")
    file.add_header("Content-Disposition", "attachment", filename=("utf-8", "", f"{RUSSIAN}.pdf"))
    named.attach(file)
    assert read(named.as_bytes()).kind is Kind.WITHDRAWAL
    passed = headed(MIMEMultipart(), Subject=RECTIFY)
    passed.attach(MIMEMessage(headed(MIMEText("x", "plain", "utf-8"), Subject=WITHDRAW)))
    assert read(passed.as_bytes()).kind is Kind.WITHDRAWAL


def test_a_letter_to_join_that_asks_to_leave_is_shown_to_a_person() -> None:
    to = ["join@b.koktem.example"]
    assert read(plain("x", Subject="unsubscribe"), to).kind is Kind.UNCLEAR
    assert read(plain("unsubscribe", Subject="x"), to).kind is Kind.UNCLEAR
    assert read(plain("> unsubscribe", Subject="x"), to).kind is Kind.JOIN


def _both(text: str, page: str) -> bytes:
    whole = headed(MIMEMultipart("alternative"))
    whole.attach(MIMEText(text, "plain", "utf-8"))
    whole.attach(MIMEText(page, "html", "utf-8"))
    return whole.as_bytes()


def test_a_page_beside_a_text_without_words_is_read() -> None:
    page = f"<p>{WITHDRAW}</p>"
    assert read(_both("Open in a browser.", page)).kind is Kind.WITHDRAWAL
    assert read(_both(f"Рахмет!\n> {WITHDRAW}", f"<p>Рахмет!</p>{page}")).kind is Kind.UNCLEAR


def test_a_report_that_names_no_type_is_no_complaint_of_abuse() -> None:
    raw = feedback("x").replace(b"Feedback-Type: x\n", b"")
    assert read(raw).feedback_type == "other"
