"""What a hostile message costs, and that it is somebody's to read."""

import time
from email import message_from_bytes

import pytest

from mailing.inbound import heading
from mailing.inbound.reading import Kind, read
from mailing.inbound.reading import opened as opening
from mailing.inbound.reading.limits import MOST_LINES
from tests.inbound.reading.bombs import READ, RECIPIENTS, REFUSED, nested
from tests.inbound.reading.letters import plain
from tests.inbound.reading.spellings import WITHDRAW

# The parser alone on the largest message that is parsed; a reading may cost a few times as much.
# On two quiet cores that is half a second, and the limit two.
LARGEST = nested(8, MOST_LINES)
TIMES, TRIES = 4, 3


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_beyond_a_limit_is_a_persons_to_read_and_says_so(name: str) -> None:
    found = read(REFUSED[name])
    assert (found.kind, found.is_answerable) == (Kind.UNCLEAR, False)
    assert found.reason.startswith("not opened: ")


# Messages inside messages are counted by the parser's own depth, recipients in what it parsed.
BEFORE = [name for name in REFUSED if not name.startswith(("recipients", "messages"))]


@pytest.mark.parametrize("name", BEFORE)
def test_what_can_be_counted_is_never_parsed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[bytes] = []
    monkeypatch.setattr(opening, "message_from_bytes", parsed.append)
    read(REFUSED[name])
    assert parsed == []


@pytest.fixture(scope="module")
def yardstick() -> float:
    """Seconds of processor time for the standard parser, on this machine as it is now."""
    return min(_seconds(message_from_bytes, LARGEST) for _ in range(TRIES))


@pytest.mark.parametrize("name", READ)
def test_no_message_costs_more_than_a_few_parsings_of_the_largest(
    name: str, yardstick: float
) -> None:
    found = read(READ[name], authserv_ids=["x"])
    assert not found.reason.startswith("not readable")
    costs = (_seconds(read, READ[name], authserv_ids=["x"]) for _ in range(TRIES))
    assert any(cost < TIMES * yardstick for cost in costs)


def test_a_long_letter_with_many_files_is_below_every_limit() -> None:
    """Two megabytes of files, a long header, a long name of a file: people send that."""
    name = "%D0%B0" * 250
    file = f"--x\nContent-Disposition: attachment;\n filename*=utf-8''{name}.pdf\n\n"
    trace = b"Received: from a.example by b.example; Sun, 29 Nov 2026 10:00:00 +0500\n" * 60
    kind = b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\nsalem\n"
    body = b"".join(file.encode() + b"YWJj" * 19 + b"\n" * 400 for _ in range(40))
    letter = trace + plain("", Subject=WITHDRAW).partition(b"\n\n")[0].replace(
        b"Content-Type", b"X-Type"
    )
    assert read(letter + b"\n" + kind + body).kind is Kind.WITHDRAWAL


@pytest.mark.parametrize("name", RECIPIENTS)
def test_recipients_that_cannot_be_read_are_nobody(name: str) -> None:
    """They are asked of a header outside of the reading, before a message is stored."""
    letter = b"To: " + RECIPIENTS[name] + b"\nCc: helpdesk@koktem.example\n\nx"
    found = list(heading.of(letter).recipients)
    assert found[-1:] == ["helpdesk@koktem.example"]
    assert all(one.isprintable() and len(one) <= 320 for one in found)


def _seconds(act: object, raw: bytes, **more: object) -> float:
    begun = time.process_time()
    assert callable(act)
    act(raw, **more)
    return time.process_time() - begun
