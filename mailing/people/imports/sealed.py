"""An uploaded file while it waits on the disk: sealed block by block as it comes, never in clear.

After 16 random octets come frames: a length (4 octets) and a block under the data key
(AES-256-GCM). Each is bound to the file, its place and whether it is the last, so that a file
that was cut, or put together from others, does not open.
"""

import errno
import hashlib
import os
import secrets
from io import RawIOBase, UnsupportedOperation
from pathlib import Path
from typing import BinaryIO

from mailing.base.errors import ConfigurationError, Unavailable
from mailing.base.sealing import keyring
from mailing.base.settings import Settings

BLOCK = 1 << 18
_NAME = 16
_LENGTH = 4
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Writer(RawIOBase):
    """Takes the file as it comes; `finish` seals the rest. Raises `Unavailable` on a full disk."""

    def __init__(self, settings: Settings, path: Path) -> None:
        self.path, self.size = path, 0
        self._digest, self._rest, self._number = hashlib.sha256(), bytearray(), 0
        self._ring, self._name = keyring(settings.data_key), secrets.token_bytes(_NAME)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._put(self._name)

    @property
    def sha256(self) -> str:
        """Of what has been written, hexadecimal."""
        return self._digest.hexdigest()

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def write(self, block: bytes) -> int:  # type: ignore[override]
        self._digest.update(block)
        self.size += len(block)
        self._rest += block
        while len(self._rest) > BLOCK:
            self._seal(bytes(self._rest[:BLOCK]), False)
            del self._rest[:BLOCK]
        return len(block)

    def seek(self, offset: int, whence: int = 0) -> int:
        """The web's parser goes back to the beginning once it has written all."""
        self.finish()
        return 0

    def finish(self) -> None:
        """Seal what is left and keep it through a power cut."""
        if self._file.closed:
            return
        self._seal(bytes(self._rest), True)
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        except OSError as error:
            raise _trouble(error) from None

    def close(self) -> None:
        if not self._file.closed:
            self._file.close()
        super().close()

    def _seal(self, block: bytes, is_last: bool) -> None:
        sealed = self._ring.encrypt(block, _about(self._name, self._number, is_last))
        self._number += 1
        self._put(len(sealed).to_bytes(_LENGTH) + sealed)

    def _put(self, octets: bytes) -> None:
        try:
            self._file.write(octets)
        except OSError as error:
            raise _trouble(error) from None


class Opened(RawIOBase):
    """Reads it from the beginning, again if wanted. Raises ConfigurationError where it is cut."""

    def __init__(self, settings: Settings, path: Path) -> None:
        self._ring = keyring(settings.data_key)
        self._file: BinaryIO = path.open("rb")
        self._rest, self._is_over = b"", False
        self._rewind()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        if (offset, whence) == (0, 0):
            self._rewind()
        elif (offset, whence) != (0, 1):
            raise UnsupportedOperation("only the beginning can be gone back to")
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._rest and not self._is_over:
            self._rest = self._next()
        taken = self._rest[: len(buffer)]
        buffer[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        self._at += len(taken)
        return len(taken)

    def close(self) -> None:
        self._file.close()
        super().close()

    def _rewind(self) -> None:
        self._file.seek(0)
        self._name = self._file.read(_NAME)
        self._number, self._at, self._rest, self._is_over = 0, 0, b"", False

    def _next(self) -> bytes:
        length = self._file.read(_LENGTH)
        sealed = self._file.read(int.from_bytes(length))
        if len(length) < _LENGTH:
            raise ConfigurationError("An uploaded file is cut. Upload it again.")
        is_last = not self._file.peek(1)  # type: ignore[attr-defined]
        block = self._ring.decrypt(sealed, _about(self._name, self._number, is_last))
        self._number, self._is_over = self._number + 1, is_last
        return block


def _about(name: bytes, number: int, is_last: bool) -> bytes:
    return b"kelisim import\0" + name + number.to_bytes(8) + bytes([is_last])


def _trouble(error: OSError) -> Exception:
    if error.errno in _FULL:
        return Unavailable("The disk is full; nothing was kept. Tell whoever looks after it.")
    return error
