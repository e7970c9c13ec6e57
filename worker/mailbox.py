"""The mailbox: takes mail in by IMAP (RFC 9051 and its elders), once a poll, as its owner would.

Whatever lies in the folder is looked at, read without being marked, taken in, and only then moved:
to the folder of what was processed, or of what waits for a person. So nothing need be remembered
between two polls, a new UIDVALIDITY means nothing, and what could not be moved is taken in again,
which changes nothing.
"""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import structlog
from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from mailing.inbound.messages import LARGEST

PROCESSED, UNCLEAR = "Kelisim-processed", "Kelisim-unclear"
_TIMEOUT = SocketTimeout(connect=15, read=120)

# Takes a message in; whether it waits for a person; None where it has to stay where it is.
Take = Callable[[bytes], bool | None]

_log = structlog.get_logger()


@dataclass(frozen=True)
class Place:
    """Where the mailbox is, as `KELISIM_IMAP_URL` says."""

    host: str
    port: int
    user: str
    password: str
    folder: str
    security: str

    @classmethod
    def of(cls, url: str) -> Self:
        """Read `imaps://user:password@host:port/folder`; the folder is INBOX unless it is named."""
        parts = urlsplit(url)
        security = {"imaps": "tls", "imap+starttls": "starttls"}.get(parts.scheme, "none")
        return cls(
            host=parts.hostname or "",
            port=parts.port or (993 if security == "tls" else 143),
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            folder=unquote(parts.path.strip("/")) or "INBOX",
            security=security,
        )


class Mailbox:
    """One connection, logged in, with both folders there. A context."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._client: Any = IMAPClient(
            place.host,
            place.port,
            ssl=place.security == "tls",
            ssl_context=ssl.create_default_context() if place.security == "tls" else None,
            timeout=_TIMEOUT,
        )
        try:
            self._begin()
        except BaseException:
            self._client.shutdown()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        try:
            self._client.logout()
        except (IMAPClientError, OSError):
            self._client.shutdown()

    def poll(self, take: Take) -> int:
        """Take in what lies there, the oldest first; how many. Raises whatever `take` raises:
        the message and those after it stay where they are. One that the server will not hand out
        or move stays alone."""
        self._client.select_folder(self._place.folder)
        uids = sorted(self._client.search(["UNDELETED"]))
        for uid in uids:
            try:
                self._take_in(uid, take)
            except IMAPClientAbortError:
                raise
            except IMAPClientError as error:
                # RFC 9051 7.1.2: the server says no to this command, and goes on.
                _log.warning("a message stays where it is", uid=uid, error=type(error).__name__)
        return len(uids)

    def _take_in(self, uid: int, take: Take) -> None:
        raw = self._octets(uid)
        # Somebody else may have moved it since.
        waits = take(raw) if raw is not None else None
        if waits is not None:
            self._move(uid, self._unclear if waits else self._processed)

    def _begin(self) -> None:
        if self._place.security == "starttls":
            self._client.starttls(ssl.create_default_context())
        self._client.login(self._place.user, self._place.password)
        prefix = self._prefix()
        self._processed, self._unclear = prefix + PROCESSED, prefix + UNCLEAR
        for folder in (self._processed, self._unclear):
            if not self._client.folder_exists(folder):
                self._client.create_folder(folder)
                self._client.subscribe_folder(folder)

    def _prefix(self) -> str:
        """What the names of our own folders begin with on this server (RFC 2342)."""
        if not self._client.has_capability("NAMESPACE"):
            return ""
        personal = self._client.namespace().personal
        return str(personal[0][0]) if personal else ""

    def _octets(self, uid: int) -> bytes | None:
        """The message as it is, its first `LARGEST` octets where there are more of it."""
        asked = f"BODY.PEEK[]<0.{LARGEST}>"
        found = self._client.fetch([uid], [asked, "RFC822.SIZE"]).get(uid, {})
        if found.get(b"RFC822.SIZE", 0) > LARGEST:
            _log.warning("a message is too large to be kept whole", size=found[b"RFC822.SIZE"])
        bodies = [value for name, value in found.items() if name.startswith(b"BODY[]")]
        return bytes(bodies[0]) if bodies and bodies[0] is not None else None

    def _move(self, uid: int, folder: str) -> None:
        """RFC 6851 where it is spoken; else a copy, and the original marked and expunged alone."""
        if self._client.has_capability("MOVE"):
            self._client.move([uid], folder)
            return
        self._client.copy([uid], folder)
        self._client.add_flags([uid], [rb"\Deleted"], silent=True)
        if self._client.has_capability("UIDPLUS"):
            self._client.uid_expunge([uid])
