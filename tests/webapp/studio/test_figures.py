"""Bars and tables are laid out from a status; whatever the numbers, nothing is lost or doubled."""

from hypothesis import given
from hypothesis import strategies as st

from webapp.studio.figures import ORDER, lay_out

NUMBERS = st.integers(min_value=0, max_value=10_000_000)
OUTCOMES = st.fixed_dictionaries(
    {name: NUMBERS for name in ORDER if name != "held"}
    | {"held": st.dictionaries(st.text(min_size=1), NUMBERS, max_size=5)}
)


@given(OUTCOMES)
def test_the_parts_hold_every_person_once(outcomes: dict[str, int | dict[str, int]]) -> None:
    figures = lay_out({"audience": 1, "outcomes": outcomes})
    expected = sum(sum(n.values()) if isinstance(n, dict) else n for n in outcomes.values())
    assert figures.total == expected
    assert [part.name for part in figures.parts] == list(ORDER)


@given(OUTCOMES)
def test_the_pieces_of_the_bar_meet_and_end_at_its_end(
    outcomes: dict[str, int | dict[str, int]],
) -> None:
    figures = lay_out({"audience": 1, "outcomes": outcomes})
    for piece, following in zip(figures.parts, figures.parts[1:], strict=False):
        assert abs(piece.start + piece.width - following.start) < 0.001
    last = figures.parts[-1]
    assert abs(last.start + last.width - (100 if figures.total else 0)) < 0.001
