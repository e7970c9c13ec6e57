"""The send journal: what a dead process can still say, and what it must not be taken to say."""

import re
import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailing.deliveries import sends
from mailing.deliveries.incarnations import Trace
from worker.sendjournal import Dot, Reply, SendJournal, read

FIRST, SECOND = UUID(int=1), UUID(int=2)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "one.sends"


def write(path: Path, *lines: str, end: str = "\n") -> None:
    path.write_text("\n".join(lines) + end)


def test_a_dot_and_its_reply_are_told(path: Path) -> None:
    journal = SendJournal(path)
    journal.dots([Dot(FIRST, 3, 12, b"\x01\x02")])
    journal.dots([Dot(SECOND, 1, None, b"\x03")])
    journal.replies([Reply(FIRST, 3, 250, "2.0.0 Ok:\r\n queued\x0b as \u2028 1")])
    journal.close()
    assert read(path) == {
        FIRST: Trace(3, 250, "2.0.0 Ok: queued as 1"),
        SECOND: Trace(1, None),
    }
    assert f"D {FIRST.hex} 3 12 0102 " in path.read_text()


def test_whom_a_relay_names_is_not_written_down(path: Path) -> None:
    """The file outlives a destruction: nobody's address stands in `var/` afterwards (T13)."""
    journal = SendJournal(path)
    journal.replies(
        [
            Reply(FIRST, 1, 250, "2.1.5 <aida.s@example.com> queued as 4F2"),
            Reply(SECOND, 1, 550, "5.1.1 No mailbox aida.s here, <aida.s@example.com>"),
        ]
    )
    journal.close()
    assert "aida" not in path.read_text()
    assert read(path) == {
        FIRST: Trace(1, 250, "2.1.5 (address) queued as 4F2"),
        SECOND: Trace(1, 550, "5.1.1"),
    }


def test_a_second_claim_of_the_same_delivery_replaces_the_first(path: Path) -> None:
    journal = SendJournal(path)
    journal.dots([Dot(FIRST, 1, 1, b"")])
    journal.replies([Reply(FIRST, 1, 451, "later")])
    journal.dots([Dot(FIRST, 2, 1, b"")])
    assert read(path) == {FIRST: Trace(2, None)}


@pytest.mark.parametrize("spelt", [FIRST.hex, str(FIRST)])
def test_a_torn_line_never_says_more_than_it_was_going_to(path: Path, spelt: str) -> None:
    """Half a code is another code; half an id is nobody's."""
    whole = f"K {spelt} 1 250 queued as 77\n"
    for length in range(4, len(whole)):
        write(path, f"D {spelt} 1 1 00 1.0", whole[:length], end="")
        assert read(path) == {FIRST: Trace(1, None)}


@pytest.mark.parametrize("spelt", [FIRST.hex, str(FIRST)])
def test_a_torn_dot_is_taken_for_a_dot_at_most(path: Path, spelt: str) -> None:
    whole = f"D {spelt} 1 1 00ff 1700000000.000000\n"
    for length in range(1, len(whole) + 1):
        write(path, f"D {SECOND} 1 1 00 1.0", whole[:length], end="")
        found = read(path)
        assert found is not None
        assert found.pop(SECOND) == Trace(1, None)
        assert found in ({}, {FIRST: Trace(1, None)})


@pytest.mark.parametrize(
    "nonsense", ["D", "K x", "D not-a-uuid 1", "K " + "a" * 36 + " 1 250 ok", "\0\0\0", "é�"]
)
def test_nonsense_is_passed_over(path: Path, nonsense: str) -> None:
    write(path, nonsense, f"D {FIRST} 1 1 00 1.0", f"K {FIRST} 1 250 ok")
    assert read(path) == {FIRST: Trace(1, 250, "ok")}


def test_after_a_torn_line_the_next_stands_on_its_own(path: Path) -> None:
    program = f"""
import resource, signal
from pathlib import Path
from uuid import UUID
from worker.sendjournal import Dot, Reply, SendJournal
journal = SendJournal(Path({str(path)!r}))
journal.dots([Dot(UUID(int=1), 1, 1, b"")])
resource.setrlimit(resource.RLIMIT_FSIZE, (110, resource.RLIM_INFINITY))
try:
    journal.dots([Dot(UUID(int=2), 1, 1, b"")])
except OSError as error:
    print("not written:", error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.replies([Reply(UUID(int=1), 1, 250, "ok")])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.startswith("not written:"), done.stderr
    found = read(path)
    assert found is not None
    assert found[FIRST] == Trace(1, 250, "ok")
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_on_a_full_disk_no_journal_begins_and_so_nothing_is_sent() -> None:
    with pytest.raises(OSError, match="No space left"):
        SendJournal(Path("/dev/full"))


def test_a_journal_that_is_gone_is_not_an_empty_one(path: Path) -> None:
    assert read(path) is None
    SendJournal(path).close()
    assert read(path) == {}
    assert Trace(1, None) != Trace(1, 250), uuid4()


_IDS = [UUID(int=number) for number in range(4)]
# As they are written, and with the hyphens that older journals have.
_SPELT = st.sampled_from([*(one.hex for one in _IDS), *map(str, _IDS)])
_LINES = st.one_of(
    st.builds("D {} {} 1 00ff 1700000000.000000".format, _SPELT, st.integers(1, 2)),
    st.builds("K {} {} 250 ok".format, _SPELT, st.integers(1, 2)),
    st.sampled_from(["", "K", f"D {_IDS[1].hex}", f"K {_IDS[2]} 1 25", "B 1.0", "\r", "é\u2028"]),
)


@given(st.lists(_LINES), st.sampled_from(["", "\n"]), st.sets(st.sampled_from(_IDS)))
def test_what_is_asked_of_a_few_is_what_all_of_it_says_of_them(
    said: list[str], end: str, few: set[UUID]
) -> None:
    """It is read backwards, and no further than it must be: the last line of a delivery counts."""
    with TemporaryDirectory() as place, mock.patch.object(sends, "_BLOCK", 50):
        path = Path(place) / "one.sends"
        path.write_text("\n".join(said) + end, newline="")
        told: dict[UUID, Trace] = {}
        for one in sends.lines(path):
            code, text = (one.code, one.text) if isinstance(one, Reply) else (None, "")
            told[one.delivery] = Trace(one.fence, code, text)
        assert read(path) == told
        assert read(path, few) == {one: told[one] for one in few if one in told}


def test_however_much_a_process_has_sent_its_end_is_read_at_once(path: Path) -> None:
    """A process that had sent a million kept its work waiting while all of it was read."""
    with path.open("w") as file:
        file.writelines(f"D {UUID(int=number)} 1 1 00 1.0\n" for number in range(20_000))
    before = octets_read()
    assert set(read(path, [UUID(int=19_998), UUID(int=19_999)]) or ()) == {
        UUID(int=19_998),
        UUID(int=19_999),
    }
    assert octets_read() - before < path.stat().st_size / 2


def octets_read() -> int:
    """What this process has read so far."""
    return int(re.search(r"rchar: (\d+)", Path("/proc/self/io").read_text())[1])  # type: ignore[index]
