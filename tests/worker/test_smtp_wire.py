"""The wire: what the kernel may keep back for a moment, and what it never keeps for long."""

import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from worker.smtp.relay import Spot
from worker.smtp.wire import Wire

BODY = b"x" * 5000
DOT = b".\r\n"
_AT_ONCE = 0.02
_LATE = 10.0
# After 200 ms the kernel sends it all the same.
_KEPT = 0.1
_TRIES = 20


@contextmanager
def wired() -> Iterator[tuple[Wire, socket.socket]]:
    """A wire, and the other end of it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        near = socket.create_connection(address)
        far, _ = server.accept()
        with near, far:
            near.setblocking(False)
            near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wire = Wire(Spot(socket.AF_INET, address), near)
            assert wire.settle()
            yield wire, far


def shown(far: socket.socket, seconds: float) -> bool:
    with selectors.DefaultSelector() as eye:
        eye.register(far, selectors.EVENT_READ)
        return bool(eye.select(seconds))


def received(far: socket.socket, count: int) -> bytes:
    far.settimeout(_LATE)
    got = b""
    while len(got) < count:
        got += far.recv(count - len(got))
    return got


def test_what_is_said_is_seen_at_once() -> None:
    with wired() as (wire, far):
        wire.put(BODY)
        assert shown(far, _LATE)
        assert received(far, len(BODY)) == BODY


def test_what_is_followed_soon_is_kept_back_for_it() -> None:
    """Seen in one of many tries at least: the kernel may be quicker where this process is not."""
    waited = []
    for _ in range(_TRIES):
        with wired() as (wire, far):
            wire.put(BODY, is_followed=True)
            assert not wire.unsent, "the kernel has all of it"
            waited.append(not shown(far, _AT_ONCE))
            wire.put(DOT)
            assert received(far, len(BODY) + len(DOT)) == BODY + DOT
    assert any(waited)


def test_what_nothing_follows_goes_all_the_same() -> None:
    with wired() as (wire, far):
        wire.put(BODY, is_followed=True)
        assert received(far, len(BODY)) == BODY


def test_what_was_kept_back_never_leaves_once_the_wire_is_shut_at_once() -> None:
    """A message that is aborted shows even less than it did."""
    for _ in range(_TRIES):
        with wired() as (wire, far):
            began = time.monotonic()
            wire.put(BODY, is_followed=True)
            is_kept = not shown(far, 0)
            wire.shut(at_once=True)
            if is_kept and time.monotonic() - began < _KEPT:
                far.settimeout(_LATE)
                with pytest.raises(ConnectionResetError):
                    far.recv(1)
                return
    raise AssertionError("nothing was ever kept back")
