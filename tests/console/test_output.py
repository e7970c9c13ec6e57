"""What a command prints: a table where it fits, lines where it does not."""

import pytest

from console.output import fitted, readable

HEADS = ("message_id", "kind", "reason")
ROWS = [
    ("one@mail.example", "question", "a person asks something"),
    ("two@mail.example", "bounce-hard", "one of many that say the same"),
]


def test_a_table_that_a_terminal_is_too_narrow_for_becomes_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert fitted(ROWS, HEADS) == (
        "message_id  one@mail.example\n"
        "kind        question\n"
        "reason      a person asks something\n"
        "\n"
        "message_id  two@mail.example\n"
        "kind        bounce-hard\n"
        "reason      one of many that say the same"
    )


def test_a_table_that_fits_and_one_that_goes_into_a_file_stay_tables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    drawn = fitted(ROWS, HEADS)
    assert drawn.splitlines()[0] == "message_id        kind         reason"
    assert len(drawn.splitlines()) == 3
    monkeypatch.delenv("COLUMNS")
    wide = [(*row[:2], "x" * 300) for row in ROWS]
    assert len(fitted(wide, HEADS).splitlines()) == 3


def test_words_of_several_lines_stay_in_their_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    shown = readable({"sent": [{"kind": "letter", "text": "Hello,\n\n" + "word " * 10}]})
    assert shown.splitlines()[:4] == ["sent:", "  kind  letter", "  text  Hello,", ""]
    assert shown.splitlines()[4].startswith("        word word")
