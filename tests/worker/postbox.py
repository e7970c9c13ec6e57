"""The intake as its own process, and clients that talk to it on the wire."""

import os
import smtplib
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path

from console.daemons import free_port
from mailing.base.settings import ROOT
from tests.road import wait_for

BOUNCES = "bounce.glazik.example"
HELPDESK = "helpdesk@glazik.example"
WITHDRAW = "Дербес деректерді өңдеуге келісімді қайтарып алу"


def letter(sender: str, subject: str, more: str = "", to: str = HELPDESK) -> bytes:
    """A letter as somebody writes it."""
    lines = [f"From: {sender}", f"To: {to}", f"Subject: {subject}", *more.splitlines()]
    lines.append(f"Date: {formatdate()}")
    return (
        "\r\n".join([*lines, "Content-Type: text/plain; charset=utf-8"]) + "\r\n\r\n.\r\n"
    ).encode()


def authenticated(sender: str) -> str:
    """What the operator's own mail server writes on top of such a letter."""
    domain = sender.rpartition("@")[2]
    return f"Authentication-Results: mx.glazik.example; dmarc=pass header.from={domain}"


@contextmanager
def taking_in(environment: dict[str, str], log: Path, **more: str) -> Iterator[int]:
    """`python -m worker.inbound` for as long as the block lasts; the port that it listens on."""
    port = free_port()
    given = environment | {"KELISIM_INBOUND_LISTEN": f"127.0.0.1:{port}"} | more
    with log.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "worker.inbound"],
            cwd=ROOT,
            env=os.environ | given,
            stdout=file,
            stderr=file,
        )
    try:
        # A busy machine takes a minute for what a quiet one does in two seconds.
        wait_for(lambda: is_open(port) or process.poll() is not None, 180)
        assert process.poll() is None, log.read_text()
        yield port
    finally:
        process.terminate()
        assert process.wait(90) == 0, log.read_text()


def is_open(port: int) -> bool:
    """Whether somebody listens there."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@contextmanager
def talking(port: int) -> Iterator[smtplib.LMTP]:
    """A conversation by LMTP."""
    with smtplib.LMTP("127.0.0.1", port, timeout=90) as peer:
        peer.ehlo()
        yield peer


def send(port: int, raw: bytes, *to: str, sender: str = "x@example.org", lmtp: bool = True) -> None:
    """Deliver a letter there, as a mail system does."""
    recipients = list(to) or [HELPDESK]
    if not lmtp:
        with smtplib.SMTP("127.0.0.1", port, timeout=90) as peer:
            assert peer.sendmail(sender, recipients, raw) == {}
        return
    with talking(port) as peer:
        peer.mail(sender)
        assert {peer.rcpt(one)[0] for one in recipients} == {250}
        replies = [peer.data(raw)[0], *(peer.getreply()[0] for _ in recipients[1:])]
        assert set(replies) == {250}
