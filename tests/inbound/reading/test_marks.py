"""Marks as people write them, and what only looks like one (mail-standards A.3)."""

from collections.abc import Iterable
from itertools import cycle

import pytest

from mailing.inbound.reading.marks import kind_in, kind_of
from mailing.inbound.reading.values import Kind
from mailing.policies.marks import Marks
from tests.inbound.reading.negatives import SUBJECTS
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
