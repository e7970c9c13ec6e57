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
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID, uuid4

from mailing.base import clock
from mailing.base.errors import Unavailable

_BEGIN = "0" * 64
_TAIL = 65536
_END = "end"


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
    at: str


@dataclass(frozen=True, slots=True)
class Place:
    """How far a journal has been read: octets and their SHA-256, the last line and its hash."""

    size: int
    digest: bytes
    sequence: int
    hash: str

    def is_in(self, text: bytes) -> bool:
        """Whether a text begins with what was read up to here."""
        return hashlib.sha256(memoryview(text)[: self.size]).digest() == self.digest

    def after(self, text: bytes, lines: list[Line]) -> "Place":
        """The place at the end of a text whose lines from here on were these."""
        last = lines[-1] if lines else self
        return Place(len(text), hashlib.sha256(text).digest(), last.sequence, last.hash)


START = Place(0, hashlib.sha256().digest(), 0, _BEGIN)


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
                _note_end(directory, 0, _BEGIN)
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
            with suppress(OSError):
                _note_end(self.path.parent, line.sequence, line.hash)
        return line

    def demand_end(self, lines: list[Line]) -> None:
        """Raises JournalError unless these lines reach the end that was noted beside the file: a
        copy that was cut short between two lines has nothing else that tells."""
        try:
            noted = (self.path.parent / _END).read_bytes()
        except OSError:
            raise JournalError(
                f"{self.path.parent} has no file {_END!r}, so nobody can tell whether lines are "
                "missing. Take a copy of the whole directory; if you know that the journal is "
                "complete, say --trust-end."
            ) from None
        ends = {_end_of(0, _BEGIN), *(_end_of(one.sequence, one.hash) for one in lines)}
        if noted not in ends:
            raise JournalError(
                f"The withdrawal journal {self.path} ends before the end that is noted beside it "
                f"({len(lines)} lines are here). Take a complete copy of the directory."
            )

    def lines(self) -> Iterator[Line]:
        """Every whole line in order; raises JournalError at the first that was not written so."""
        return self.lines_of(self.text(), START)

    def lines_of(self, text: bytes, since: Place) -> Iterator[Line]:
        """The lines of `text` after a place that was reached before; raises JournalError."""
        sequence, before = since.sequence, since.hash
        for raw in text[since.size :].splitlines(keepends=True):
            line = _read(raw, before)
            if line is None or line.sequence != sequence + 1:
                raise JournalError(_broken(self.path, sequence + 1))
            sequence, before = line.sequence, line.hash
            yield line

    def text(self) -> bytes:
        """All whole lines; an unfinished last one is left out. Nobody writes meanwhile."""
        with self.path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            text = file.read()
        return text[: text.rfind(b"\n") + 1]

    def signature(self) -> tuple[int, ...]:
        """What changes whenever the file is written to, moved or replaced."""
        known = self.path.stat()
        return known.st_ino, known.st_size, known.st_mtime_ns, known.st_ctime_ns

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
    return _text(sequence, before, told, digest), Line(sequence, digest, note, told["at"])


def _text(sequence: int, before: str, told: dict[str, Any], digest: str) -> bytes:
    whole = {"seq": sequence, "prev": before, **told, "hash": digest}
    return json.dumps(whole, ensure_ascii=False).encode() + b"\n"


def _hash(sequence: int, before: str, told: dict[str, Any]) -> str:
    body = json.dumps([sequence, before, told], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(body.encode()).hexdigest()


def _read(raw: bytes, before: str | None = None) -> Line | None:
    """A line as it was written, to the octet; with `before`, only where it follows that hash."""
    try:
        whole = json.loads(raw)
        told = {name: whole[name] for name in (*Note.__slots__, "at")}
        note = Note(*(told[name] for name in Note.__slots__))
        line = Line(whole["seq"], whole["hash"], note, told["at"])
        is_ours = raw == _text(line.sequence, whole["prev"], told, line.hash)
        follows = before is None or line.hash == _hash(line.sequence, before, told)
        return line if is_ours and follows and before in (None, whole["prev"]) else None
    except (ValueError, KeyError, TypeError):
        return None


def _last(file: BinaryIO) -> tuple[int, str]:
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        return 0, _BEGIN
    file.seek(max(0, size - _TAIL))
    raw = file.read()
    line = _read(raw.splitlines(keepends=True)[-1])
    if line is None:
        raise JournalError(
            "The withdrawal journal ends in a line that was not written so; a web process cuts a "
            "torn line within a second, and says what else is wrong with it."
        )
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


def _note_end(directory: Path, sequence: int, digest: str) -> None:
    """Say how far the file goes. Not synced: after a power cut this may lag behind the lines, and
    is never ahead of them."""
    file = os.open(directory / _END, os.O_WRONLY | os.O_CREAT, 0o666)
    try:
        os.pwrite(file, _end_of(sequence, digest), 0)
    finally:
        os.close(file)


def _end_of(sequence: int, digest: str) -> bytes:
    """Always of one length, so that it is written over in one piece."""
    return f"{sequence:020d} {digest}\n".encode()


def _write_durably(path: Path, text: str) -> None:
    with path.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
