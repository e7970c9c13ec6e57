"""The archive: the files of a bundle in one ZIP, and a manifest with the SHA-256 of each."""

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Packed:
    """A finished archive; `files` are the names in it, the manifest last."""

    octets: bytes
    files: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """Of the whole archive, hexadecimal."""
        return sha256(self.octets).hexdigest()


def pack(files: dict[str, bytes], made_at: datetime) -> Packed:
    """Put the files into one ZIP, the manifest last; the same files make the same octets."""
    whole = {**files, MANIFEST: _manifest(files, made_at)}
    written = BytesIO()
    with ZipFile(written, "w", ZIP_DEFLATED) as archive:
        for name, octets in whole.items():
            archive.writestr(_entry(name, made_at), octets)
    return Packed(written.getvalue(), tuple(whole))


def _entry(name: str, made_at: datetime) -> ZipInfo:
    entry = ZipInfo(name, made_at.timetuple()[:6])
    entry.compress_type = ZIP_DEFLATED
    # Whoever unpacks it on a shared machine shows it to nobody else.
    entry.external_attr = 0o600 << 16
    return entry


def _manifest(files: dict[str, bytes], made_at: datetime) -> bytes:
    named = [
        {"name": name, "size": len(octets), "sha256": sha256(octets).hexdigest()}
        for name, octets in files.items()
    ]
    told = {"made_at": made_at.isoformat(), "files": named}
    return (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()
