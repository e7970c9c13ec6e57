"""Send journals as text: what a sending process writes down, and what can be read out of it.

One file a process. `D` says that the dot of a message is about to be written, `K` what was
answered. worker/sendjournal.py writes them; a sweep reads one, a restore all.
"""

import os
import re
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from mailing.deliveries.incarnations import Trace

ENDING = ".sends"

# A line that was torn says as much as stands in it: a `D` whose fence is whole may have had its
# dot; a `K` counts only with its end, since half a code is another code.
# Ids are bare: 0.4 us, where hyphens take 1.5. Journals that are older have them.
_ID = "([0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_DOT = re.compile(rf"D {_ID} (\d+)(?: .*)?")
_REPLY = re.compile(rf"K {_ID} (\d+) (\d{{3}}) (.*)")
_ID_FROM = len("D ")
_BLOCK = 256 * 1024
_TAKEN = 2
_ADDRESS = re.compile(r"\S*@\S*")
_STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_TOLD = re.compile(rf"(?:(\d+)|-) ([0-9a-f]*) (\d+\.\d+)(?: {_ID})?")


class Dot(NamedTuple):
    """A final dot that is about to be written, for which claim and whom."""

    delivery: UUID
    fence: int
    campaign: int | None
    digest: bytes
    subscriber: UUID | None = None


class Reply(NamedTuple):
    """What a relay answered to a dot."""

    delivery: UUID
    fence: int
    code: int
    text: str


class Written(NamedTuple):
    """A dot as it was written down, with its time; of a torn line there may be no more than that
    there was one."""

    delivery: UUID
    fence: int
    campaign: int | None
    digest: bytes | None
    subscriber: UUID | None
    at: datetime | None


def dot_line(dot: Dot, at: str) -> str:
    """A dot, about to be written at this time (seconds since 1970)."""
    delivery, fence, campaign, digest, subscriber = dot
    whose = f" {subscriber.hex}" if subscriber else ""
    return f"D {delivery.hex} {fence} {campaign or '-'} {digest.hex()} {at}{whose}\n"


def reply_line(reply: Reply) -> str:
    """What was answered to it. A relay that refuses often says whom: the file is kept as long as
    the oldest backup, beyond a destruction, so nobody's address ever stands in it."""
    delivery, fence, code, text = reply
    kept = text if code // 100 == _TAKEN else " ".join(_STATUS.findall(text)[:1])
    if "@" in kept:
        kept = _ADDRESS.sub("(address)", kept)
    return f"K {delivery.hex} {fence} {code} {' '.join(kept.split())}\n"


def read(path: Path, of: Collection[UUID] | None = None) -> dict[UUID, Trace] | None:
    """What a send journal tells last, by delivery; None when the file is gone.

    `of`: of these alone. It is read from its end, and no further than until each of them is told
    of: what a dead process was about to send stands there, however much it had sent before.
    """
    wanted = None if of is None else {spelt for one in of for spelt in _spellings(one)}
    traces: dict[UUID, Trace] = {}
    try:
        for raw in _backwards(path):
            if of is not None and len(traces) == len(of):
                break
            if wanted is not None and raw[_ID_FROM:].partition(b" ")[0] not in wanted:
                continue
            for one in _told(raw.decode(errors="replace")):
                code, text = (one.code, one.text) if isinstance(one, Reply) else (None, "")
                traces.setdefault(one.delivery, Trace(one.fence, code, text))
    except FileNotFoundError:
        return None
    return traces


def _spellings(one: UUID) -> tuple[bytes, bytes]:
    return one.hex.encode(), str(one).encode()


def _backwards(path: Path) -> Iterator[bytes]:
    """Its lines with their ends, the last first; raises FileNotFoundError."""
    with path.open("rb") as file:
        at, later = file.seek(0, os.SEEK_END), b""
        while at > 0:
            size = min(at, _BLOCK)
            at = file.seek(at - size)
            *whole, last = (file.read(size) + later).split(b"\n")
            found = [line + b"\n" for line in whole]
            if last:
                found.append(last)
            # It may begin in the block before.
            later = found[0] if at else b""
            yield from reversed(found[1:] if at else found)


def lines(path: Path) -> Iterator[Written | Reply]:
    """Every dot and every answer, in order; raises FileNotFoundError."""
    with path.open(errors="replace", newline="\n") as file:
        for raw in file:
            yield from _told(raw)


def _told(raw: str) -> Iterator[Written | Reply]:
    # Without its end an answer is none, and what a dot says of itself may be cut.
    if raw.endswith("\n"):
        yield from _whole(raw[:-1])
    elif said := _DOT.fullmatch(raw):
        yield Written(UUID(said[1]), int(said[2]), None, None, None, None)


def _whole(line: str) -> Iterator[Written | Reply]:
    if said := _REPLY.fullmatch(line):
        yield Reply(UUID(said[1]), int(said[2]), int(said[3]), said[4])
    elif said := _DOT.fullmatch(line):
        yield _written(said, line)


def _written(said: re.Match[str], line: str) -> Written:
    delivery, fence = UUID(said[1]), int(said[2])
    told = _TOLD.fullmatch(line[said.end(2) + 1 :])
    if told is None or len(told[2]) % 2:
        return Written(delivery, fence, None, None, None, None)
    return Written(
        delivery,
        fence,
        int(told[1]) if told[1] else None,
        bytes.fromhex(told[2]),
        UUID(told[4]) if told[4] else None,
        datetime.fromtimestamp(float(told[3]), UTC),
    )
