"""Files that only their owner reads, and that are whole or not there after a power cut."""

import os
from pathlib import Path


def make_directory(place: Path) -> None:
    """A directory that only its owner opens; one that is there stays as it is."""
    place.mkdir(parents=True, exist_ok=True, mode=0o700)


def create(path: Path) -> int:
    """A new file for its owner alone, under a temporary name that `keep` ends; its descriptor."""
    return os.open(_scratch(path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)


def keep(path: Path, descriptor: int) -> None:
    """Bring what was written to the disk, and give the file its name."""
    os.fsync(descriptor)
    os.close(descriptor)
    _scratch(path).rename(path)
    sync(path.parent)


def write(path: Path, octets: bytes) -> None:
    """A whole small file."""
    descriptor = create(path)
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(octets)
    keep(path, descriptor)


def sync(directory: Path) -> None:
    """Bring the names in a directory to the disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _scratch(path: Path) -> Path:
    return path.with_name(path.name + ".part")
