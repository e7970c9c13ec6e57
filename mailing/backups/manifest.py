"""The manifest: what a backup holds, and the proof that nobody has changed it.

It is written last, so a directory without one is no backup. It names tables, counts and ids, never
a person.
"""

import hashlib
import hmac
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mailing.backups import disk, streams
from mailing.backups.keys import DatedKey
from mailing.backups.streams import Damaged
from mailing.base.errors import Invalid, NotReady

FORMAT = 1
_NAME = "manifest.json"
_ID = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True)
class Kept:
    """One table as it lies in the backup."""

    name: str
    columns: list[str]
    rows: int
    file: str
    octets: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What there is; `sequences` by name, `[last value, whether it was given out]`."""

    id: str
    made_at: str
    program: str
    schema: str
    postgresql: int
    installation: str
    journals: list[str]
    key: dict[str, str]
    tables: list[Kept]
    sequences: dict[str, tuple[int, bool]]
    format: int = FORMAT

    @property
    def rows(self) -> int:
        """Over all tables."""
        return sum(one.rows for one in self.tables)

    @property
    def octets(self) -> int:
        """On the disk."""
        return sum(one.octets for one in self.tables)


def write(directory: Path, manifest: Manifest, key: DatedKey) -> None:
    """Make the directory a backup."""
    disk.write(directory / _NAME, _spell(manifest, _mac(manifest, key)))


def read(directory: Path) -> tuple[Manifest, str]:
    """The manifest and its proof, which `demand_proof` asks for. Raises Invalid, Damaged."""
    try:
        octets = (directory / _NAME).read_bytes()
    except OSError:
        raise Invalid(
            f"{directory} is no backup: it has no manifest. One that was broken off is none."
        ) from None
    try:
        whole = json.loads(octets)
        manifest, proof = _understood(whole["manifest"]), str(whole["mac"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Damaged(_changed(directory)) from None
    if manifest.format != FORMAT:
        raise NotReady(f"{directory} was written by a newer version; install that one first.")
    if octets != _spell(manifest, proof) or not _ID.fullmatch(manifest.id):
        raise Damaged(_changed(directory))
    return manifest, proof


def demand_proof(directory: Path, manifest: Manifest, proof: str, key: DatedKey) -> None:
    """Raises Damaged unless whoever had the key wrote this very manifest."""
    if not hmac.compare_digest(_mac(manifest, key), proof):
        raise Damaged(_changed(directory))


def _understood(told: dict[str, Any]) -> Manifest:
    tables = [Kept(**one) for one in told.pop("tables")]
    places = {name: (int(at), bool(out)) for name, (at, out) in told.pop("sequences").items()}
    return Manifest(**told, tables=tables, sequences=places)


def _mac(manifest: Manifest, key: DatedKey) -> str:
    own = streams.derive(key.secret, manifest.id, _NAME)
    return hmac.new(own, _text(asdict(manifest)), hashlib.sha256).hexdigest()


def _spell(manifest: Manifest, proof: str) -> bytes:
    return _text({"manifest": asdict(manifest), "mac": proof}) + b"\n"


def _text(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1).encode()


def _changed(directory: Path) -> str:
    return f"The manifest of {directory} is not what the backup wrote: nothing was restored."
