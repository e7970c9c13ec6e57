"""What has been caught: raw bytes and envelopes, as files, the newest in memory too."""

import json
import threading
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

SHOWN = 1000


@dataclass(frozen=True)
class Caught:
    """One message: `raw` is exactly what followed DATA, without the dots of transparency."""

    number: int
    mail_from: str
    rcpt_tos: tuple[str, ...]
    received_at: datetime
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        """The same, parsed for showing; never fails, whatever the bytes are."""
        return message_from_bytes(self.raw, policy=policy.default)

    def header(self, name: str) -> str:
        """A header as text; a broken one as far as it can be read."""
        try:
            return str(self.message.get(name, ""))
        except Exception:
            return "(unreadable)"

    def part(self, subtype: str) -> str:
        """The text of the part `text/<subtype>`; empty where there is none."""
        found = self.message.get_body((subtype,))
        if found is None:
            return ""
        try:
            return str(found.get_content())
        except (LookupError, KeyError, UnicodeError):
            return (found.get_payload(decode=True) or b"").decode(errors="replace")  # type: ignore[union-attr]


class Mailbox:
    """Everything caught since the start, numbered; goes on counting after a restart."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._newest: deque[Caught] = deque(maxlen=SHOWN)
        self._lock = threading.Lock()
        self._count = max((int(path.stem) for path in directory.glob("[0-9]*.eml")), default=0)

    def take(self, mail_from: str, rcpt_tos: list[str], raw: bytes) -> Caught:
        """Keep one message. Its `.eml` appears last and whole: who sees it may read both."""
        with self._lock:
            self._count += 1
            now = datetime.now(UTC)
            caught = Caught(self._count, mail_from, tuple(rcpt_tos), now, raw)
            self._write(caught)
            self._newest.appendleft(caught)
        return caught

    def newest(self) -> list[Caught]:
        """What is kept in memory, newest first."""
        with self._lock:
            return list(self._newest)

    def find(self, number: int) -> Caught | None:
        """The message of that number, if it is still in memory."""
        return next((caught for caught in self.newest() if caught.number == number), None)

    def _write(self, caught: Caught) -> None:
        path = self.directory / f"{caught.number:08}"
        envelope = {
            "mail_from": caught.mail_from,
            "rcpt_tos": list(caught.rcpt_tos),
            "received_at": caught.received_at.isoformat(),
            "monotonic": time.monotonic(),
            "size": len(caught.raw),
        }
        path.with_suffix(".json").write_text(json.dumps(envelope, ensure_ascii=False))
        path.with_suffix(".part").write_bytes(caught.raw)
        path.with_suffix(".part").rename(path.with_suffix(".eml"))
