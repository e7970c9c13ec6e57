"""smtp-source, Postfix's own test program: the reference that campaigns are measured against."""

import subprocess
import time

from bench.measure import demand
from bench.sink import Sink, program

# What smtp-source writes before the payload that -l asks for.
_HEADERS = 130


def source(into: Sink, messages: int, octets: int) -> float:
    """Let smtp-source send so many messages of this size on ten connections; the seconds.

    Raises DoesNotCount when they did not all arrive.
    """
    before = into.messages
    size = str(max(1, octets - _HEADERS))
    people = ("-f", "news@glazik.example", "-t", "person@example.com")
    command = [program("smtp-source"), "-d", "-s", "10", "-l", size, "-m", str(messages), *people]
    began = time.perf_counter()
    done = subprocess.run([*command, f"127.0.0.1:{into.port}"], check=False, capture_output=True)
    seconds = time.perf_counter() - began
    demand(done.returncode == 0, f"smtp-source failed: {done.stderr.decode()}")
    arrived = into.settled_at(before + messages) - before
    demand(arrived == messages, f"smtp-source sent {messages}, {arrived} arrived")
    return seconds
