"""`kelisim backup` and `kelisim restore`: what they print, and with which code they end."""

import json
from pathlib import Path

import pytest

from mailing.base.settings import Settings
from tests.console.conftest import Kelisim


@pytest.fixture
def backed_up(readers: Kelisim, tmp_path: Path) -> Path:
    """A backup of an operator with readers, one of whom leaves after it."""
    directory = tmp_path / "backup"
    said = readers("backup", str(directory), "--json")
    assert said.code == 0, said.err
    assert readers("unsubscribe", "oleg@pochta.example").code == 0
    return directory


def test_a_backup_says_what_is_in_it_and_which_key_opens_it(
    readers: Kelisim, settings: Settings, tmp_path: Path
) -> None:
    said = readers("backup", str(tmp_path / "backup"), "--json")
    told = said.document
    assert said.code == 0
    assert told["tables"]["subscribers"] == 3
    assert told["rows"] == sum(told["tables"].values())
    key = Path(told["key"]["file"])
    assert key.parent == settings.key_dir.resolve()
    assert f"subscribers, {told['tables']['subscribers']} rows" in said.err
    [listed] = readers("keys", "backups", "--json").document
    assert listed == {name: told["key"][name] for name in ("id", "made_on", "expires_on")}
    assert readers("keys", "expire", "--json").document == {"destroyed": []}
    again = readers("backup", str(tmp_path / "backup"), "--json")
    assert (again.code, again.document["code"]) == (5, "conflict")


def test_a_restore_answers_with_what_it_replayed_and_sending_waits_for_a_person(
    backed_up: Path,
    kelisim: Kelisim,
    settings: Settings,
    empty_database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    journal, key = str(settings.journal), str(settings.key_dir)
    monkeypatch.setenv("KELISIM_DATABASE_URL", empty_database_url)
    monkeypatch.setenv("KELISIM_VAR", str(tmp_path / "another machine"))
    words = ("restore", str(backed_up), "--journal", journal, "--key", key)
    said = kelisim(*words, "--json")
    told = said.document
    assert said.code == 0, said.err
    assert told["replayed"] == {"lines": 1, "unsubscribed": 1}
    assert (told["sending"], told["warnings"]) == (False, [])
    shown = kelisim("people", "show", "oleg@pochta.example", "--json").document
    assert shown["topics"]["books"] == "unsubscribed"
    assert kelisim("people", "show", "aigerim@poshta.example", "--json").document["topics"] == {
        "books": "given"
    }
    assert kelisim("sending", "on", "--json").document == {"sending": True}
    again = kelisim(*words, "--json")
    assert (again.code, again.document["code"]) == (5, "conflict")
    assert "not empty" in again.err


def test_each_refusal_has_its_code_and_leaves_the_database_empty(
    backed_up: Path,
    kelisim: Kelisim,
    settings: Settings,
    empty_database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    journal, key = str(settings.journal), str(settings.key_dir)
    monkeypatch.setenv("KELISIM_DATABASE_URL", empty_database_url)
    monkeypatch.setenv("KELISIM_VAR", str(tmp_path / "there"))
    refusals = {
        "no journal named": ((str(backed_up),), 2, "usage"),
        "no backup": ((str(tmp_path), "--journal", journal, "--key", key), 1, "invalid"),
        "no key": ((str(backed_up), "--journal", journal), 1, "missing"),
        "no journal there": ((str(backed_up), "--journal", key, "--key", key), 1, "journal"),
    }
    for name, (words, code, spelt) in refusals.items():
        said = kelisim("restore", *words, "--json")
        assert (said.code, json.loads(said.out)["code"]) == (code, spelt), name
    assert "db upgrade" in kelisim("people", "show", "oleg@pochta.example").err
    said = kelisim("restore", str(backed_up), "--journal", journal, "--key", key)
    assert said.code == 0, said.err
