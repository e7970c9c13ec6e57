"""Dialling: an HTTP connection whose whole answer comes within some seconds, or not at all."""

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass

PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Place:
    """Where one request goes: to this address and port, in the name of this host."""

    scheme: str
    host: str
    port: int
    path: str
    ip: str


@contextmanager
def connected(place: Place, seconds: float) -> Iterator[http.client.HTTPConnection]:
    """A connection that hangs up after so many seconds: TimeoutError. Raises OSError, too, and
    within the block what `http.client` raises."""
    with closing(_dial(place, seconds)) as connection, _at_the_latest(connection.sock, seconds):
        yield connection


@contextmanager
def _at_the_latest(stream: socket.socket, seconds: float) -> Iterator[None]:
    """Hang up after the seconds that one look may take: a peer that sends a letter now and then
    would never let a time-out of the socket come."""
    is_over = threading.Event()
    ending = threading.Timer(seconds, _hang_up, [stream, is_over])
    ending.start()
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        # Whatever a connection says that we ended ourselves: it took too long.
        if is_over.is_set():
            raise TimeoutError from error
        raise
    finally:
        ending.cancel()
    # Half an answer reads like a whole one.
    if is_over.is_set():
        raise TimeoutError


def _hang_up(stream: socket.socket, is_over: threading.Event) -> None:
    is_over.set()
    with suppress(OSError):
        stream.shutdown(socket.SHUT_RDWR)


def _dial(place: Place, seconds: float) -> http.client.HTTPConnection:
    """Connected to the address that was looked at; a certificate is checked against the name."""
    stream = socket.create_connection((place.ip, place.port), timeout=seconds)
    connection = http.client.HTTPConnection(place.host, place.port, timeout=seconds)
    try:
        if place.scheme == "https":
            context = ssl.create_default_context()
            stream = context.wrap_socket(stream, server_hostname=place.host)
    except BaseException:
        stream.close()
        raise
    connection.sock = stream
    return connection
