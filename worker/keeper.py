"""The keeper of a worker's sweeper: starts it, and starts it again whenever it has ended.

It imports next to nothing, so that a sweeper begins to read its modules with its worker's first
breath.
"""

import os
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Any

AFTER_TROUBLE = 1.0
GO = b"sweep\n"


class Sweeper:
    """The process, seen from the worker that keeps it: started again whenever it has ended.

    It reads its modules at once, and sweeps from `keep` on: a worker that takes over from a dead
    one has its sweeper as soon as its sending processes.
    """

    def __init__(self) -> None:
        self._over = threading.Event()
        self.process = self._start()

    def keep(self, log: Any) -> None:
        """Let it sweep, and watch over it until `end`; for a thread of its own.

        `log` is structlog's, which is too large to be imported here.
        """
        self._go()
        while not self._over.is_set():
            try:
                self._look(log)
            except Exception as error:
                # A machine in trouble may refuse a fork, now; without a sweeper nothing moves on.
                log.error("the sweeper cannot be started", error=type(error).__name__)
            self._over.wait(AFTER_TROUBLE)

    def end(self) -> None:
        """End it, the hard way where it does not listen."""
        self._over.set()
        self.process.terminate()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _look(self, log: Any) -> None:
        if self.process.poll() is not None:
            log.error("the sweeper has ended and is started again", code=self.process.poll())
            self.process = self._start()
            self._go()

    def _go(self) -> None:
        if self.process.stdin is not None:
            with suppress(OSError):  # It has ended already, and is started again.
                self.process.stdin.write(GO)
                self.process.stdin.close()

    @staticmethod
    def _start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "worker.sweeper", str(os.getpid())]
        return subprocess.Popen(command, stdin=subprocess.PIPE)
