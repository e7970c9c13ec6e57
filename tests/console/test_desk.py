"""The rest of the desk by command: paper, decisions, who asks, the clock, the registers."""

from pathlib import Path

import pytest

from tests.console.conftest import Kelisim
from tests.console.test_requests import NUMBER


@pytest.fixture
def words(tmp_path: Path) -> str:
    file = tmp_path / "words.txt"
    file.write_text("Because of the law.\n", "utf-8")
    return str(file)


@pytest.fixture
def paper(readers: Kelisim, words: str) -> Kelisim:
    """One letter on paper that asks for two things, of a known reader."""
    given = ("--right", "access", "--right", "destruction", "--email", "oleg@pochta.example")
    said = readers("request", "register", *given, "--text", words, "--language", "en", "--json")
    assert said.code == 0, said.err
    assert [one["right"] for one in said.document["rights"]] == ["access", "destruction"]
    assert (said.document["number"], said.document["channel"]) == (NUMBER, "letter")
    return readers


def test_each_right_is_decided_by_itself_once_it_is_known_who_asks(
    paper: Kelisim, words: str
) -> None:
    grant = ("request", "rule", NUMBER, "access", "grant", "--json")
    assert paper(*grant).code == 5
    assert paper("request", "identify", NUMBER, "--vouch", "Passport shown").code == 0
    assert paper(*grant).document["identity"] == "staff"
    refuse = ("request", "rule", NUMBER, "destruction", "refuse", "--json")
    assert paper(*refuse).document["field"] == "ground"
    refused = paper(*refuse, "--ground", "law_keeps", "--text", words).document
    states = {one["right"]: (one["state"], one["ruling"]) for one in refused["rights"]}
    assert states == {"access": ("decided", "grant"), "destruction": ("done", "refuse")}
    assert paper("request", "rule", NUMBER, "nonsense", "grant").code == 2


def test_the_clock_by_command(paper: Kelisim, words: str) -> None:
    identified = paper("request", "identify", NUMBER, "--json").document
    assert (identified["state"], identified["identity"]) == ("waiting", "asked")
    assert paper("request", "resume", NUMBER, "--json").document["paused_at"] is None
    assert paper("request", "pause", NUMBER, "--for", "documents", "--json").document["paused_at"]
    assert paper("request", "pause", NUMBER, "--for", "fun").code == 2
    extend = ("request", "extend", NUMBER, "--until", "2999-01-01", "--text", words, "--json")
    assert paper(*extend).code == 5
    assert paper("request", "resume", NUMBER, "--json").document["paused_at"] is None
    late = paper(*extend)
    assert (late.code, late.document["field"]) == (1, "until")
    paper("request", "register", "--right", "blocking", "--email", "oleg@pochta.example", "--told")
    other = NUMBER.replace("0001", "0002")
    assert paper("request", "merge", other, "--into", NUMBER, "--json").document["number"] == NUMBER
    assert len(paper("request", "show", NUMBER, "--json").document["rights"]) == 3


def test_registers_are_one_document_each(paper: Kelisim) -> None:
    told = paper("register", "processing", "--json").document
    assert told["policy"]["id"] == 1
    assert [one["form"] for one in told["sources"]] == ["main"]
    year = paper("register", "year", "--year", NUMBER[:4], "--json").document
    assert year["total"] == 2
    assert sum(year["channels"].values()) == sum(year["outcomes"].values()) == 2
    assert paper("register", "year", "--year", "1", "--json").code == 1
    assert paper("register", "incidents", "--json").document == []
    new = ("A laptop was stolen", "--nature", "lost", "--text", "Encrypted.", "--people", "3")
    made = paper("register", "incident", *new, "--json").document
    assert (made["state"], made["people"]) == ("open", 3)
    line = ("register", "line", made["number"], "reported", "--text", "By letter.", "--json")
    assert paper(*line).document["state"] == "reported"
    assert paper(*line).code == 5
    assert [one["number"] for one in paper("register", "incidents", "--json").document] == [
        made["number"]
    ]
