"""Marks as people write them, and what only looks like one (mail-standards A.3)."""

from collections.abc import Iterable
from itertools import cycle

import pytest

from mailing.inbound.reading import read
from mailing.inbound.reading.marks import kind_in, kind_of
from mailing.inbound.reading.values import Kind
from mailing.policies.marks import Marks
from tests.inbound.reading.negatives import SENTENCES, SUBJECTS
from tests.inbound.reading.spellings import (
    ENGLISH,
    FRAMES,
    PREFIXES,
    RECTIFY,
    RUSSIAN,
    WITHDRAW,
    slips,
    spellings,
)

MARKS = (
    (WITHDRAW, Kind.WITHDRAWAL),
    (RUSSIAN, Kind.WITHDRAWAL),
    (ENGLISH, Kind.WITHDRAWAL),
    (RECTIFY, Kind.RECTIFICATION),
)
FREELY = {
    Kind.WITHDRAWAL: (
        "Прошу отозвать моё согласие на обработку ПДн",
        "отзываю свое согласие",
        "Прошу прекратить обработку моих персональных данных",
        "удалите мои данные",
        "Отзыв саглосия на обработку персональных данных",
        "келісімімді қайтарып аламын",
        "келісімді кері қайтару",
        "деректерімді жою",
        "I withdraw my consent",
        "please revoke my consent",
        "delete my data",
    ),
    Kind.RECTIFICATION: (
        "Актуализация персональных данных",
        "исправление моих данных",
        "деректерді түзету",
        "деректерді жаңарту",
        "Update of personal data",
    ),
    Kind.UNSUBSCRIBE: (
        "отписаться",
        "Отказ от рассылки",
        "не присылайте мне больше писем",
        "unsubscribe",
        "Re: STOP",
        "жазылымнан бас тарту",
        "тоқтату",
    ),
}


# Beside a word that would deny it elsewhere.
STILL = (
    "Auto: Дербес деректерді өңдеуге келісімді қайтарып алу",
    "Бұрын берген келісімді қайтарып аламын",
    "Келісімді осы хатпен қайтарып аламын",
    "Келісімді осы құжатпен қайтарып аламын",
    "Дербес деректерді өңдеуге берген келісімімді толық қайтарып аламын",
    "Қайтарып аламын келісімімді",
    "Келісім бердім, енді қайтарып аламын",
    "Настоящим отзываю своё согласие",
    "Настоящим письмом отзываю согласие на обработку персональных данных",
    "Прошу считать моё согласие отозванным",
    "Я отзываю данное ранее согласие",
    "Отзыв согласия в письменной форме",
    "Пользуюсь правом отозвать согласие",
    "Прошу удалить мои данные",
    "I hereby withdraw my consent",
    "I am exercising my right to withdraw my consent",
    "Consent withdrawn",
    "My consent is revoked with immediate effect",
    "I want my data deleted",
    "Please have my personal data erased",
    "Прекратите обрабатывать мои персональные данные",
    "Отозвать согласие на обработку персональных данных и рассылку",
)


def _some() -> list[str]:
    """Each prefix and each frame at least once; the soak run writes every pair of them."""
    both = zip(PREFIXES, cycle(FRAMES))
    return [*FRAMES, *(prefix + frame for prefix, frame in both)]


def _missed(mark: str, kind: Kind, frames: Iterable[str]) -> list[str]:
    written = [frame.format(spelled) for _, spelled in spellings(mark) for frame in frames]
    return [text for text in written if kind_of(text) is not kind]


@pytest.mark.parametrize(("mark", "kind"), MARKS, ids=["kk", "ru", "en", "rectify"])
def test_every_way_of_writing_a_mark_is_understood(mark: str, kind: Kind) -> None:
    assert _missed(mark, kind, _some()) == []


@pytest.mark.soak
@pytest.mark.parametrize(("mark", "kind"), MARKS, ids=["kk", "ru", "en", "rectify"])
def test_every_way_is_understood_behind_every_prefix(mark: str, kind: Kind) -> None:
    assert _missed(mark, kind, [p + frame for p in PREFIXES for frame in FRAMES]) == []


