"""The mail catcher keeps every byte, and shows a stranger's HTML without trusting it."""

import json
import smtplib
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path

import pytest

MESSAGE = (
    b"From: news@glazik.example\r\n"
    b"To: aigerim@example.com\r\n"
    b"Subject: =?utf-8?b?0KHTmdC70LXQvA==?=\r\n"
    b"MIME-Version: 1.0\r\n"
    b"Content-Type: multipart/alternative; boundary=limit\r\n\r\n"
    b"--limit\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    b".\r\n..leading dots\r\nlast line of the text\r\n"
    b"--limit\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    b"<p>Hello<script>alert(1)</script></p>\r\n"
    b"--limit--\r\n"
)


class Catcher:
    """A running catcher and where it keeps what it caught."""

    def __init__(self, directory: Path, smtp_port: int, http_port: int) -> None:
        self.directory = directory
        self.smtp_port = smtp_port
        self._http_port = http_port

    def send(self, raw: bytes, recipient: str = "aigerim@example.com") -> None:
        with smtplib.SMTP("127.0.0.1", self.smtp_port) as peer:
            peer.sendmail("bounce@glazik.example", [recipient], raw)

    def get(self, path: str) -> HTTPResponse:
        opened: HTTPResponse = urllib.request.urlopen(f"http://127.0.0.1:{self._http_port}{path}")
        return opened


@pytest.fixture
def catcher(tmp_path: Path) -> Iterator[Catcher]:
    ports = ["--smtp-port", "0", "--http-port", "0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "console.catcher", *ports, "--dir", str(tmp_path / "mail")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    ports_told = json.loads(process.stdout.readline())
    yield Catcher(tmp_path / "mail", **ports_told)
    process.terminate()
    _, for_people = process.communicate(timeout=60)
    assert process.returncode == 0
    assert f"read it at http://127.0.0.1:{ports_told['http_port']}/".encode() in for_people


def test_what_was_sent_is_in_the_file_to_the_byte(catcher: Catcher) -> None:
    catcher.send(MESSAGE)
    assert (catcher.directory / "00000001.eml").read_bytes() == MESSAGE
    envelope = json.loads((catcher.directory / "00000001.json").read_text())
    assert envelope["mail_from"] == "bounce@glazik.example"
    assert envelope["rcpt_tos"] == ["aigerim@example.com"]
    assert envelope["size"] == len(MESSAGE)


def test_commands_sent_ahead_are_taken_in_their_order(catcher: Catcher) -> None:
    with socket.create_connection(("127.0.0.1", catcher.smtp_port), timeout=60) as peer:
        peer.sendall(
            b"EHLO there.example\r\nMAIL FROM:<a@there.example>\r\n"
            b"RCPT TO:<aigerim@example.com>\r\nDATA\r\n"
        )
        peer.sendall(MESSAGE.replace(b"\r\n.", b"\r\n..") + b".\r\nQUIT\r\n")
        answers = b"".join(iter(lambda: peer.recv(4096), b""))
    assert b"354 " in answers
    assert b"250 2.0.0 caught as 1" in answers
    assert (catcher.directory / "00000001.eml").read_bytes() == MESSAGE


def test_the_newest_message_comes_first_and_markup_in_a_subject_stays_text(
    catcher: Catcher,
) -> None:
    catcher.send(MESSAGE)
    catcher.send(b"Subject: <b>second</b>\r\n\r\nbody\r\n")
    page = catcher.get("/").read().decode()
    assert page.index("&lt;b&gt;second&lt;/b&gt;") < page.index("Сәлем")


def test_the_html_of_a_stranger_is_shown_in_a_sandbox_without_scripts(catcher: Catcher) -> None:
    catcher.send(MESSAGE)
    answer = catcher.get("/message/1/html")
    rules = answer.headers["Content-Security-Policy"]
    assert rules.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; ")
    assert "default-src 'none'" in rules
    assert "script" not in rules
    page = catcher.get("/message/1/").read().decode()
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page


def test_source_and_text_are_shown_as_plain_text(catcher: Catcher) -> None:
    catcher.send(MESSAGE)
    raw = catcher.get("/message/1/raw")
    assert raw.headers["Content-Type"].startswith("text/plain")
    assert raw.read() == MESSAGE
    assert "last line of the text" in catcher.get("/message/1/text").read().decode()


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00\xff\xfe no header at all\r\n",
        b"Content-Type: text/html; charset=no-such-charset\r\n\r\n\xff\r\n",
        b"Content-Type: multipart/mixed; boundary=x\r\nSubject: =?x?b?//8=?=\r\n\r\nno parts\r\n",
        b"Subject: =?utf-8?q?=0d=0aBcc:_x?=\r\nFrom: @@@<>,;:\r\n\r\n\r\n",
    ],
)
def test_a_damaged_message_is_kept_and_shown_as_far_as_it_goes(
    catcher: Catcher, raw: bytes
) -> None:
    catcher.send(raw)
    assert (catcher.directory / "00000001.eml").read_bytes() == raw
    for view in ("/", "/message/1/", "/message/1/html", "/message/1/text", "/message/1/raw"):
        assert catcher.get(view).status == 200


@pytest.mark.parametrize("path", ["/message/2/", "/message/x/", "/message/1/../", "/etc/passwd"])
def test_what_is_not_there_is_not_found(catcher: Catcher, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as failure:
        catcher.get(path)
    assert failure.value.code == 404
    failure.value.close()
