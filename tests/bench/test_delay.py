"""The distance between a worker and a relay: as long as it says, and nothing is lost on the way."""

import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.distance import distance

_DELAY = 40


def test_what_comes_back_has_been_on_its_way_for_a_round_trip() -> None:
    with _echo() as port, distance(port, _DELAY) as (far, _), _to(far) as client:
        for _ in range(3):
            began = time.monotonic()
            client.sendall(b"NOOP\r\n")
            assert client.recv(100) == b"NOOP\r\n"
            assert time.monotonic() - began >= _DELAY / 1000


def test_many_octets_arrive_in_order_on_each_of_many_connections() -> None:
    with _echo() as port, distance(port, _DELAY) as (far, _):
        clients = [socket.create_connection(("127.0.0.1", far), timeout=30) for _ in range(8)]
        sent = [secrets.token_bytes(300_000) for _ in clients]
        for client, octets in zip(clients, sent, strict=True):
            threading.Thread(target=client.sendall, args=(octets,)).start()
        got = [_read(client, len(octets)) for client, octets in zip(clients, sent, strict=True)]
        for client in clients:
            client.close()
    assert got == sent


def test_whoever_hangs_up_is_heard_on_the_other_side_after_the_last_octet() -> None:
    with _echo() as port, distance(port, _DELAY) as (far, _), _to(far) as client:
        client.sendall(b"QUIT\r\n")
        client.shutdown(socket.SHUT_WR)
        assert _read(client, 100) == b"QUIT\r\n"


def test_a_client_is_heard_only_after_its_way_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        with distance(server.getsockname()[1], _DELAY) as (far, _):
            began = time.monotonic()
            with _to(far):
                server.accept()[0].close()
            assert time.monotonic() - began >= _DELAY / 2000


@contextmanager
def _to(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        yield client


@contextmanager
def _echo() -> Iterator[int]:
    """A server that says back what it hears, until its client hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_serve, args=(server,), daemon=True).start()
        yield server.getsockname()[1]


def _serve(server: socket.socket) -> None:
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=_say_back, args=(client,), daemon=True).start()


def _say_back(client: socket.socket) -> None:
    with client:
        while octets := client.recv(65536):
            client.sendall(octets)


def _read(client: socket.socket, most: int) -> bytes:
    read = b""
    while len(read) < most and (octets := client.recv(65536)):
        read += octets
    return read
