"""Letters as people write them, one a line in `tests/data/letters`; all of them are invented."""

from pathlib import Path

import pytest

from mailing.inbound.reading import Kind, read
from mailing.inbound.reading.marks import kind_in, kind_of
from tests.inbound.reading.letters import HELPDESK, plain

LETTERS = Path(__file__).parents[2] / "data" / "letters"
NO = {Kind.WITHDRAWAL, Kind.UNSUBSCRIBE}
FOOTER = (
    f"Үш жаңа кітап.\n\nДербес деректерді өңдеуге келісімді қайтарып алу: {HELPDESK}\n"
    "Жазылымнан бас тарту\nhttps://koktem.example/u/tokenTOKENtokenTOKEN\nUnsubscribe"
)
INTRODUCTIONS = (
    "On Tue, Nov 3, 2026 at 10:00 AM Köktem Kitap <\nnews@koktem.example> wrote:",
    "---- On Tue, 03 Nov 2026 10:00:00 +0500 Köktem <news@koktem.example> wrote ----",
    "Köktem Kitap <news@koktem.example>, 3 нояб. 2026 г., 10:00:",
    "--\nОтправлено из Mail.ru для Android вторник, 3 ноября 2026 от K news@koktem.example:",
    "Tuesday, November 3, 2026, 10:00:00 AM, you wrote:",
    "Вы писали 3 ноября 2026 г., 10:00:00:",
    "Am Di., 3. Nov. 2026 um 10:00 Uhr schrieb Köktem <news@koktem.example>:",
    "Köktem Kitap <news@koktem.example>, 3 Kas 2026 Sal, 10:00 tarihinde şunu yazdı:",
)


def _lines(name: str) -> list[str]:
    return (LETTERS / f"{name}.txt").read_text("utf-8").splitlines()


@pytest.mark.parametrize(
    ("name", "kind"), [("withdrawals", Kind.WITHDRAWAL), ("unsubscribes", Kind.UNSUBSCRIBE)]
)
def test_a_wish_in_peoples_own_words_is_understood(name: str, kind: Kind) -> None:
    assert [text for text in _lines(name) if kind_in(text) is not kind] == []


def test_whoever_only_speaks_of_a_wish_has_not_made_it() -> None:
    assert [text for text in _lines("neither") if kind_in(text) in NO] == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (
            "Настоящим сообщаю, что я никогда и ни при каких обстоятельствах не\n"
            "отзываю согласие на обработку персональных данных, и прошу\nучесть это.",
            None,
        ),
        (
            "I would like to make clear for your records that I do not wish to\n"
            "withdraw my consent to the processing of personal data.",
            None,
        ),
        (
            "Настоящим сообщаю, что я в соответствии с законом Республики Казахстан\n"
            "отзываю согласие на обработку персональных данных.",
            Kind.WITHDRAWAL,
        ),
    ],
)
def test_a_no_above_a_programs_line_break_counts(text: str, kind: Kind | None) -> None:
    assert kind_in(text) is kind


def test_a_wish_behind_two_thousand_letters_without_a_full_stop_is_found() -> None:
    assert kind_in("бір сөз, " * 400 + "отзываю согласие на обработку данных") is Kind.WITHDRAWAL


def test_a_question_beside_a_wish_takes_nothing_back() -> None:
    assert kind_of("Зачем вы пишете? Отпишите меня") is Kind.UNSUBSCRIBE
    assert kind_of("Дербес деректерд? ??деуге кел?с?мд? ?айтарып алу") is Kind.WITHDRAWAL


@pytest.mark.parametrize("introduction", INTRODUCTIONS)
def test_our_own_words_below_an_introduction_ask_for_nothing(introduction: str) -> None:
    text = f"Рахмет, керемет хат!\n\n{introduction}\n\n{FOOTER}"
    assert read(plain(text, Subject="Re: Жаңа кітаптар")).kind is Kind.UNCLEAR


def test_what_stands_around_a_link_of_ours_below_an_answer_is_ours() -> None:
    text = f"Рахмет!\n\nSome program says so:\n\n{FOOTER}"
    assert read(plain(text, Subject="Re: Жаңа кітаптар")).kind is Kind.UNCLEAR
    above = f"Отзываю согласие на обработку данных.\n\nSome program:\n\n{FOOTER}"
    assert read(plain(above, Subject="Re")).kind is Kind.WITHDRAWAL


def test_words_below_a_quoted_introduction_are_the_authors() -> None:
    text = "> On 3 Nov 2026, K <news@koktem.example> wrote:\n> Books.\n\nI withdraw my consent."
    assert read(plain(text, Subject="Re: Books")).kind is Kind.WITHDRAWAL


@pytest.mark.parametrize(
    "header",
    [
        "---------- Forwarded message ---------\nFrom: B <b@mail.example>\nSubject: hello",
        "-------- Пересылаемое сообщение --------\n03.11.2026, B (b@mail.example)\nТема: привет",
        "From: B\nSent: Tuesday, November 3, 2026\nTo: C\nSubject: hello",
        "От: B <b@mail.example>\nОтправлено: 3 ноября\nКому: C\nТема: привет",
    ],
)
def test_the_words_of_a_letter_that_was_passed_on_are_read(header: str) -> None:
    """And are their author's, never the words of whoever passes them on."""
    text = f"Посмотрите, пожалуйста.\n\n{header}\n\nОтзываю согласие на обработку данных.\nB"
    found = read(plain(text, Subject="Fwd: hello"))
    assert (found.kind, found.is_passed_on) == (Kind.WITHDRAWAL, True)


def test_a_message_of_ours_that_is_passed_on_asks_for_nothing() -> None:
    text = f"Вот, посмотри.\n\n-- Forwarded message --\nFrom: K\nSubject: x\n\n{FOOTER}"
    assert read(plain(text, Subject="Fwd: x")).kind is Kind.UNCLEAR
