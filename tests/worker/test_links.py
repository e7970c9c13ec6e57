"""Links are looked up by a worker, never inside a private network, and never our own."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Network, ip_address
from typing import Any

import pytest
from flask import Flask

from mailing.base.database import db
from mailing.base.settings import Settings
from mailing.campaigns import campaigns
from mailing.deliveries import links
from mailing.deliveries.links import Finding, LinkCheck
from tests import road
from worker import links as errand

HERE = (IPv4Network("127.0.0.0/8"),)


class Site(BaseHTTPRequestHandler):
    """A site that does what the path says, and remembers who asked for what."""

    asked: list[tuple[str, str]]

    def do_HEAD(self) -> None:
        self.asked.append((self.command, self.path))
        word, _, rest = self.path[1:].partition("/")
        if word == "no-head" and self.command == "HEAD":
            self.send_response(405)
        elif word == "to":
            self.send_response(302)
            self.send_header("Location", rest or "/to/")
        elif word == "drip":
            self._drip()
            return
        else:
            self.send_response(int(word) if word.isdigit() else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD

    def _drip(self) -> None:
        """A header that never ends, a letter at a time, each well within a socket's time-out."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        try:
            while True:
                self.wfile.write(b"x")
                self.wfile.flush()
                threading.Event().wait(0.02)
        except OSError:
            pass

    def log_message(self, *_: Any) -> None:
        """Nothing is logged."""


@contextmanager
def serving() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    asked: list[tuple[str, str]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Here", (Site,), {"asked": asked}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def site() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    with serving() as found:
        yield found


@pytest.fixture
def allowing(settings: Settings) -> Settings:
    """Settings under which this machine may be looked at."""
    given = {"link_networks": HERE, "public_url": "https://kelisim.example"}
    return settings.model_copy(update=given)


@pytest.mark.parametrize(
    ("path", "finding"),
    [
        ("/200", Finding.FINE),
        ("/no-head", Finding.FINE),
        ("/404", Finding.BROKEN),
        ("/500", Finding.BROKEN),
        ("/to//to//200", Finding.FINE),
        ("/to//404", Finding.BROKEN),
        ("/to/http://10.0.0.1/", Finding.REFUSED),
        ("/to/http://169.254.169.254/latest/meta-data", Finding.REFUSED),
        ("/to/file:///etc/passwd", Finding.REFUSED),
        ("/to/https://kelisim.example/u/token", Finding.FINE),
    ],
)
def test_each_link_comes_to_one_finding(
    site: tuple[str, list[tuple[str, str]]], allowing: Settings, path: str, finding: Finding
) -> None:
    assert errand.look_up(f"{site[0]}{path}", allowing).finding is finding


def test_going_round_in_a_circle_ends(
    site: tuple[str, list[tuple[str, str]]], allowing: Settings
) -> None:
    address, asked = site
    asked.clear()
    around = f"{address}/to/"
    assert errand.look_up(around, allowing).finding is Finding.MOVED
    assert len(asked) == errand.MOST_STEPS + 1


def test_a_peer_that_drips_is_hung_up_on(
    site: tuple[str, list[tuple[str, str]]], allowing: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errand, "SECONDS", 0.3)
    assert errand.look_up(f"{site[0]}/drip", allowing).finding is Finding.UNKNOWN


@pytest.mark.parametrize(
    "ip",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.1.2.3"),
        *("100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fd00::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1"),
        *("2002:7f00:1::", "2002:a00:1::", "ff02::1"),
    ],
)
def test_what_is_not_public_is_not_asked(ip: str) -> None:
    assert not errand.is_allowed(ip_address(ip))


@pytest.mark.parametrize("ip", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_what_is_public_is(ip: str) -> None:
    assert errand.is_allowed(ip_address(ip))


@pytest.mark.parametrize(
    "address",
    [
        "http://user:pw@93.184.216.34/",
        "http://93.184.216.34:6379/",
        "https://93.184.216.34:22/",
        "gopher://93.184.216.34/",
        "http:///x",
        "http://2130706433/",
        "http://0x7f.1/",
    ],
)
def test_no_odd_way_into_a_network_is_taken(address: str) -> None:
    with pytest.raises(errand.Refused):
        errand.resolve(address)


def test_a_name_with_one_private_address_is_refused_and_the_name_is_resolved_once(
    site: tuple[str, list[tuple[str, str]]], allowing: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the second answer would have been another."""
    port = int(site[0].rpartition(":")[2])
    answers = [["127.0.0.1"], ["93.184.216.34", "10.0.0.1"]]

    def resolved(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in answers.pop(0)]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    address = f"http://rebinding.example:{port}/200"
    # The dial itself resolves too; it is given a number, which needs no answer of these.
    assert errand.resolve(address, HERE).ip == "127.0.0.1"
    assert errand.look_up(address, allowing).finding is Finding.REFUSED
    assert answers == []


def _draft(site: str) -> campaigns.Campaign:
    road.subscribe(road.lay(), 1)
    body = (
        f"[a]({site}/200) [b]({site}/404) [c]({site}/200?x={{{{ given_name|default('y') }}}}) "
        "[d](http://127.0.0.2:8080/u/x) [e](mailto:a@example.com)"
    )
    return campaigns.find(road.campaign(body=body))


def test_what_a_campaign_leads_to_is_looked_up_once_and_kept(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = app.extensions["kelisim"]
    given = {"link_networks": HERE, "public_url": "http://127.0.0.2:8080"}
    monkeypatch.setitem(app.extensions, "kelisim", own.model_copy(update=given))
    with serving() as (address, asked):
        campaign = _draft(address)
        wanted = [f"{address}/200", f"{address}/404"]
        assert links.of(campaign) == wanted, "neither ours nor what is somebody's"
        assert links.ask(campaign, road.ACTOR) == 2
        db.session.commit()
        assert links.is_waited_for()
        assert errand.look_up_waiting() == 2
        assert links.ask(campaign, road.ACTOR) == 0, "looked at within ten minutes"
        assert errand.look_up_waiting() == 0
        assert not links.is_waited_for()
    found = {row.address: row.finding for row in db.session.query(LinkCheck)}
    assert found == {wanted[0]: "fine", wanted[1]: "broken"}
    assert sorted(asked) == [("GET", "/404"), ("HEAD", "/200"), ("HEAD", "/404")]


def test_two_workers_never_look_the_same_link_up_at_once(app: Flask) -> None:
    campaign = _draft("http://glazik.example")
    links.ask(campaign, road.ACTOR)
    db.session.commit()
    assert len(links.take()) == 3
    with app.app_context():
        assert links.take() == []
    db.session.commit()
    assert not links.is_waited_for()
