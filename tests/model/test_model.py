"""The protocol, explored to its end: no world in which it breaks its promise, and a way for each
of its pieces to be missed."""

import pytest

from tests.model.explore import explore
from tests.model.table import STATES
from tests.model.world import Case

LATE = "a dot follows an answer that does not name it"
ARRIVES = "a message completes after an answer that does not name it"
TWICE = "the message is sent twice"
UNTRUE = "what the relay has is called held"


@pytest.mark.parametrize(
    "case",
    [
        Case(),
        Case(turns=1),
        Case(stops=True, leaves=False),
        Case(is_confirmation=True),
        Case(lines=(2,)),
    ],
    ids=["one leaves", "comes back", "a stop", "a confirmation", "one worker of two lines"],
)
def test_in_no_world_is_a_message_late_or_sent_twice_and_every_world_ends(case: Case) -> None:
    """T7, T14, T31: two workers, deaths at any step, requests lost, late and doubled."""
    found = explore(case)
    assert not found.broken, f"\n{found}"
    expected = {"unwritten", *STATES}
    assert found.states == expected, "not every state was seen"


@pytest.mark.parametrize(
    ("missing", "leaves", "broken"),
    [
        ("the gate asks for consent", True, LATE),
        ("the gate asks in two statements", True, LATE),
        ("leaving locks the person first", True, LATE),
        ("leaving aborts what is open", True, LATE),
        ("leaving waits for what is sealed", True, LATE),
        ("there is a seal", True, LATE),
        ("the seal's no is obeyed", True, LATE),
        ("the sweep has proof of death", True, LATE),
        ("the sweep has proof of death", False, TWICE),
        ("leaving names what is uncertain", True, ARRIVES),
        ("the sweep reads the journal", False, TWICE),
        ("the journal is written before the dot", False, TWICE),
        ("a journal of an earlier boot is doubted", False, TWICE),
        ("the fence is compared", False, TWICE),
        ("the claim of a result is compared", False, TWICE),
        ("what is uncertain is never sent again", False, TWICE),
        ("what is uncertain is never sent again", True, UNTRUE),
    ],
)
def test_without_any_one_of_its_pieces_the_promise_is_broken(
    missing: str, leaves: bool, broken: str
) -> None:
    """Each counter-example is the shortest one, and is printed: `pytest -rP` shows them."""
    found = explore(Case(missing=frozenset({missing}), leaves=leaves), seek=broken)
    assert found.broken == broken, f"without this: {missing}\n{found}"
    assert found.trace
    print(f"without this: {missing}\n{found}")  # noqa: T201 - a counter-example is to be read


@pytest.mark.parametrize("leaves", [False, True])
def test_a_wrong_word_of_an_operator_sends_nothing_twice_or_late(leaves: bool) -> None:
    """A host that is declared gone and lives on: what it may send is named, and not sent again."""
    wrong = frozenset({"an operator declares only the dead dead"})
    found = explore(Case(missing=wrong, leaves=leaves))
    assert not found.broken, f"\n{found}"


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "case",
    [
        Case(lines=(1, 1, 1)),
        Case(lines=(1, 1, 1), turns=1),
        Case(lines=(2, 1)),
        Case(stops=True),
        Case(lines=(1, 1, 1), is_confirmation=True),
    ],
    ids=["three workers", "three, comes back", "two and one", "leaving and a stop", "three, asked"],
)
def test_three_workers_and_both_kinds_of_no_at_once_break_nothing(case: Case) -> None:
    found = explore(case)
    print(f"{case}: {found.worlds:,} worlds, {found.steps:,} steps")  # noqa: T201
    assert not found.broken, f"\n{found}"
