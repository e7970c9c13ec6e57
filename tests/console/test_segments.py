"""`kelisim segment`, `approval` and what they mean for a campaign: the same answers as the page."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.console.conftest import Kelisim

Draft = Callable[[], str]
SAYS = {
    "sentences": [{"about": "provider", "how": "one_of", "values": ["pochta.example"]}],
}


@pytest.fixture
def segment(readers: Kelisim, tmp_path: Path) -> str:
    """A segment that leaves Oleg alone."""
    path = tmp_path / "says.json"
    path.write_text(json.dumps(SAYS))
    made = readers("segment", "add", "Pochta", "--says", str(path), "--json")
    assert made.code == 0, made.err
    return str(made.document["id"])


def test_a_segment_is_saved_counted_chosen_and_its_ledger_written(
    readers: Kelisim, draft: Draft, segment: str, tmp_path: Path
) -> None:
    counted = readers("segment", "count", segment, "--topic", "books", "--json").document
    assert counted == {"considered": 1, "will_receive": 1, "held": {}}
    number, out = draft(), tmp_path / "ledger.csv"
    assert readers("campaign", "narrow", number, "--segment", segment).code == 0
    assert readers("campaign", "audience", number, "--json").document["considered"] == 1
    words = ("campaign", "ledger", number, "--out", str(out), "--reason", "check", "--json")
    assert readers(*words).document["rows"] == 1
    rows = list(csv.DictReader(out.read_text("utf-8-sig").splitlines()))
    assert [(row["email"], row["outcome"]) for row in rows] == [
        ("oleg@pochta.example", "will_receive")
    ]
    assert readers(*words).code == 1, "never over a file that is there"
    assert readers("campaign", "narrow", number).code == 0
    assert readers("campaign", "audience", number, "--json").document["considered"] == 3
    (listed,) = readers("segment", "list", "--json").document
    assert listed["sentences"] == SAYS["sentences"]


def test_what_cannot_be_a_segment_is_refused_in_english(readers: Kelisim, tmp_path: Path) -> None:
    path = tmp_path / "says.json"
    path.write_text('{"sentences": [{"about": "age", "how": "over", "values": ["18"]}]}')
    said = readers("segment", "add", "Old", "--says", str(path))
    assert said.code == 1
    assert "Choose what the sentence is about." in said.err
    path.write_text("{")
    assert readers("segment", "add", "Old", "--says", str(path)).code == 1


def test_the_check_has_a_hash_and_a_time_and_a_start_may_name_one(
    readers: Kelisim, draft: Draft
) -> None:
    number = draft()
    told = readers("campaign", "check", number, "--json").document
    assert len(told["content_hash"]) == 64
    assert told["checked_at"]
    assert {"id", "level", "title", "detail", "fix", "quoted"} == set(told["checks"][0])
    assert readers("campaign", "links", number, "--json").document == {
        "id": int(number),
        "asked": 0,
    }
    refused = readers("campaign", "spam", number)
    assert refused.code == 5, "there is no filter"
    assert "KELISIM_RSPAMD_URL" in refused.err
    past = ("campaign", "start", number, "--at", "2020-01-01T09:00+05:00")
    assert "This time is over" in readers(*past).err
    both = ("campaign", "start", number, "--now", "--at", "2030-01-01T09:00+05:00")
    assert readers(*both).code == 1


class TestWithApproval:
    @pytest.fixture
    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        return environment | {"KELISIM_APPROVAL": "true"}

    def test_a_missing_approval_is_exit_4_and_nobody_gives_their_own(
        self, readers: Kelisim, draft: Draft
    ) -> None:
        number = draft()
        said = readers("campaign", "start", number, "--now")
        assert said.code == 4
        assert "A second person has to approve this first" in said.err
        assert readers("campaign", "check", number).code == 0, "a warning there"
        assert readers("approval", "ask", number, "--note", "Look").code == 0
        assert readers("approval", "give", number).code == 4
        assert readers("campaign", "start", number, "--now").code == 5
        assert readers("approval", "take-back", number).code == 0
        told = readers("approval", "show", number, "--json").document
        assert told["approved_by"] is None
        assert [one["step"] for one in told["steps"]] == ["asked", "taken_back"]
