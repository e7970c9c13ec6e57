"""The watch: which connections the kernel calls ready, and which it must not be believed about."""

import os
import socket

from worker.lines import Line, RelayLines
from worker.smtp import Connection, Relay
from worker.watch import Watch


def test_a_connection_that_is_closed_is_never_ready_though_a_copy_of_it_lives() -> None:
    """A process that is just being started holds copies of every descriptor for a moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        relay = Relay.parse(f"smtp://127.0.0.1:{server.getsockname()[1]}")
        line = Line(RelayLines(relay, 1), Connection(relay, helo="client.example"))
        watch = Watch()
        line.connection.open()
        watch.note(line)
        far, _ = server.accept()
        with far:
            assert watch.ready(5.0) == [line]
            copy = os.dup(line.connection.fileno())
            try:
                line.connection.abandon()
                watch.note(line)
                far.sendall(b"220 relay.example\r\n")
                assert watch.ready(0.2) == []
            finally:
                os.close(copy)


def test_whoever_has_no_patience_does_not_wait_for_ever() -> None:
    assert Watch().ready(-1.0) == []
