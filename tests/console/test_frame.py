"""What every command has in common (contract.md, "Commands" and "Exit codes")."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from console.cli import cli
from console.frame import explain
from mailing.base.errors import Conflict, Invalid, Missing, NotAllowed, NotReady, Partial
from tests.console.conftest import Kelisim


def leaves(group: click.Group, name: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for word in group.list_commands(context):
        command = group.get_command(context, word)
        assert command is not None, f"{name} {word} is listed and cannot be loaded"
        if isinstance(command, click.Group):
            yield from leaves(command, f"{name} {word}")
        else:
            yield f"{name} {word}".strip(), command


LEAVES = dict(leaves(cli))

PROMISED = """
    db upgrade|web --port|worker --concurrency|beat|inbound|up --port --concurrency
    staff add --role --password-stdin|staff password --password-stdin
    staff role --role|staff close|staff open|staff list
    policy import --language --effective --version --material --publish --purposes --fields
    topic add --purpose --name-kk --name-ru --name-en|topic list
    form add --origin --topics|form list
    people import --topic --map --dry-run|people show|people evidence --as-of
    people why --campaign|unsubscribe --topic|withdraw --reason
    campaign create --topic --subject --body --format --language|campaign check
    campaign audience --why|campaign start --expect --now
    campaign pause|campaign resume|campaign stop|campaign status|campaign uncertain
    campaign resend --uncertain|notice send --policy --expect --now
    ledger verify --since|host fence|doctor|demo --once|keys new|mail ingest
"""


@pytest.mark.parametrize(
    "promised", [one for one in map(str.strip, re.split(r"[|\n]", PROMISED)) if one]
)
def test_every_promised_command_exists_with_its_options(promised: str) -> None:
    name, *options = promised.split(" --")
    taken = {word for param in LEAVES[name].params for word in param.opts}
    assert {f"--{option}" for option in options} <= taken


@pytest.mark.parametrize("name", sorted(LEAVES))
def test_every_command_takes_json_and_says_what_it_does(name: str) -> None:
    command = LEAVES[name]
    assert "--json" in {word for param in command.params for word in param.opts}
    assert command.help


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Invalid("x"), 1),
        (Missing("x"), 1),
        (NotReady("x"), 3),
        (NotAllowed("x"), 4),
        (Conflict("x"), 5),
        (Partial("x"), 6),
        (ValueError("x"), 1),
    ],
)
def test_every_kind_of_error_has_its_exit_code(error: Exception, code: int) -> None:
    assert explain(error, as_json=False) == code


def test_an_error_with_json_is_the_one_document_and_a_sentence(kelisim: Kelisim) -> None:
    said = kelisim("people", "show", "nobody@poshta.example", "--json")
    assert said.code == 1
    assert said.document["code"] == "missing"
    assert said.err == f"kelisim: {said.document['error']}\n"


def test_wrong_usage_ends_with_2_and_says_where_help_is(kelisim: Kelisim) -> None:
    said = kelisim("topic", "add", "books", "--json")
    assert said.code == 2
    assert said.document["code"] == "usage"
    assert "--purpose" in said.err
    assert "kelisim topic add --help" in said.err


def test_an_answer_without_json_is_for_people(shop: Kelisim) -> None:
    said = shop("topic", "list")
    assert said.code == 0
    assert "Кітаптар" in said.out
    assert "{" not in said.out


def test_json_is_one_document_on_one_line_with_its_letters(shop: Kelisim) -> None:
    said = shop("topic", "list", "--json")
    assert said.out.count("\n") == 1
    assert "Кітаптар" in said.out
    assert {row["slug"] for row in said.document} == {"notices", "books"}


def test_a_missing_setting_is_named(kelisim: Kelisim, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KELISIM_DATA_KEY")
    said = kelisim("topic", "list", "--json")
    assert said.code == 1
    assert "KELISIM_DATA_KEY" in said.document["error"]


def test_a_database_that_is_away_is_said_in_one_line(
    kelisim: Kelisim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KELISIM_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    said = kelisim("topic", "list")
    assert said.code == 1
    assert "The database cannot be reached" in said.err
    assert said.err.count("\n") == 1


def test_a_database_that_is_not_migrated_says_what_to_run(
    kelisim: Kelisim, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KELISIM_DATABASE_URL", empty_database_url)
    assert "kelisim db upgrade" in kelisim("topic", "list").err
    assert kelisim("db", "upgrade", "--json").document["version"]
    assert kelisim("topic", "list").code == 0
    assert kelisim("db", "downgrade", "base", "--json").document == {"version": None}


def test_another_suppression_key_stops_every_command(
    shop: Kelisim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KELISIM_SUPPRESSION_KEY", shop("keys", "new", "--json").document[KEY])
    said = shop("topic", "list")
    assert said.code == 1
    assert KEY in said.err


KEY = "KELISIM_SUPPRESSION_KEY"


def test_an_unexpected_error_is_one_line_and_a_traceback_only_when_debugging(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    explain(ZeroDivisionError("by zero"), as_json=False)
    assert "Traceback" not in capsys.readouterr().err
    monkeypatch.setenv("KELISIM_LOG_LEVEL", "debug")
    explain(ZeroDivisionError("by zero"), as_json=False)
    assert "ZeroDivisionError: by zero" in capsys.readouterr().err


def test_fresh_keys_are_lines_that_a_settings_file_takes(kelisim: Kelisim, tmp_path: Path) -> None:
    lines = kelisim("keys", "new").out.splitlines()
    names = [line.partition("=")[0] for line in lines]
    assert names == ["KELISIM_SECRET_KEYS", "KELISIM_DATA_KEY", KEY]
    assert lines != kelisim("keys", "new").out.splitlines()
