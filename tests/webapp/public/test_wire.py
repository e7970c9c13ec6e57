"""One-click on the wire: the real server, and requests as mail systems really write them."""

import socket
from collections.abc import Iterator
from contextlib import closing
from itertools import count

import pytest
from flask import Flask

from console.embedded import Services
from tests.webapp.public.people import Asked, leave_link, say_yes, standing
from tests.webapp.public.served import Served, served

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
ONE_CLICK = b"List-Unsubscribe=One-Click"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


# Every test has a person of its own at the one server.
pytestmark = pytest.mark.xdist_group("wire")
_numbers = count()


@pytest.fixture(scope="module")
def server(
    services: Services, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """What gunicorn serves."""
    with served(services, template, tmp_path_factory.mktemp("wire")) as found:
        yield found


@pytest.fixture
def web(server: Served) -> Flask:
    return server.web


@pytest.fixture
def port(server: Served) -> int:
    return server.port


@pytest.fixture
def person(server: Served) -> Asked:
    address = f"dana{next(_numbers)}@example.com"
    return say_yes(server.web, server.shop.policy, "offers", address=address)


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
    final = answer.removeprefix(CONTINUE)
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
    """Send a request; everything that is answered until the server hangs up.

    It has its time, whatever else the machine does: it hangs up once we say that no more comes.
    """
    with closing(socket.create_connection(("127.0.0.1", port), timeout=90)) as peer:
        peer.sendall(request)
        said = b""
        while b"\r\n\r\n" not in said.removeprefix(CONTINUE):
            more = peer.recv(65536)
            assert more, said
            said += more
        peer.shutdown(socket.SHUT_WR)
        while more := peer.recv(65536):
            said += more
        return said
