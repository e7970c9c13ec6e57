"""What a scripted SMTP peer does wrong, where, to whom and how often."""

import json
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from threading import Event, Lock
from typing import Self

NEVER = math.inf


class Stage(StrEnum):
    """Where in the conversation a fault strikes; BODY is between 354 and the final dot."""

    BANNER = "banner"
    EHLO = "ehlo"
    HELO = "helo"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"
    DOT = "dot"
    RSET = "rset"
    QUIT = "quit"
    OTHER = "other"


class Cut(StrEnum):
    """When the peer hangs up: before it takes in the command, or after, without answering."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Fault:
    """One misbehaviour.

    `to` is a glob on the recipient (at MAIL: on the sender). The first `skip` hits are spared;
    after `times` strikes it is used up. `code` and `text` replace the answer, `raw` replaces its
    very bytes, `wait` delays it by seconds (NEVER: no answer at all), `trickle` is the pause
    before each of its bytes; `until` holds it back until that event is set. `cut` hangs up. At
    BODY, `wait` stops reading and `code` answers before the dot. A 421 ends the connection, as it
    should.
    """

    stage: Stage
    to: str = "*"
    times: int | None = None
    skip: int = 0
    code: int | None = None
    text: str = "as scripted"
    raw: bytes | None = None
    wait: float = 0.0
    trickle: float = 0.0
    until: Event | None = None
    cut: Cut | None = None

    def matches(self, stage: Stage, subject: str) -> bool:
        return self.stage is stage and fnmatchcase(subject, self.to)

    @classmethod
    def read(cls, entry: dict[str, object]) -> Self:
        """Read a fault from JSON; `raw` is text there, and `wait` may be "never"."""
        changes = dict(entry)
        changes["stage"] = Stage(str(entry["stage"]))
        changes["wait"] = NEVER if entry.get("wait") == "never" else entry.get("wait", 0.0)
        changes["cut"] = Cut(str(entry["cut"])) if entry.get("cut") else None
        changes["raw"] = str(entry["raw"]).encode() if entry.get("raw") else None
        return cls(**changes)  # type: ignore[arg-type]  # A wrong name or type stops the script.


class Script:
    """The faults in force; may be changed from another thread while the peer runs."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._lock = Lock()
        self._faults = list(faults)
        self._struck: Counter[Fault] = Counter()

    def add(self, *faults: Fault) -> None:
        with self._lock:
            self._faults.extend(faults)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def load(self, path: Path) -> None:
        """Replace all faults by those of a JSON list in a file."""
        faults = [Fault.read(entry) for entry in json.loads(path.read_text())]
        with self._lock:
            self._faults = faults

    def pick(self, stage: Stage, subject: str) -> Fault | None:
        """Return the first fault that strikes now, and count the strike."""
        if not self._faults:
            return None
        with self._lock:
            for place, fault in enumerate(self._faults):
                if fault.matches(stage, subject) and self._strikes(place, fault):
                    self._struck[_kind(fault)] += 1
                    return fault
        return None

    def struck(self, fault: Fault) -> int:
        """How often this very fault has struck: a fault that never did proves nothing."""
        with self._lock:
            return self._struck[_kind(fault)]

    def _strikes(self, place: int, fault: Fault) -> bool:
        if fault.skip:
            self._faults[place] = replace(fault, skip=fault.skip - 1)
            return False
        if fault.times is None:
            return True
        if fault.times:
            self._faults[place] = replace(fault, times=fault.times - 1)
        return fault.times > 0


def _kind(fault: Fault) -> Fault:
    """A fault apart from how often it has struck and may yet strike."""
    return replace(fault, times=None, skip=0)
