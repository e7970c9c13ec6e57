"""Reading inbound mail, beside the standard library's bare parsing of the same messages."""

import os
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.goals import figures
from bench.sizes import Sizes
from mailing.inbound.reading import read
from tests.inbound.reading.letters import FAILED, feedback, plain, report
from tests.inbound.reading.spellings import WITHDRAW

_TIMES = 20


def measure(sizes: Sizes) -> dict[str, Any]:
    """Messages a second of each, in turns; the figure is ours ÷ bare."""
    messages = _messages()
    runs = [_run(messages) for _ in range(sizes.rounds)]
    ratios = sorted(ours / bare for bare, ours in runs)
    return {
        "messages": len(messages),
        "octets": sum(map(len, messages)),
        "runs": [{"bare_per_second": bare, "ours_per_second": ours} for bare, ours in runs],
        "figures": figures(read_to_bare_parsing=ratios[len(ratios) // 2]),
    }


def _run(messages: list[bytes]) -> tuple[float, float]:
    """Messages a second of bare parsing and of ours. They take turns at each pass over the
    messages: the clock of a virtual machine's host changes within seconds."""
    bare = ours = 0.0
    for _ in range(_TIMES):
        bare += _took(message_from_bytes, messages)
        ours += _took(read, messages)
    return _TIMES * len(messages) / bare, _TIMES * len(messages) / ours


def _took(take: Callable[[bytes], object], messages: list[bytes]) -> float:
    begun = perf_counter()
    for raw in messages:
        take(raw)
    return perf_counter() - begun


def _messages() -> list[bytes]:
    """The public samples where they are; else letters of our own."""
    folder = Path(os.environ.get("KELISIM_CORPORA") or "../shared/corpora") / "set-of-emails"
    found = [path.read_bytes() for path in sorted(folder.glob("*.eml"))]
    hard = report(FAILED.format("5.1.1", "550 5.1.1 User unknown"))
    return found or [plain("Рахмет!", Subject=WITHDRAW), hard, feedback("abuse")] * 20
