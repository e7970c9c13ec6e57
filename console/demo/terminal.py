"""The operator's terminal: `kelisim …` through the clerk, its one JSON document read."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from console.demo.premises import Premises
from console.demo.verdicts import Unverified
from console.processes import die_with_parent


@dataclass(frozen=True)
class Terminal:
    """Runs commands in the demo's place."""

    clerk: "subprocess.Popen[str]"

    def run(self, *words: str, typed: str = "") -> Any:
        """The document that the command printed. Raises Unverified unless it ended with 0."""
        done = self._ask({"words": [*words, "--json"], "typed": typed})
        name = " ".join(["kelisim", *words[:2]])
        if done["code"] != 0:
            said = done["err"].strip().splitlines()[-1:] or ["nothing"]
            raise Unverified(f"`{name}` exit {done['code']}: {said[0]}")
        try:
            return json.loads(done["out"])
        except ValueError:
            raise Unverified(f"`{name}` printed no JSON document") from None

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self.clerk.stdin is not None  # noqa: S101 - both are pipes, see below
        assert self.clerk.stdout is not None  # noqa: S101
        self.clerk.stdin.write(json.dumps(order) + "\n")
        self.clerk.stdin.flush()
        line = self.clerk.stdout.readline()
        if not line:
            raise Unverified("the clerk that runs our commands has ended")
        done: dict[str, Any] = json.loads(line)
        return done


@contextmanager
def terminal(premises: Premises) -> Iterator[Terminal]:
    """A terminal in the demo's place; its clerk ends with it."""
    clerk = subprocess.Popen(
        [sys.executable, "-m", "console.demo.clerk"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=premises.environment | {"PYTHONIOENCODING": "utf-8"},
        cwd=premises.directory,
        process_group=0,
        preexec_fn=die_with_parent(),
    )
    with clerk:
        yield Terminal(clerk)
