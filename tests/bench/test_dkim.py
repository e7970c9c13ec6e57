"""The check before signed messages are measured: an unsigned message must not pass it."""

import smtplib
import sys
from pathlib import Path

import dkim
import pytest

from bench import signatures
from bench.dkim import is_signed
from bench.measure import DoesNotCount
from bench.sink import kept_apart, sink
from tests import parts

pytestmark = pytest.mark.xdist_group("bench")

_MESSAGE = (
    b"From: Glazik <news@glazik.example>\r\nTo: person@example.com\r\n"
    b"Subject: =?utf-8?b?0pvQsNGA0LDRiNCw?=\r\n\r\n.dot\r\n\r\nsecond part\r\n\r\n\r\n"
)


def test_what_a_sink_kept_of_a_signed_message_verifies_and_of_another_does_not(
    directory: Path,
) -> None:
    parts.demand("smtp-sink")
    key, record = signatures.make_key(directory)
    options, apart = kept_apart(directory)
    signature = dkim.sign(_MESSAGE, b"bench", b"glazik.example", key.read_bytes())
    with sink(*options) as into, smtplib.SMTP("127.0.0.1", into.port) as client:
        for message in (signature + _MESSAGE, _MESSAGE, signature + _MESSAGE.replace(b"se", b"SE")):
            client.sendmail("news@glazik.example", ["person@example.com"], message)
    kept = [one.read_bytes() for one in apart.iterdir()]
    assert sorted(is_signed(one, record) for one in kept) == [False, False, True]
    other = signatures.make_key(directory)[1]
    assert not any(is_signed(one, other) for one in kept)


def test_raw_signatures_are_those_of_all_processes_together() -> None:
    made, seconds = signatures.sign_for(0.2)
    assert made > 0
    assert seconds >= 0.2
    assert signatures.raw_rate(2, 0.2) > 0


def test_a_process_that_cannot_sign_makes_no_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(DoesNotCount):
        signatures.raw_rate(1, 0.1)
