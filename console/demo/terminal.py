"""The operator's terminal: `kelisim …` as a process of its own, its one JSON document read."""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from console.demo.premises import Premises
from console.demo.verdicts import Unverified

PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Terminal:
    """Runs commands in the demo's place."""

    premises: Premises

    def run(self, *words: str, typed: str = "") -> Any:
        """The document that the command printed. Raises Unverified unless it ended with 0."""
        done = subprocess.run(
            [sys.executable, "-m", "console.cli", *words, "--json"],
            input=typed,
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=self.premises.environment | {"PYTHONIOENCODING": "utf-8"},
            cwd=self.premises.directory,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            said = done.stderr.strip().splitlines()[-1:] or ["nothing"]
            raise Unverified(f"`kelisim {' '.join(words[:2])}` exit {done.returncode}: {said[0]}")
        return _document(done.stdout, words)


def _document(text: str, words: tuple[str, ...]) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise Unverified(f"`kelisim {' '.join(words[:2])}` printed no JSON document") from None
