"""The command line inside the test process: the same `main`, its streams and its exit code."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from console.cli import main
from mailing.base.settings import ROOT, Settings

POLICIES = ROOT / "console" / "demo" / "policies"


@dataclass(frozen=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output; fails where there is another thing."""
        return json.loads(self.out)


Kelisim = Callable[..., Said]


@pytest.fixture
def kelisim(
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Kelisim:
    """Run `kelisim …` on the test's own database, in a directory without a .env."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str, typed: str = "") -> Said:
        monkeypatch.setattr("sys.stdin", StringIO(typed))
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main(words)
        told = capsys.readouterr()
        return Said(int(end.value.code or 0), told.out, told.err)

    return run


@pytest.fixture
def shop(kelisim: Kelisim) -> Kelisim:
    """The same, after the sample operator has moved in: policy, topics, form."""
    policy = str(POLICIES / "1-kk.txt")
    words = ("--language", "kk", "--effective", "2025-03-03")
    done = [kelisim("policy", "import", policy, *words)]
    done.append(kelisim("policy", "publish", "1"))
    names = ("--name-kk", "Кітаптар", "--name-ru", "Книги", "--name-en", "Books")
    done.append(kelisim("topic", "add", "books", "--purpose", "products_services", *names))
    done.append(
        kelisim("form", "add", "main", "--origin", "https://k.example", "--topics", "books")
    )
    assert [said.code for said in done] == [0, 0, 0, 0], [said.err for said in done]
    return kelisim


@pytest.fixture
def readers(shop: Kelisim, tmp_path: Path) -> Kelisim:
    """The same, with two evidenced readers and one in quarantine."""
    rows = [
        "email,consent_at,consent_form,consent_policy",
        "aigerim@poshta.example,2025-04-01T09:00:00+05:00,main,1",
        "oleg@pochta.example,2025-04-02T09:00:00+05:00,main,1",
        "zarina@poshta.example,,,",
    ]
    path = tmp_path / "people.csv"
    path.write_text("\n".join(rows) + "\n")
    said = shop("people", "import", str(path), "--topic", "books", "--json")
    assert said.code == 0, said.err
    return shop


@pytest.fixture
def draft(readers: Kelisim, tmp_path: Path) -> Callable[[], str]:
    """Draft a campaign; its number as text."""

    def create() -> str:
        body = tmp_path / "body.md"
        body.write_text("# Сәлем\n\nЖаңа кітаптар түсті.\n")
        words = ("--topic", "books", "--subject", "Жаңа кітаптар", "--body", str(body), "--json")
        return str(readers("campaign", "create", *words).document["id"])

    return create
