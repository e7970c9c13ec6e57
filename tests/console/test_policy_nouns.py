"""`kelisim policy` and `kelisim notice report`, as programs call them."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mailing.base.settings import ROOT
from tests.console.conftest import Kelisim

SEED = ROOT / "tests" / "data" / "policy-kk.txt"


@pytest.fixture
def kelisim(kelisim: Kelisim) -> Any:
    """Run one command with `--json`; its exit code and its one document."""

    def run(*words: str) -> tuple[int, Any]:
        said = kelisim(*words, "--json")
        assert len(said.out.splitlines()) == 1, said.err
        return said.code, said.document

    return run


@pytest.fixture
def process(environment: dict[str, str]) -> Any:
    """The same in a process of its own."""

    def run(*words: str) -> tuple[int, Any]:
        done = subprocess.run(
            [str(ROOT / ".venv" / "bin" / "kelisim"), *words, "--json"],
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert len(done.stdout.splitlines()) == 1, done.stderr
        return done.returncode, json.loads(done.stdout)

    return run


def test_an_import_tells_its_findings_and_a_notice_its_report(kelisim: Any, tmp_path: Path) -> None:
    imported = ("policy", "import", str(SEED), "--language", "kk", "--effective", "2024-10-01")
    declared = ("--operator", "Sentiss Kazakhstan", "--mailbox", "helpdesk@glazik.kz")
    code, first = kelisim(*imported, *declared, "--publish")
    assert code == 0
    assert (first["id"], len(first["sha256"])) == (1, 64)
    found = {(one["code"], one["clause"]): one["sentence"] for one in first["findings"]}
    assert found["number_missing", "2.2"] == (
        "The number 2.2 is missing: the numbering jumps over it."
    )
    assert ("number_repeated", "6.3") in found
    code, shown = kelisim("policy", "show", "1")
    assert code == 0
    assert shown["marks"]["withdrawal"] == ["Дербес деректерді өңдеуге келісімді қайтарып алу"]
    assert shown["coverage"] == {"people": 0, "agreed": 0, "covered": 0, "not_covered": 0}
    markdown = tmp_path / "second.md"
    markdown.write_text("# Саясат\n\n1. Жаңа\n")
    second = ("policy", "import", str(markdown), "--language", "kk", "--effective", "2026-01-01")
    code, drafted = kelisim(*second, "--version", "second", "--material")
    assert code == 0
    assert kelisim("policy", "summarise", "second", "--language", "kk", "--text", "Жаңа")[0] == 0
    code, published = kelisim("policy", "publish", "second")
    assert code == 0
    out = tmp_path / "people.csv"
    report = ("notice", "report", "--policy", str(drafted["id"]))
    code, told = kelisim(*report, "--out", str(out), "--reason", "to tell them by post")
    assert code == 0
    assert told["notice"] == published["notice"]
    assert (told["considered"], told["told"], told["not_told"]) == (0, 0, {})
    assert out.read_text("utf-8-sig").startswith("email,language,outcome,reason")
    assert out.stat().st_mode & 0o077 == 0
    assert kelisim(*report, "--out", str(out), "--reason", "again")[0] == 1
    assert kelisim(*report, "--out", str(tmp_path / "b.csv"))[0] == 1


def test_an_import_tells_what_was_found_in_its_own_text(kelisim: Any, tmp_path: Path) -> None:
    kazakh, russian = tmp_path / "kk.txt", tmp_path / "ru.txt"
    kazakh.write_text("1. Бір\n3. Үш\n")
    russian.write_text("1. Один\n2. Два\n3. Три\n")
    said = {}
    for file in (kazakh, russian):
        which = ("--language", file.stem, "--effective", "2026-01-01", "--version", "both")
        code, told = kelisim("policy", "import", str(file), *which)
        assert code == 0
        said[file.stem] = {(one["code"], one["language"]) for one in told["findings"]}
    assert ("number_missing", "kk") in said["kk"]
    assert {language for _, language in said["kk"]} == {"kk"}
    assert ("number_missing", "kk") not in said["ru"], "that was told before"
    assert ("numbering_differs", "kk") in said["ru"], "what concerns both is told with the second"
    code, shown = kelisim("policy", "show", "both")
    assert ("number_missing", "kk") in {(one["code"], one["language"]) for one in shown["findings"]}


def test_a_report_of_what_was_not_announced_says_so(process: Any) -> None:
    process("policy", "import", str(SEED), "--language", "kk", "--effective", "2024-10-01")
    code, refused = process("notice", "report", "--policy", "1")
    assert code == 1
    assert "has no notice" in refused["error"]
