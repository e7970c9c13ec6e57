"""The public collection of bounces, complaints and automatic replies, read from where it lies.

`gold.json` holds what a person made of each sample: its kind, and the addresses that it is about;
nothing of the samples themselves is kept here.
"""

import json
import os
from pathlib import Path

import pytest

from mailing.inbound.reading import read

GOLD: dict[str, tuple[str, list[str]]] = json.loads(
    Path(__file__).with_name("gold.json").read_text("utf-8")
)
RIGHT = 0.97


@pytest.fixture(scope="module")
def samples() -> dict[str, bytes]:
    """The samples of the gold list, by name."""
    folder = Path(os.environ.get("KELISIM_CORPORA") or "../shared/corpora") / "set-of-emails"
    if not folder.is_dir():
        pytest.skip("without the sample messages: set KELISIM_CORPORA to their folder")
    return {name: (folder / name).read_bytes() for name in GOLD}


def test_the_samples_are_read_as_a_person_reads_them(samples: dict[str, bytes]) -> None:
    found = {name: read(raw) for name, raw in samples.items()}
    told = {name: [str(one.kind), list(one.recipients)] for name, one in found.items()}
    missed = {name: (told[name], GOLD[name]) for name in told if told[name] != list(GOLD[name])}
    assert len(missed) <= (1 - RIGHT) * len(GOLD), missed


def test_nothing_else_is_taken_for_a_bounce(samples: dict[str, bytes]) -> None:
    others = [name for name, (kind, _) in GOLD.items() if not kind.startswith("bounce")]
    assert others
    assert [n for n in others if read(samples[n]).kind.startswith("bounce")] == []


def test_no_address_is_blamed_that_a_person_would_not_blame(samples: dict[str, bytes]) -> None:
    gentle = [name for name, (kind, _) in GOLD.items() if kind != "bounce-hard"]
    assert [n for n in gentle if str(read(samples[n]).kind) == "bounce-hard"] == []


@pytest.mark.soak
def test_a_damaged_sample_never_raises(samples: dict[str, bytes]) -> None:
    """Cut at each eighth, with octets flipped and lines shuffled: it is read, or unclear."""
    for raw in samples.values():
        for eighth in range(1, 8):
            cut = raw[: len(raw) * eighth // 8]
            flipped = bytes(
                one ^ (1 << eighth) if n % 97 == eighth else one for n, one in enumerate(cut)
            )
            shuffled = b"\n".join(cut.split(b"\n")[::-1])
            for damaged in (cut, flipped, shuffled):
                assert not read(damaged).reason.startswith("not readable")
