"""Dear looks are made sparingly: ten people who watch a campaign cost little more than one.

What took long is shown again for twenty times as long, so that watching takes at most a twentieth
of one processor; what is quick is always fresh.
"""

import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from flask import current_app

Found = TypeVar("Found")

FREE_SECONDS = 0.02
TIMES = 20
LONGEST_SECONDS = 15.0
MOST_KEPT = 200


def sparingly(key: Hashable, look: Callable[[], Found]) -> Found:
    """What `look` finds, or has found under this key a moment ago."""
    kept: dict[Hashable, tuple[float, Any]] = current_app.extensions.setdefault("kelisim_looks", {})
    until, found = kept.get(key, (0.0, None))
    began = time.monotonic()
    if began < until:
        known: Found = found
        return known
    fresh = look()
    took = time.monotonic() - began
    if took > FREE_SECONDS:
        if len(kept) >= MOST_KEPT:
            kept.clear()
        kept[key] = (began + took + min(took * TIMES, LONGEST_SECONDS), fresh)
    return fresh