@pytest.mark.parametrize(("mark", "kind"), MARKS, ids=["kk", "ru", "en", "rectify"])
def test_one_slip_of_the_finger_does_not_hide_a_mark(mark: str, kind: Kind) -> None:
    assert [typed for typed in slips(mark) if kind_of(typed) is not kind] == []


@pytest.mark.parametrize("subject", SUBJECTS)
def test_what_only_stands_near_a_mark_asks_for_nothing(subject: str) -> None:
    written = [frame.format(subject) for frame in _some()]
    written += [spelled for _, spelled in spellings(subject)] if subject else []
    assert [(text, found) for text in written if (found := kind_of(text))] == []


def test_a_sentence_with_the_words_of_a_mark_is_no_withdrawal() -> None:
    written = [frame.format(text) for text in SENTENCES for frame in ("{}", "Re: «{}»", "{}!")]
    assert [text for text in written if kind_of(text) is Kind.WITHDRAWAL] == []
    assert [
        text for text in SENTENCES if kind_in(f"Сәлем!\n{text}\nСерік") is Kind.WITHDRAWAL
    ] == []


@pytest.mark.soak
def test_no_spelling_of_such_a_sentence_is_a_withdrawal() -> None:
    written = [way for text in SENTENCES for name, way in spellings(text) if _keeps_its_words(name)]
    assert [text for text in written if kind_of(text) is Kind.WITHDRAWAL] == []


def _keeps_its_words(name: str) -> bool:
    """Where letters are lost or in another alphabet, the words that deny are lost with them."""
    return not name.startswith(("lossy", "mojibake", "latin", "digit", "wrong", "look"))


def test_a_withdrawal_beside_such_a_word_is_one() -> None:
    assert {text: kind_of(text) for text in STILL} == dict.fromkeys(STILL, Kind.WITHDRAWAL)


@pytest.mark.parametrize(
    "broken",
    [
        "кел\r\n ісімді қайтарып алу",
        "келі\u00adсімді қай\u200dтарып алу",
        "келі\u200e\r\n \u200eсімді қайтарып алу",
        "кел\u200d\r\n\tісімді қайта\u00ad\r\n рып алу",
    ],
)
def test_a_fold_or_an_unseen_sign_inside_a_word_does_not_hide_a_mark(broken: str) -> None:
    assert kind_of(broken) is Kind.WITHDRAWAL
    letter = f"From: a@mail.example\nSubject: {broken}\n\nx".encode()
    assert read(letter).kind is Kind.WITHDRAWAL


@pytest.mark.parametrize("end", ["-\n", "\u00ad\n", "\n\u200e", "\u200b \n"])
def test_a_word_of_a_text_that_goes_on_in_the_next_line_is_one_word(end: str) -> None:
    assert kind_in(f"Сәлем!\nМен келі{end}сімді қайтарып аламын") is Kind.WITHDRAWAL


@pytest.mark.parametrize("kind", FREELY, ids=str)
def test_people_ask_in_their_own_words(kind: Kind) -> None:
    assert {text: kind_of(text) for text in FREELY[kind]} == dict.fromkeys(FREELY[kind], kind)


def test_a_mark_broken_over_two_lines_of_a_text_is_one_mark() -> None:
    assert kind_in("Сәлем!\nДербес деректерді өңдеуге\nкелісімді қайтарып алу\nСерік") is (
        Kind.WITHDRAWAL
    )


def test_withdrawal_wins_over_rectification() -> None:
    """mail-standards A-P7."""
    assert kind_of(f"{RECTIFY}; {WITHDRAW}") is Kind.WITHDRAWAL
    assert kind_in(f"{RECTIFY}.\nБасқа сөз.\n{WITHDRAW}.") is Kind.WITHDRAWAL


def test_an_operator_may_name_a_mark_of_their_own() -> None:
    marks = Marks(withdrawal=("Мені есептен шығарыңыз",))
    assert kind_of("Есептен шығарыңызшы мені") is None
    assert kind_of("Есептен шығарыңызшы мені", marks) is Kind.WITHDRAWAL


def test_whoever_asks_how_it_is_done_has_not_done_it() -> None:
    assert kind_of("Келісімді қалай қайтаруға болады?") is None
    assert kind_of("Re: Как мне отозвать согласие?") is None
