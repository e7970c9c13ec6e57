"""One-click on the wire: the real server, and requests as mail systems really write them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from flask import Flask

from mailing.base.settings import ROOT
from tests.webapp.public.conftest import Shop
from tests.webapp.public.people import Asked, leave_link, say_yes, standing

ONE_CLICK = b"List-Unsubscribe=One-Click"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture
def person(web: Flask, shop: Shop) -> Asked:
    return say_yes(web, shop.policy, "offers")


@pytest.fixture
def port(web: Flask, environment: dict[str, str]) -> Iterator[int]:
    """Where gunicorn serves the application, on the database of this test."""
    free = _free_port()
    gunicorn = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--threads", "4"),
            "--no-control-socket",
            *("--bind", f"127.0.0.1:{free}", "--log-level", "error", "webapp.wsgi:application"),
        ],
        cwd=ROOT,
        env={**os.environ, **environment},
    )
    try:
        _wait_for(free)
        yield free
    finally:
        gunicorn.send_signal(signal.SIGTERM)
        gunicorn.wait(30)


@pytest.mark.parametrize(
    "rest",
    [
        b"HTTP/1.1\r\nHost: x\r\n" + FORM + b"Content-Length: 26\r\n\r\n" + ONE_CLICK,
        b"HTTP/1.0\r\n" + FORM + b"Content-Length: 26\r\n\r\n" + ONE_CLICK,
        b"HTTP/1.0\r\n\r\n",
        b"HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1\r\nHost: x\r\n" + FORM + b"Transfer-Encoding: chunked\r\n\r\n"
        b"1a\r\n" + ONE_CLICK + b"\r\n0\r\n\r\n",
        b"HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
        + FORM
        + b"Content-Length: 26\r\n\r\n"
        + ONE_CLICK,
        # The rest of this body never comes; the wish is clear without it.
        b"HTTP/1.1\r\nHost: x\r\n" + FORM + b"Content-Length: 2600\r\n\r\n" + ONE_CLICK,
    ],
    ids=["urlencoded", "http-1.0", "no-body", "empty", "chunked", "expect", "cut-short"],
)
def test_a_post_leaves_however_it_is_framed(
    port: int, web: Flask, person: Asked, rest: bytes
) -> None:
    answer = _exchange(port, b"POST " + leave_link(web, person.subscriber).encode() + b" " + rest)
    final = answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert final.split(b" ", 2)[1] == b"200"
    assert b"set-cookie" not in final.lower()
    assert b"location:" not in final.lower()
    assert standing(web, person.subscriber) == "unsubscribed"


def test_a_head_has_the_headers_of_the_page_no_body_and_no_effect(
    port: int, web: Flask, person: Asked
) -> None:
    link = leave_link(web, person.subscriber).encode()
    answer = _exchange(port, b"HEAD " + link + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert b"noindex" in head
    assert body == b""
    assert standing(web, person.subscriber) == "given"


def _exchange(port: int, request: bytes) -> bytes:
    """Send a request; everything that is answered until the server is silent or hangs up."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=10)) as peer:
        peer.sendall(request)
        said = peer.recv(65536)
        peer.settimeout(1)
        try:
            while more := peer.recv(65536):
                said += more
        except TimeoutError:
            pass
        return said


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("gunicorn did not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
