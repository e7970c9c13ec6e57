"""Sealed files: what was written is read, and whatever was done to it is found."""

import hashlib
import random
from pathlib import Path

import pytest

from mailing.backups import streams
from mailing.backups.streams import Damaged, Writer, derive

KEY = derive(b"\1" * 32, "00" * 16, "one.sealed")


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "SEGMENT", 32)


def written(path: Path, *blocks: bytes, key: bytes = KEY) -> str:
    writer = Writer(path, key)
    for block in blocks:
        writer.write(block)
    writer.finish()
    assert writer.octets == path.stat().st_size
    return writer.sha256


def is_found(path: Path, sha256: str, octets: bytes) -> bool:
    """Whether these octets in the file's place are found out, with and without their own hash."""
    path.write_bytes(octets)
    for said in (sha256, hashlib.sha256(octets).hexdigest()):
        try:
            list(streams.read(path, KEY, said))
        except Damaged:
            continue
        return False
    return True


@pytest.mark.parametrize("size", [0, 1, 23, 24, 31, 32, 33, 64, 1000])
def test_what_was_written_is_read(tmp_path: Path, size: int) -> None:
    octets = random.Random(size).randbytes(size)
    sha256 = written(tmp_path / "one.sealed", octets[: size // 3], octets[size // 3 :])
    assert b"".join(streams.read(tmp_path / "one.sealed", KEY, sha256)) == octets
    assert (tmp_path / "one.sealed").stat().st_mode & 0o777 == 0o600


def test_every_cut_and_every_flipped_bit_is_found(tmp_path: Path) -> None:
    path = tmp_path / "one.sealed"
    sha256 = written(path, random.Random(1).randbytes(80))
    whole = path.read_bytes()
    assert len(whole) > 3 * streams.SEGMENT
    for size in range(len(whole)):
        assert is_found(path, sha256, whole[:size]), f"cut at {size}"
    for place in range(len(whole) * 8):
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        assert is_found(path, sha256, bytes(damaged)), f"bit {place}"


def test_segments_in_another_order_twice_or_of_another_file_are_found(tmp_path: Path) -> None:
    path = tmp_path / "one.sealed"
    sha256 = written(path, random.Random(2).randbytes(200))
    step = streams.SEGMENT + 16
    whole = path.read_bytes()
    parts = [whole[at : at + step] for at in range(0, len(whole), step)]
    other = derive(b"\1" * 32, "00" * 16, "two.sealed")
    written(tmp_path / "two.sealed", random.Random(2).randbytes(200), key=other)
    for wrong in (
        [parts[1], parts[0], *parts[2:]],
        [parts[0], *parts],
        [*parts, parts[-1]],
        [(tmp_path / "two.sealed").read_bytes()],
    ):
        assert is_found(path, sha256, b"".join(wrong))


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(Damaged, match="cannot be read"):
        list(streams.read(tmp_path / "none", KEY, ""))
