"""From a withdrawal to the certificate by command: exit codes, one document each."""

import json
from pathlib import Path

from tests.console.conftest import Kelisim

ADDRESS = "oleg@pochta.example"
UNKNOWN = "D-2026-0001-AAAAAAAA"


def test_withdrawn_refused_approved_destroyed_and_verified(
    readers: Kelisim, tmp_path: Path
) -> None:
    withdrawn = readers("withdraw", ADDRESS, "--reason", "by telephone", "--json").document
    (asked,) = readers("request", "list", "--json").document
    assert (asked["kind"], asked["number"]) == ("destruction", withdrawn["request"])
    number = asked["number"]
    destroy = ("destroy", ADDRESS, "--request", number, "--json")
    assert readers(*destroy).code == 4
    approved = readers("request", "approve", number, "--json")
    assert (approved.code, approved.document["needs_approval"]) == (0, False)
    assert readers("destroy", "aigerim@poshta.example", "--request", number).code == 5
    done = readers(*destroy)
    assert done.code == 0
    assert readers(*destroy).document == done.document, "the same again prints the same"
    assert ADDRESS not in done.out
    body = done.document["certificate"]
    assert body["by"]["expedited"]["because"] == "at the command line"
    assert readers("people", "show", ADDRESS).code == 1
    assert readers("request", "list", "--json").document == []
    _verify(readers, body["number"], done.out, tmp_path)


def _verify(kelisim: Kelisim, number: str, printed: str, folder: Path) -> None:
    shown = kelisim("certificate", "show", number, "--out", str(folder / "c.json"), "--json")
    assert shown.out == printed
    sound = kelisim("certificate", "verify", number, "--json").document
    assert (sound["ok"], sound["rows_found_now"]) == (True, 0)
    whole = (folder / "c.json").read_text()
    (folder / "printed.json").write_text(printed)
    (folder / "forged.json").write_text(whole.replace('"rows_found": 0', '"rows_found": 1'))
    codes = [
        kelisim("certificate", "verify", number, "--file", str(folder / name)).code
        for name in ("c.json", "printed.json", "forged.json")
    ]
    assert codes == [0, 0, 1]
    said = kelisim("certificate", "verify", number, "--file", str(folder / "forged.json"), "--json")
    assert (json.loads(said.out)["ok"], said.code) == (False, 1)
    assert kelisim("certificate", "show", UNKNOWN).code == 1


def test_where_two_may_decide_the_command_line_alone_does_not_destroy(readers: Kelisim) -> None:
    readers("withdraw", ADDRESS, "--reason", "by telephone")
    (asked,) = readers("request", "list", "--json").document
    number = asked["number"]
    for name in ("first", "second"):
        words = ("staff", "add", f"{name}@example.com", "--role", "officer", "--password-stdin")
        assert readers(*words, typed="sample words of a sample\n").code == 0
    assert readers("request", "approve", number, "--json").document["needs_approval"]
    assert readers("request", "approve", number).code == 4
    refused = readers("destroy", ADDRESS, "--request", number, "--json")
    assert refused.code == 4
    assert "second" in refused.document["error"]
    called_off = readers("request", "call-off", number, "--json").document
    assert called_off["state"] == "called_off"


def test_a_hold_is_placed_shown_and_lifted(readers: Kelisim) -> None:
    readers("withdraw", ADDRESS, "--reason", "by telephone")
    words = ("hold", "place", ADDRESS, "--basis", "Case 7/2026", "--until", "2999-01-01")
    placed = readers(*words, "--json").document
    (asked,) = readers("request", "list", "--json").document
    assert readers("request", "approve", asked["number"]).code == 5
    assert [one["id"] for one in readers("hold", "show", ADDRESS, "--json").document] == [
        placed["id"]
    ]
    assert readers("hold", "lift", str(placed["id"])).code == 0
    assert readers("hold", "show", ADDRESS, "--json").document == []
    assert readers("request", "approve", asked["number"]).code == 0


def test_retention_says_what_goes_and_keeps_what_has_no_term(readers: Kelisim) -> None:
    plan = readers("retention", "plan", "--json").document
    assert plan["rows"] == 0
    assert {line["days"] for line in plan["lines"]} == {None}
    assert readers("retention", "run", "--kind", "junk").code == 1
    assert readers("retention", "run", "--json").document == {"rows": 0, "by_kind": {}}
