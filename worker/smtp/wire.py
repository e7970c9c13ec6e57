"""One non-blocking socket, plain or TLS: bytes out, bytes in, and what it waits for."""

import errno
import os
import select
import socket
import ssl
import struct
from collections.abc import Callable
from ipaddress import ip_address
from selectors import EVENT_READ, EVENT_WRITE

from worker.smtp.relay import Spot
from worker.smtp.reply import Broken

# One TLS record, the most that is decrypted at once: nothing stays behind unseen by the loop.
RECORD = READ_SIZE = 16384
ABORT = struct.pack("ii", 1, 0)


class Wire:
    """A socket that has begun to connect.

    `is_settled` says that it is connected and, where asked for, TLS is up: bytes may flow.

    `unsent` is what the kernel has not taken yet. `queued` counts the bytes given to it,
    `ventured` those that may have left this process. On a TLS connection a write that was tried
    counts as ventured, since part of it may be out.
    """

    def __init__(self, spot: Spot, sock: socket.socket) -> None:
        self.spot = spot
        self._socket = sock
        self.unsent = memoryview(b"")
        self._tls: tuple[ssl.SSLContext, str] | None = None
        self._is_connected = self.is_settled = False
        # There while bytes flow as they are: settled, and without TLS.
        self._look: Callable[[int], list[tuple[int, int]]] | None = None
        self._to_read, self._to_write = EVENT_READ, EVENT_WRITE
        self.is_secure = False
        self.queued = self.ventured = 0
        self.fault: str | None = None

    def fileno(self) -> int:
        return self._socket.fileno()

    def wants(self) -> int:
        """Return the mask to select on; TLS may have to read in order to write."""
        if self.fault:
            return EVENT_READ | EVENT_WRITE
        if not self.is_settled:
            return self._to_read if self._is_connected else EVENT_WRITE
        return self._to_read | self._to_write if self.unsent else self._to_read

    def settle(self) -> bool:
        """Carry connecting and the TLS handshake on; True once bytes may flow."""
        try:
            self.is_settled = self._has_connected() and self._has_shaken_hands()
        except (OSError, ValueError) as error:
            raise Broken(reason_of(error)) from error
        if self.is_settled and not self.is_secure:
            self._look = _looker(self._socket)
        return self.is_settled

    def secure(self, context: ssl.SSLContext, host: str) -> None:
        """Go on in TLS from the next byte, verifying the certificate for `host`."""
        self._tls = (context, host)
        self.is_settled, self._look = False, None
        # The client speaks first in a handshake, so the loop must come back without being called.
        self._to_read = EVENT_WRITE

    def put(self, data: bytes, is_followed: bool = False) -> None:
        """Queue bytes and give the kernel what it takes now.

        `is_followed`: more is said soon. The kernel may keep the end back for it (MSG_MORE in
        send(2)), until the peer acknowledges what went before or a retransmission would be due,
        some 200 ms; what can fill segments goes at once.
        """
        size = len(data)
        self.queued += size
        if self._look is None or self.unsent or self.fault:
            self.unsent = memoryview(bytes(self.unsent) + data if self.unsent else data)
            self.flush()
            return
        taken = self._write(data, socket.MSG_MORE if is_followed else 0)
        self.ventured += taken
        if taken < size:
            self.unsent = memoryview(data)[taken:]

    def flush(self) -> None:
        """Write what can be written. A failure is kept: an answer may still wait to be read."""
        while self.unsent and self.is_settled and self.fault is None:
            taken = self._write_record() if self.is_secure else self._write(self.unsent)
            if not taken:
                return
            self.unsent = self.unsent[taken:]
            self.ventured = self.queued - len(self.unsent)

    def is_quiet(self) -> bool:
        """True when there is surely nothing to read, the end included; TLS cannot tell.

        Asked before each dot, so it must be cheap: 0.6 us, where reading in vain takes 2.0.
        """
        return self._look is not None and not self._look(0)

    def take(self) -> bytes:
        """Return what has come, b"" for nothing yet; raises Broken at the end of the stream."""
        self._to_read = EVENT_READ
        try:
            data = self._socket.recv(READ_SIZE)
        except (BlockingIOError, ssl.SSLWantReadError):
            return b""
        except ssl.SSLWantWriteError:
            self._to_read = EVENT_READ | EVENT_WRITE
            return b""
        except OSError as error:
            raise Broken(reason_of(error)) from error
        if not data:
            raise Broken("the peer closed the connection")
        return data

    def is_loopback(self) -> bool:
        """True when the peer is this very machine, so that nobody can listen in between."""
        return ip_address(str(self.spot.sockaddr[0]).partition("%")[0]).is_loopback

    def shut(self, at_once: bool = False) -> None:
        """Close; `at_once` drops what the kernel still holds and resets the connection."""
        if at_once and self._socket.fileno() >= 0:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
        self._socket.close()

    def _has_connected(self) -> bool:
        if self._is_connected:
            return True
        error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))
        try:
            self._socket.getpeername()
        except OSError as still:
            if still.errno != errno.ENOTCONN:
                raise
            return False
        self._is_connected = True
        return True

    def _has_shaken_hands(self) -> bool:
        if self._tls is None or self.is_secure:
            return True
        if not isinstance(self._socket, ssl.SSLSocket):
            context, host = self._tls
            self._socket = context.wrap_socket(
                self._socket, server_hostname=host, do_handshake_on_connect=False
            )
        try:
            self._socket.do_handshake()
        except ssl.SSLWantReadError:
            self._to_read = EVENT_READ
        except ssl.SSLWantWriteError:
            self._to_read = EVENT_WRITE
        else:
            self._to_read, self.is_secure = EVENT_READ, True
        return self.is_secure

    def _write(self, data: bytes | memoryview, flags: int = 0) -> int:
        self._to_write = EVENT_WRITE
        try:
            return self._socket.send(data, flags)
        except ssl.SSLWantReadError:
            self._to_write = EVENT_READ
        except (BlockingIOError, ssl.SSLWantWriteError):
            pass
        except OSError as error:
            self.fault = reason_of(error)
        return 0

    def _write_record(self) -> int:
        record = self.unsent[:RECORD]
        self.ventured = self.queued - len(self.unsent) + len(record)
        return self._write(record)


def _looker(sock: socket.socket) -> Callable[[int], list[tuple[int, int]]]:
    """Return what looks for bytes or the end of the stream; errors show without being asked."""
    poll = select.poll()
    poll.register(sock, select.POLLIN | select.POLLRDHUP)
    return poll.poll


def reason_of(error: OSError | ValueError) -> str:
    """Say it in the system's words, or in those of the certificate check."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the relay's certificate does not hold: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or error}"
    return ((isinstance(error, OSError) and error.strerror) or str(error)).lower()
