"""One program in the foreground, in place of the command that started it.

Where embedded services run, the command stays as their keeper: it waits for the program,
hands every signal on to it, and lets go of the services afterwards.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType

from console.embedded import environment
from console.processes import die_with_parent
from mailing.base.settings import Settings

HANDED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1)


def run(arguments: Sequence[str], given: Settings, ready: Settings) -> int:
    """Run `python -m …` with the services of `ready`; its exit code.

    Does not return where nothing has to be kept running meanwhile (`given` names both services).
    """
    command = [sys.executable, "-m", *arguments]
    surroundings = os.environ | environment(ready)
    if given.database_url and given.redis_url:
        os.execve(sys.executable, command, surroundings)  # noqa: S606 - a fixed list, no shell
    return _keep(command, surroundings)


def _keep(command: list[str], surroundings: dict[str, str]) -> int:
    # A session of its own: Ctrl-C reaches the child through us alone, once.
    child = subprocess.Popen(
        command, env=surroundings, start_new_session=True, preexec_fn=die_with_parent()
    )

    def hand_on(number: int, frame: FrameType | None) -> None:
        child.send_signal(number)

    before = {number: signal.signal(number, hand_on) for number in HANDED_ON}
    try:
        code = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return _exit_code(code)


def _exit_code(code: int) -> int:
    # Ended by the signal that asked it to end: that is a clean end.
    return 0 if code in (0, -signal.SIGTERM, -signal.SIGINT) else 1
