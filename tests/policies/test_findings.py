"""Findings: what is wrong in a policy is told, and its text left as it is."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from mailing.policies import findings
from mailing.policies.clauses import clauses
from mailing.policies.findings import Code, Declared, Finding
from mailing.policies.marks import Marks

SEED = (Path(__file__).parents[1] / "data" / "policy-kk.txt").read_text("utf-8")
OF_THE_SEED = Declared("«Sentiss Kazakhstan»", "helpdesk@glazik.kz")


def found(text: str, language: str = "kk", declared: Declared | None = None) -> list[Finding]:
    return findings.of_texts({language: text}, declared or Declared())


def about(text: str, code: Code, language: str = "kk") -> list[str]:
    return [one.clause for one in found(text, language) if one.code == code]


def test_the_published_policy_has_exactly_these_findings() -> None:
    seen = [(one.code, one.clause) for one in found(SEED, declared=OF_THE_SEED)]
    assert seen == [
        (Code.NUMBER_MISSING, "2.2"),
        (Code.NUMBER_REPEATED, "6.3"),
        (Code.BIN_MISSING, ""),
        (Code.UNLIMITED_TERM, "6.3"),
        (Code.THIRD_PARTY_AGAINST_PROMISE, "3.4"),
        (Code.LOST_WORDS, "2.4"),
        (Code.LOST_WORDS, "2.5"),
        (Code.LOST_WORDS, "2.8"),
        (Code.PLAIN_HTTP, ""),
    ]


def test_both_services_are_named_against_the_promise() -> None:
    (finding,) = [one for one in found(SEED) if one.code == Code.THIRD_PARTY_AGAINST_PROMISE]
    assert finding.said == "Yandex Metrica, Google Analytics"
    without_promise = SEED.replace("берілмейді", "беріледі")
    assert about(without_promise, Code.THIRD_PARTY_NAMED) == ["3.4"]


@pytest.mark.parametrize(
    ("text", "missing", "repeated"),
    [
        ("1. a\n2. b\n4. c", ["3"], []),
        ("1.1 a\n1.3 b\n2.1 c", ["1.2"], []),
        ("2. a", ["1"], []),
        ("1. a\n1. b\n1. c", [], ["1"]),
        ("## 1. a\n**1.1** b\n1.2\\. c\n- 1.4 d", ["1.3"], []),
        ("1. a\n15 days later\n2024 ж. b\n01.10.2024 c\n2. d", [], []),
        ("no numbers at all", [], []),
        ("1.1. a\r\n1.1.1 b\r1.1.3 c", ["1.1.2"], []),
    ],
)
def test_numbering_is_read_as_people_write_it(
    text: str, missing: list[str], repeated: list[str]
) -> None:
    assert about(text, Code.NUMBER_MISSING) == missing
    assert about(text, Code.NUMBER_REPEATED) == repeated


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ru", "6.4 Срок обработки персональных данных является неограниченным."),
        ("ru", "6.4 Согласие действует бессрочно."),
        ("en", "6.4 The term of processing is unlimited."),
        ("en", "6.4 Data are kept indefinitely."),
        ("kk", "6.4 Өңдеу мерзімі шектелмеген."),
    ],
)
def test_a_term_without_end_is_found_in_each_language(language: str, text: str) -> None:
    assert about(text, Code.UNLIMITED_TERM, language) == ["6.4"]


@pytest.mark.parametrize(
    "text",
    [
        "2.6 Disclosure to an indefinite circle of people.",
        "4.1 The term is one year.",
        "2.5 Depersonalisation: an act after which it is impossible to tell whose they are.",
        "2.8 Deletion from any other medium, paper or a computer.",
    ],
)
def test_what_is_right_is_not_called_wrong(text: str) -> None:
    codes = {one.code for one in found(text, "en")}
    assert not codes & {Code.UNLIMITED_TERM, Code.LOST_WORDS}


def test_what_the_version_declares_and_the_text_does_not_say_is_found() -> None:
    marks = Marks(("Отзыв согласия",), ("Дербес деректерді өзектілендіру",))
    declared = Declared("Another LLP", "other@example.com", marks)
    codes = {one.code: one.said for one in found(SEED, declared=declared)}
    assert codes[Code.OPERATOR_MISSING] == "Another LLP"
    assert codes[Code.MAILBOX_MISSING] == "other@example.com"
    assert codes[Code.WITHDRAWAL_MARK_MISSING] == "Отзыв согласия"
    assert Code.RECTIFICATION_MARK_MISSING not in codes, "broken over two lines it still stands"


@pytest.mark.parametrize(
    ("operator", "text"),
    [
        ("«Sentiss Kazakhstan»", "1. ТОО «Сентис Казахстан», далее Оператор."),
        ("Sentiss Kazakhstan LLP", "1. «Сентис Қазақстан» ЖШС компаниясы."),
        ("Сентис Казахстан ЖШС", "1. Sentiss Kazakhstan, a limited liability partnership."),
        ("ТОО «Ромашка»", "1. Данные обрабатываются «Ромашкой»."),
        ("Glazik Kazakhstan LLP", "1. «Глазик Қазақстанның» саясаты."),
    ],
)
def test_an_operator_is_known_in_the_spelling_of_another_language(operator: str, text: str) -> None:
    codes = {one.code for one in found(text, declared=Declared(operator))}
    assert Code.OPERATOR_MISSING not in codes


@pytest.mark.parametrize(
    ("operator", "text"),
    [
        ("Sentiss Kazakhstan LLP", "1. ТОО «Сентис Астана»."),
        ("Sentiss Kazakhstan", "1. Сентис. Казан."),
        ("ТОО", "1. Товарищество."),
        ("Альфа LLP", "1. Бета LLP"),
        ("Optika", "1. Оптикахауспрогресс"),
    ],
)
def test_another_company_is_not_taken_for_the_operator(operator: str, text: str) -> None:
    codes = {one.code for one in found(text, declared=Declared(operator))}
    assert Code.OPERATOR_MISSING in codes


def test_languages_that_number_differently_are_named() -> None:
    texts = {"kk": "1. а\n1.1 б\n1.1 в", "ru": "1. а\n1.1 б\n1.2 в", "en": "1. a\n1.1 b\n1.1 c"}
    seen = [one for one in findings.of_texts(texts, Declared()) if one.code == "numbering_differs"]
    assert seen == [
        Finding(Code.NUMBERING_DIFFERS, "ru", "1.1", "kk"),
        Finding(Code.NUMBERING_DIFFERS, "kk", "1.2", "ru"),
    ]


def test_a_text_under_another_language_is_noticed() -> None:
    russian = "Оператор обеспечивает сохранность персональных данных пользователей сайта. " * 5
    assert found(russian, "kk")[-1].code == Code.OTHER_LANGUAGE or about(
        russian, Code.OTHER_LANGUAGE
    )
    assert about(russian, Code.OTHER_LANGUAGE, "en")
    assert not about(russian, Code.OTHER_LANGUAGE, "ru")
    assert about(SEED, Code.OTHER_LANGUAGE, "ru")


@given(some.text(max_size=3000), some.sampled_from(["kk", "ru", "en"]))
@settings(max_examples=200, deadline=None)
def test_no_text_breaks_the_reader(text: str, language: str) -> None:
    for one in found(text, language):
        assert len(one.said) < 1000
    assert "".join("".join(c.text.split()) for c in clauses(text)) == "".join(text.split())


@pytest.mark.parametrize(
    "piece",
    ["1.", "1.1 ", "1.1 a\n", "http://", "яндекс ", "# ", "мерзім ", "\\1", "99.99.99 x\n", "\r"],
)
def test_twice_the_text_takes_about_twice_the_time(piece: str) -> None:
    small, large = piece * (60_000 // len(piece)), piece * (480_000 // len(piece))
    assert _seconds(large) < 40 * max(_seconds(small), 0.02), "quadratic would be 64 times"
    assert len(found(large)) < 300


def _seconds(text: str) -> float:
    began = time.process_time()
    found(text)
    return time.process_time() - began
