"""The withdrawal journal: every leaving, written outside the database before it is answered.

An old backup brings back consents that were withdrawn; the journal takes them away again. It
is one append-only file under a file lock: each line is JSON with a sequence, the hash of the
line before and its own, so that a changed, missing or swapped line is found.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID, uuid4

from mailing.base import clock
from mailing.base.errors import Unavailable

_BEGIN = "0" * 64
_TAIL = 65536


class JournalError(Unavailable):
    """The journal is not what the database knows of it; nothing may be sent until it is."""


@dataclass(frozen=True, slots=True)
class Note:
    """One leaving: who (a random id and, where known, the keyed digest), from what, how.

    `scope` is `all`, `topics:1,2` or `optin:<id>`.
    """

    subscriber: str
    digest: str | None
    scope: str
    kind: str
    source: str


@dataclass(frozen=True, slots=True)
class Line:
    """A note as it stands in the file."""

    sequence: int
    hash: str
    note: Note


class Journal:
    """The journal of one directory."""

    def __init__(self, directory: Path) -> None:
        """Open an existing journal; raises JournalError where there is none."""
        self.path = directory / "withdrawals.jsonl"
        try:
            self.id = UUID((directory / "id").read_text().strip())
            self.path.stat()
        except (OSError, ValueError) as error:
            raise JournalError(
                f"The withdrawal journal in {directory} is missing or unreadable "
                f"({type(error).__name__}). Put the directory back, or set KELISIM_JOURNAL_DIR."
            ) from None

    @classmethod
    def create(cls, directory: Path) -> "Journal":
        """Begin a journal in an empty or new directory; an existing one is opened."""
        directory.mkdir(parents=True, exist_ok=True)
        with (directory / "withdrawals.jsonl").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not (directory / "id").exists():
                _write_durably(directory / "id", f"{uuid4()}\n")
        return cls(directory)

    def append(self, note: Note) -> Line:
        """Write one line and wait until it is on the disk."""
        with self._locked() as file:
            sequence, before = _last(file)
            text, line = _spell(sequence + 1, before, note)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        return line

    def lines(self) -> Iterator[Line]:
        """Every line in order; raises JournalError at the first that is not what was written."""
        sequence, before = 0, _BEGIN
        with self.path.open("rb") as file:
            for raw in file:
                line = _read(raw)
                if line is None or line.sequence != sequence + 1:
                    raise JournalError(_broken(self.path, sequence + 1))
                if line.hash != _hash(line.sequence, before, _told(raw)):
                    raise JournalError(_broken(self.path, sequence + 1))
                sequence, before = line.sequence, line.hash
                yield line

    def cut_torn_line(self) -> int:
        """Cut an unfinished last line, which no answer can rest on; how many octets went."""
        with self._locked() as file:
            size = file.seek(0, os.SEEK_END)
            torn = _torn(file, size)
            if torn:
                file.truncate(size - torn)
                os.fsync(file.fileno())
        return torn

    def size(self) -> int:
        """The file's length in octets."""
        return self.path.stat().st_size

    @contextmanager
    def _locked(self) -> Iterator[BinaryIO]:
        with self.path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file


def _spell(sequence: int, before: str, note: Note) -> tuple[bytes, Line]:
    told = asdict(note) | {"at": clock.now().isoformat()}
    digest = _hash(sequence, before, told)
    whole = {"seq": sequence, "prev": before, **told, "hash": digest}
    return json.dumps(whole, ensure_ascii=False).encode() + b"\n", Line(sequence, digest, note)


def _hash(sequence: int, before: str, told: dict[str, Any]) -> str:
    body = json.dumps([sequence, before, told], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(body.encode()).hexdigest()


def _told(raw: bytes) -> dict[str, Any]:
    whole = json.loads(raw)
    return {name: whole[name] for name in whole if name not in ("seq", "prev", "hash")}


def _read(raw: bytes) -> Line | None:
    try:
        whole = json.loads(raw)
        told = {name: whole[name] for name in Note.__slots__}
        return Line(int(whole["seq"]), str(whole["hash"]), Note(**told))
    except (ValueError, KeyError, TypeError):
        return None


def _last(file: BinaryIO) -> tuple[int, str]:
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        return 0, _BEGIN
    file.seek(max(0, size - _TAIL))
    raw = file.read()
    line = _read(raw.rstrip(b"\n").rpartition(b"\n")[2]) if raw.endswith(b"\n") else None
    if line is None:
        raise JournalError("The withdrawal journal ends in a torn line; restart the web process.")
    file.seek(0, os.SEEK_END)
    return line.sequence, line.hash


def _torn(file: BinaryIO, size: int) -> int:
    file.seek(max(0, size - _TAIL))
    tail = file.read()
    return len(tail) - (tail.rfind(b"\n") + 1)


def _broken(path: Path, sequence: int) -> str:
    return (
        f"The withdrawal journal {path} is not what was written, from line {sequence} on. "
        "Put back an untouched copy; sending stays off until then."
    )


def _write_durably(path: Path, text: str) -> None:
    with path.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
