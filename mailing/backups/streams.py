"""Sealed files of any length: compressed, then AES-256-GCM segment by segment.

Each file has a key of its own, derived (HKDF) from the backup's key, its id and the file's name;
the nonce of a segment is its number and whether it is the last (the STREAM construction, Hoang et
al. 2015). So no segment can be changed, left out, cut off, or moved within or between files.
"""

import hashlib
import os
import zlib
from collections.abc import Iterator
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from mailing.backups import disk
from mailing.base.errors import KelisimError

SEGMENT = 1 << 20
_TAG = 16
# Sealed values do not compress, the rest does by a third and more: the least effort is the best.
_EFFORT = 1


class Damaged(KelisimError):
    """A file of the backup is not what was written."""


def derive(secret: bytes, backup_id: str, use: str) -> bytes:
    """The key of one use (a file's name) in one backup."""
    info = b"kelisim backup\0" + use.encode()
    kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=bytes.fromhex(backup_id), info=info)
    return kdf.derive(secret)


class Writer:
    """Takes a file as it comes; `finish` keeps it. Raises OSError where the disk refuses."""

    def __init__(self, path: Path, key: bytes) -> None:
        self._path, self._cipher = path, AESGCM(key)
        self._press, self._digest = zlib.compressobj(_EFFORT), hashlib.sha256()
        self._rest, self._number, self.octets = bytearray(), 0, 0
        self._file = disk.create(path)

    @property
    def sha256(self) -> str:
        """Of the file as it lies on the disk."""
        return self._digest.hexdigest()

    def write(self, block: bytes) -> None:
        """Take the next octets."""
        self._rest += self._press.compress(block)
        while len(self._rest) > SEGMENT:
            self._seal(bytes(self._rest[:SEGMENT]), False)
            del self._rest[:SEGMENT]

    def finish(self) -> None:
        """Seal what is left, and give the file its name."""
        self._rest += self._press.flush()
        while len(self._rest) > SEGMENT:
            self._seal(bytes(self._rest[:SEGMENT]), False)
            del self._rest[:SEGMENT]
        self._seal(bytes(self._rest), True)
        disk.keep(self._path, self._file)

    def _seal(self, block: bytes, is_last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._number, is_last), block, None)
        self._number += 1
        self._digest.update(sealed)
        self.octets += len(sealed)
        view = memoryview(sealed)
        while view:
            view = view[os.write(self._file, view) :]


def read(path: Path, key: bytes, sha256: str) -> Iterator[bytes]:
    """The octets that were written. Raises Damaged where the file is not as it was kept: at the
    latest after the last block, so what was read counts for nothing before the end."""
    cipher, unpress, digest = AESGCM(key), zlib.decompressobj(), hashlib.sha256()
    for number, sealed, is_last in _segments(path):
        digest.update(sealed)
        try:
            yield unpress.decompress(cipher.decrypt(_nonce(number, is_last), sealed, None))
        except (InvalidTag, ValueError, zlib.error):
            raise Damaged(_damaged(path)) from None
    if digest.hexdigest() != sha256 or not unpress.eof or unpress.unused_data:
        raise Damaged(_damaged(path))


def _segments(path: Path) -> Iterator[tuple[int, bytes, bool]]:
    try:
        with path.open("rb", buffering=SEGMENT + _TAG) as file:
            sealed, number = file.read(SEGMENT + _TAG), 0
            while True:
                following = file.read(SEGMENT + _TAG)
                yield number, sealed, not following
                if not following:
                    return
                sealed, number = following, number + 1
    except OSError as error:
        raise Damaged(f"{path} cannot be read ({error.strerror}); nothing was restored.") from None


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11) + bytes([is_last])


def _damaged(path: Path) -> str:
    return (
        f"{path} is not what the backup wrote: nothing was restored. Use another copy of this "
        "backup, or an older one."
    )
