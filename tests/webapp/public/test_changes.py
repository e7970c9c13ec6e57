"""What two texts do not have alike: readable, and bounded whatever the texts."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from webapp.public import alignment, changes
from webapp.public.changes import Change, Kind, Piece


def whole(kind: Kind, words: str) -> Change:
    return Change(kind, (Piece(kind, words),))


def test_a_comparison_names_what_went_and_what_came_in_reading_order() -> None:
    assert changes.between("1. one\n\n2. two\n3. three", "1. one\n2. two\n3. 4\n4. four") == (
        Change(
            Kind.CHANGED,
            (Piece(Kind.KEPT, "3."), Piece(Kind.REMOVED, "three"), Piece(Kind.ADDED, "4")),
        ),
        whole(Kind.ADDED, "4. four"),
    )


def test_a_clause_with_other_words_is_not_called_changed() -> None:
    assert changes.between("1. a b c d e", "1. v w x y z") == (
        whole(Kind.REMOVED, "1. a b c d e"),
        whole(Kind.ADDED, "1. v w x y z"),
    )


def test_where_lines_were_wrapped_does_not_count() -> None:
    assert changes.between("1.1 one\n\ntwo\n  three\n", "1.1 one two\r\nthree") == ()


words = some.lists(some.sampled_from(["1.1", "1.2", "a", "b", "c", "\n"]), max_size=60)


@given(words, words)
@settings(max_examples=150, deadline=None)
def test_the_pieces_of_a_comparison_give_back_both_texts(old: list[str], new: list[str]) -> None:
    before, after = old or ["x"], new or ["x"]
    rebuilt: tuple[list[str], list[str]] = ([], [])
    for kept, a, b, c, d in alignment.stretches(before, after):
        assert not kept or before[a:b] == after[c:d]
        rebuilt[0].extend(before[a:b])
        rebuilt[1].extend(after[c:d])
    assert rebuilt == (before, after)
    changes.between(" ".join(old), " ".join(new))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\n" * 1200, "a\nb\n" * 600),
        ("1.1 " + "a " * 3000, "1.1 " + "b a " * 1500),
        ("x y " * 60_000, "y x " * 60_000),
        ("\n".join(f"1.1 {n}" for n in range(2000)), "\n".join(f"1.1 {n} z" for n in range(2000))),
    ],
)
def test_no_pair_of_texts_keeps_a_reader_waiting(before: str, after: str) -> None:
    """A general differ took 47 seconds for the first of these."""
    began = time.process_time()
    changes.between(before, after)
    assert time.process_time() - began < 8


def test_texts_too_long_to_compare_are_not_called_unchanged() -> None:
    long = "\n".join(f"old {number}" for number in range(3000))
    assert changes.between(long, long.replace("old", "new")) is None
