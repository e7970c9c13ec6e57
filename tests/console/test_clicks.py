"""`kelisim clicks`: off until wanted, one document each, refusals by their exit code."""

from collections.abc import Callable

from tests.console.conftest import Kelisim

Draft = Callable[[], str]


def test_clicks_are_counted_once_allowed_and_chosen(readers: Kelisim, draft: Draft) -> None:
    number = draft()
    refused = readers("clicks", "choose", number, "--json")
    assert (refused.code, refused.document["code"]) == (5, "conflict")
    assert readers("clicks", "on", "--json").document == {"counted": True}
    told = {"id": int(number), "counts_clicks": True}
    assert readers("clicks", "choose", number, "--json").document == told
    shown = readers("clicks", "show", number, "--json").document
    assert shown == {"id": int(number), "links": [], "people": 0, "machines": 0}
    assert not readers("clicks", "choose", number, "--no", "--json").document["counts_clicks"]
    assert readers("clicks", "off", "--json").document == {"counted": False}
    assert readers("clicks", "show", "999", "--json").code == 1
