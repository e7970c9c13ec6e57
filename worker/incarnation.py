"""An incarnation: this start of this sending process, and the lock that proves it alive.

The lock is POSIX (`fcntl.lockf`): the kernel frees it when the process ends, however it ends.
Closing any descriptor of the file in the same process frees it too, so a process never opens
its own lock file a second time.
"""

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from mailing.base.settings import Settings
from mailing.deliveries.incarnations import Owner
from mailing.deliveries.sends import ENDING
from worker.sendjournal import SendJournal

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Host:
    """Where locks and send journals lie. A host is an id kept there, not a host name."""

    directory: Path
    id: UUID

    @classmethod
    def here(cls, settings: Settings) -> "Host":
        """This host; its id is made on the first start."""
        directory = settings.var / "sending"
        directory.mkdir(parents=True, exist_ok=True)
        name = directory / "host"
        if not name.exists():
            cls._give_id(name)
        return cls(directory, UUID(name.read_text().strip()))

    @staticmethod
    def _give_id(name: Path) -> None:
        fresh = name.with_name(f"host.{uuid4()}")
        fresh.write_text(f"{uuid4()}\n")
        try:
            os.link(fresh, name)
        except FileExistsError:
            pass  # another process was first
        finally:
            fresh.unlink()

    def lock_of(self, owner: UUID) -> Path:
        """The lock file of an incarnation."""
        return self.directory / f"{owner}.lock"

    def journal_of(self, owner: UUID) -> Path:
        """The send journal of an incarnation."""
        return self.directory / f"{owner}{ENDING}"

    def ended_before(self, time: float) -> Iterator[UUID]:
        """The incarnations here whose send journal was last written to before a time (seconds
        since 1970), and which are dead."""
        for path in self.directory.glob(f"*{ENDING}"):
            owner = UUID(path.stem)
            if path.stat().st_mtime < time and self.is_dead(owner):
                yield owner

    def forget(self, owner: UUID) -> None:
        """Remove the send journal and the lock of an incarnation of which nothing is left."""
        self.journal_of(owner).unlink(missing_ok=True)
        self.lock_of(owner).unlink(missing_ok=True)

    def is_dead(self, owner: UUID) -> bool:
        """Whether the kernel has freed an incarnation's lock. A missing file proves nothing."""
        try:
            with self.lock_of(owner).open("r+b") as file:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


class Incarnation:
    """This process. Begun after the fork and before the first claim."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.owner = Owner(uuid4(), host.id, boot_id(), False)
        self._lock = os.open(host.lock_of(self.owner.id), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.lockf(self._lock, fcntl.LOCK_EX)
            self.journal = SendJournal(host.journal_of(self.owner.id))
        except OSError:
            os.close(self._lock)
            raise

    @property
    def id(self) -> UUID:
        """The owner that this process writes into the rows it claims."""
        return self.owner.id

    def end(self) -> None:
        """Free the lock; whatever is left belongs to the sweep."""
        self.journal.close()
        os.close(self._lock)


def boot_id() -> str:
    """Which boot of the machine this is: a journal that was not synced is trusted only in it."""
    return _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else "unknown"
