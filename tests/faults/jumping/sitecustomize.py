"""Python reads this when it starts, where this directory is on its path: a clock that is put wrong.

The file that `JUMPING_CLOCK` names holds by how many seconds the time of day is wrong; each
process follows it, and says what it has come to believe in a file of its own beside it.
Monotonic clocks are left alone, as a machine's are when somebody sets its time.
"""

import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import time_machine

EVERY = 0.05
CLOCK = Path(os.environ["JUMPING_CLOCK"])


def follow() -> None:
    """Look at the file again and again; a thread of its own, in every process."""
    threading.Thread(target=_follow, name="clock", daemon=True).start()


def _follow() -> None:
    believed: float | None = None
    while True:
        text = CLOCK.read_text()
        wrong_by = float(text) if text else believed
        if wrong_by is not None and wrong_by != believed:
            believed = wrong_by
            real = time_machine.escape_hatch.time.time()
            _now.move_to(datetime.fromtimestamp(real + wrong_by, UTC))
            CLOCK.with_name(f"{CLOCK.name}.{os.getpid()}").write_text(str(time.time() - real))
        time.sleep(EVERY)


_now = time_machine.travel(datetime.now(UTC), tick=True).start()
os.register_at_fork(after_in_child=follow)
follow()
