"""The sink and its counters: what was counted decides whether a run counts."""

import os
import shutil
import threading
import time
from pathlib import Path

import pytest

from bench.measure import DoesNotCount
from bench.sink import MissingProgram, Sink, kept_in_one, program, recipients, sink
from bench.source import source
from tests import parts

pytestmark = pytest.mark.xdist_group("bench")


def test_what_smtp_source_sends_is_counted_to_the_message_and_kept_by_recipient(
    directory: Path,
) -> None:
    _demand_programs()
    options, dump = kept_in_one(directory)
    with sink(*options) as one:
        assert source(one, 200, 2_000) > 0
        assert one.messages == 200
        assert source(one, 100, 2_000) > 0
        assert one.messages == 300
    assert recipients(dump) == {"person@example.com": 300}


def test_a_reference_that_loses_messages_does_not_count() -> None:
    _demand_programs()
    with sink("-f", "DATA") as refusing, pytest.raises(DoesNotCount, match="smtp-source"):
        source(refusing, 5, 2_000)


def test_the_sink_is_counted_by_the_last_of_its_running_counters() -> None:
    reading, writing = os.pipe()
    one = Sink(port=2525)
    follower = threading.Thread(target=one.listen, args=(reading,))
    follower.start()
    os.write(writing, b"sess=0 quit=0 mesg=1\rsess=0 quit=0 mesg=2\r")
    os.write(writing, b"sess=1 quit=0 mesg=17\rsess=1 quit=1 mesg=17\r")
    os.close(writing)
    follower.join(5)
    os.close(reading)
    assert one.messages == 17
    assert one.settled_at(17) == 17
    seen = one.first_at or 0
    assert 0 < seen <= one.last_at
    assert one.mark() == 17
    assert not one.first_at
    assert one.url == "smtp://127.0.0.1:2525"


def test_a_counter_that_is_cut_in_two_is_still_read_right() -> None:
    reading, writing = os.pipe()
    one = Sink(port=2525)
    follower = threading.Thread(target=one.listen, args=(reading,))
    follower.start()
    os.write(writing, b"sess=0 quit=0 mesg=1")
    time.sleep(0.05)
    assert one.messages == 0
    os.write(writing, b"9\r")
    os.close(writing)
    follower.join(5)
    os.close(reading)
    assert one.messages == 19


def test_a_dump_tells_who_got_how_many(tmp_path: Path) -> None:
    dump = tmp_path / "all"
    dump.write_text(
        "X-Mail-Args: <n@glazik.example>\nX-Rcpt-Args: <a@example.com>\nReceived: x\n\nHello\n\n"
        "X-Mail-Args: <n@glazik.example>\nX-Rcpt-Args: <b@example.com>\nReceived: x\n\nHello\n\n"
        "X-Mail-Args: <n@glazik.example>\nX-Rcpt-Args: <a@example.com>\nReceived: x\n\nHello\n\n"
    )
    assert recipients(dump) == {"a@example.com": 2, "b@example.com": 1}


def test_a_missing_program_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None)
    with pytest.raises(MissingProgram, match=r"smtp-sink.*postfix"):
        program("smtp-sink")


def _demand_programs() -> None:
    parts.demand("smtp-sink")
    parts.demand("smtp-source")
