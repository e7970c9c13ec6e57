"""Dated keys: each day's backups are sealed under a key that is destroyed when their time is over.

A key lies in a file of its own, outside every backup. Whoever restores on another machine brings
a copy; whoever keeps a copy destroys it on the day that it names.
"""

import base64
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from mailing.backups import disk
from mailing.base import clock
from mailing.base.errors import Missing, NotAllowed
from mailing.base.sealing import fingerprint
from mailing.base.settings import Settings

_LENGTH = 32


@dataclass(frozen=True)
class DatedKey:
    """One day's key, and from which day on nothing may open with it (UTC)."""

    secret: bytes
    made_on: date
    expires_on: date
    path: Path

    @property
    def id(self) -> str:
        """What tells it from others, and nothing else about it."""
        return fingerprint(self.secret).hex()

    def is_over(self, today: date) -> bool:
        """Whether the time of the backups under it is over."""
        return today >= self.expires_on

    def told(self) -> dict[str, str]:
        """What a manifest says of it."""
        return {"id": self.id, "made_on": f"{self.made_on}", "expires_on": f"{self.expires_on}"}


def of_today(settings: Settings) -> DatedKey:
    """Today's key, made where there is none; what is over is destroyed first."""
    today = clock.now().date()
    expire(settings, today)
    until = today + timedelta(days=settings.backup_days)
    dates = (today, until)
    found = [one for one in known(settings.key_dir) if (one.made_on, one.expires_on) == dates]
    return found[0] if found else _make(settings.key_dir, today, until)


def known(place: Path) -> Iterator[DatedKey]:
    """The keys in a directory, or the one in a file, oldest first; what is no key is passed by."""
    paths = sorted(place.glob("*.key")) if place.is_dir() else [place]
    for path in paths:
        key = _read(path)
        if key is not None:
            yield key


def find(key_id: str, places: Iterable[Path]) -> DatedKey:
    """The key of a backup. Raises Missing where nobody has it (any more), and NotAllowed where its
    time is over: then it has to be destroyed, not used."""
    found = next((one for place in places for one in known(place) if one.id == key_id), None)
    if found is None:
        raise Missing(
            f"The key {key_id} of this backup is not here. Name its file with --key; where it was "
            "destroyed because its time was over, nothing opens the backup any more."
        )
    if found.is_over(clock.now().date()):
        raise NotAllowed(
            f"The time of this backup was over on {found.expires_on}: destroy {found.path}, "
            "and restore a newer one."
        )
    return found


def expire(settings: Settings, today: date) -> list[DatedKey]:
    """Destroy the keys whose time is over; which."""
    over = [one for one in known(settings.key_dir) if one.is_over(today)]
    for one in over:
        _destroy(one.path)
    return over


def _make(directory: Path, made_on: date, expires_on: date) -> DatedKey:
    secret = secrets.token_bytes(_LENGTH)
    path = directory / f"{made_on}-{fingerprint(secret).hex()}.key"
    key = DatedKey(secret, made_on, expires_on, path)
    told = {**key.told(), "key": base64.b64encode(secret).decode()}
    disk.make_directory(directory)
    disk.write(path, json.dumps(told).encode() + b"\n")
    return key


def _read(path: Path) -> DatedKey | None:
    try:
        told = json.loads(path.read_bytes())
        secret = base64.b64decode(told["key"], validate=True)
        made_on, expires_on = (date.fromisoformat(told[n]) for n in ("made_on", "expires_on"))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    key = DatedKey(secret, made_on, expires_on, path)
    return key if len(secret) == _LENGTH and key.id == told.get("id") else None


def _destroy(path: Path) -> None:
    """Overwritten before it is removed; a disk that copies on write may keep the octets, so keep
    the directory on one that does not, or encrypted."""
    with path.open("r+b", buffering=0) as file:
        file.write(os.urandom(path.stat().st_size))
        os.fsync(file.fileno())
    path.unlink()
    disk.sync(path.parent)
