"""The memory of workers and their children while they work."""

import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import psutil

_EVERY = 1.0


@dataclass(frozen=True)
class Sample:
    """Resident octets at one moment: of all processes together, and of the largest child."""

    at: float
    together: int
    largest_child: int


@dataclass
class Watch:
    """Watches processes and their children for as long as the block lasts."""

    pids: list[int]
    samples: list[Sample] = field(default_factory=list)
    _is_over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over.set()
        if self._thread is not None:
            self._thread.join()

    def told(self) -> dict[str, object]:
        """Start, middle and end in megabytes."""
        points = {"start": 0, "middle": len(self.samples) // 2, "end": len(self.samples) - 1}
        chosen = {name: self.samples[index] for name, index in points.items()}
        return {
            "largest_child_mb": {n: megabytes(one.largest_child) for n, one in chosen.items()},
            "together_mb": {n: megabytes(one.together) for n, one in chosen.items()},
            "highest_child_mb": megabytes(max(one.largest_child for one in self.samples)),
        }

    def _watch(self) -> None:
        while not self._is_over.is_set():
            self.samples.append(look(self.pids))
            self._is_over.wait(_EVERY)
        self.samples.append(look(self.pids))


def look(pids: list[int]) -> Sample:
    """How much memory is resident now. Pages that processes share are counted in each."""
    parents, children = [_resident(pid) for pid in pids], []
    for pid in pids:
        children += [_resident(child) for child in _children(pid)]
    together = sum(parents) + sum(children)
    return Sample(time.monotonic(), together, max(children, default=0))


def megabytes(octets: int) -> float:
    """Octets as megabytes of 2**20, to a tenth."""
    return round(octets / 2**20, 1)


def _children(pid: int) -> list[int]:
    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _resident(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
