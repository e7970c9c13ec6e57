"""Processor time by part."""

import subprocess
import sys
import time

import psutil

from bench import processor
from bench.processor import Meter

_BURN = "import time; e = time.process_time() + {0}\nwhile time.process_time() < e: pass"
_BURN_BELOW = "import subprocess, sys; subprocess.run([sys.executable, '-c', {0!r}])\ninput()"


def test_what_is_spent_while_the_block_lasts_is_told_by_message_and_part() -> None:
    looks = iter([{"a": 10.0, "b": 1.0}, {"a": 10.2, "b": 1.0, "c": 0.1}])
    with Meter(lambda: next(looks)) as meter:
        pass
    told = meter.told(1_000)
    assert told["microseconds_a_message"] == {"a": 200.0, "b": 0.0, "c": 100.0}
    assert told["together"] == 300.0
    assert told["rate_at_most"] == round((psutil.cpu_count() or 1) * 1_000_000 / 300)


def test_the_time_of_a_child_that_has_ended_is_not_lost() -> None:
    burn = _BURN.format(0.3)
    code = _BURN_BELOW.format(burn)
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as parent:
        deadline = time.monotonic() + 20
        while processor.of_tree(parent.pid) < 0.3 or psutil.Process(parent.pid).children():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        alone = processor.of_process(psutil.Process(parent.pid))
        assert processor.of_tree(parent.pid) >= alone + 0.3
        parent.communicate(b"\n")


def test_children_that_were_waited_for_are_counted() -> None:
    before = processor.of_children()
    subprocess.run([sys.executable, "-c", _BURN.format(0.2)], check=True)
    assert processor.of_children() - before >= 0.2


def test_a_process_that_is_gone_has_no_time() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        known = psutil.Process(child.pid)
        child.communicate(b"\n")
    assert processor.of_process(known) == 0.0
