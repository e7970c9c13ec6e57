"""`python -m bench` itself: what it keeps, what it says, and its exit codes."""

import json
import sys
from collections.abc import Callable

import pytest

from bench import __main__ as command
from bench.goals import figures
from bench.measure import DoesNotCount, demand
from bench.sink import MissingProgram
from bench.sizes import FULL, MODEST, Sizes


def _measured(sizes: Sizes) -> dict[str, object]:
    return {"figures": figures(campaign_to_smtp_source=0.95), "messages": sizes.messages}


def _lost(sizes: Sizes) -> dict[str, object]:
    demand(sizes == Sizes(), "19 of 20 arrived")
    raise DoesNotCount("18 of 20 arrived")


def _missing(sizes: Sizes) -> dict[str, object]:
    raise MissingProgram(f"no smtp-sink for {sizes.messages} messages")


Tell = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"campaign": _measured, "leave": _lost, "dkim": _missing}
    monkeypatch.setattr(command, "BENCHMARKS", known)


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Tell:
    def tell(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["bench", *arguments])
        code = command.main()
        out, err = capsys.readouterr()
        return code, out, err

    return tell


def test_one_that_does_not_count_says_why_and_the_others_are_kept(told: Tell) -> None:
    code, out, err = told("campaign", "leave")
    document = json.loads(out)
    assert code == 1
    assert document["results"]["leave"] == {"does_not_count": "18 of 20 arrived"}
    assert document["results"]["campaign"]["messages"] == FULL.messages
    assert [one["name"] for one in document["goals"]] == ["campaign_to_smtp_source"]
    assert "leave does not count: 18 of 20 arrived" in err
    assert "0.95 (must 0.5, aim 0.9) met" in err


def test_all_together_are_modest_and_a_missing_program_is_named(told: Tell) -> None:
    code, out, err = told()
    assert code == 2
    assert out == ""
    assert f"no smtp-sink for {MODEST.messages} messages" in err


def test_a_size_that_was_asked_for_is_measured(told: Tell) -> None:
    code, out, _ = told("campaign", "--messages", "7")
    assert code == 0
    assert json.loads(out)["results"]["campaign"]["messages"] == 7
