"""The scripted peer itself, asked by a client that is not ours."""

import json
import os
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.peers.authority import create
from tests.peers.faults import Cut, Fault, Script, Stage
from tests.peers.smtp_peer import SmtpPeer
from tests.peers.smtp_session import Offers

MESSAGE = "Subject: x\r\n\r\n.dot\r\nlast\r\n"


def deliver(port: int, recipient: str = "a@example.net") -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.sendmail("b@example.com", [recipient], MESSAGE)


def test_a_well_behaved_peer_keeps_envelope_bytes_and_ordered_times() -> None:
    with SmtpPeer() as peer:
        before = time.monotonic()
        deliver(peer.port)
        [message] = peer.records.until(1)
        assert (message.sender, message.recipients) == ("b@example.com", ["a@example.net"])
        assert message.raw == MESSAGE.encode()
        assert message.wire == b"Subject: x\r\n\r\n..dot\r\nlast\r\n.\r\n"
        assert message.dot_at is not None
        assert message.replied_at is not None
        assert before < message.mail_at < message.dot_at <= message.replied_at < time.monotonic()
        assert message.is_accepted
        assert peer.records.complaints == []


def test_faults_can_change_while_it_runs() -> None:
    with SmtpPeer() as peer:
        deliver(peer.port)
        peer.behave(Fault(Stage.RCPT, to="a@*", code=550))
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            deliver(peer.port)
        deliver(peer.port, "z@example.net")
        peer.heal()
        deliver(peer.port)
        assert len(peer.accepted) == 3


def test_a_fault_spares_the_first_and_wears_out() -> None:
    script = Script([Fault(Stage.MAIL, skip=2, times=1)])
    strikes = [script.pick(Stage.MAIL, "") is not None for _ in range(5)]
    assert strikes == [False, False, True, False, False]
    assert script.pick(Stage.RCPT, "") is None


def test_a_message_that_was_accepted_without_an_answer_counts_as_accepted() -> None:
    with SmtpPeer(Fault(Stage.DOT, cut=Cut.AFTER)) as peer:
        with pytest.raises(smtplib.SMTPServerDisconnected):
            deliver(peer.port)
        [message] = peer.accepted
        assert message.replied_at is None


def test_a_client_that_pipelines_unasked_or_sends_bare_line_ends_is_complained_of() -> None:
    with SmtpPeer() as peer, socket.create_connection(("127.0.0.1", peer.port)) as client:
        client.sendall(b"EHLO x\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\n")
        client.sendall(b"DATA\r\n")
        client.sendall(b"a\nb\r\n.\r\n")
        peer.records.until(1)
        assert any("pipelined without an offer" in what for what in peer.records.complaints)
        assert any("bare CR or LF in a body" in what for what in peer.records.complaints)
    with SmtpPeer(offers=Offers(keywords=["PIPELINING"])) as peer:
        with socket.create_connection(("127.0.0.1", peer.port)) as client:
            client.sendall(b"EHLO x\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\n")
            client.sendall(b"DATA\r\na\r\n.\r\nQUIT\r\n")
            peer.records.until(1)
        assert peer.records.complaints == []


def test_starttls_and_login_work_with_another_client(tmp_path: Path) -> None:
    authority = create(tmp_path)
    with SmtpPeer(offers=Offers(tls=authority.server(), login=("user", "word"))) as peer:
        with smtplib.SMTP("localhost", peer.port, timeout=60) as client:
            client.starttls(context=authority.client())
            client.login("user", "word")
            client.sendmail("b@example.com", ["a@example.net"], MESSAGE)
        [message] = peer.accepted
        assert (message.is_secure, message.user) == (True, "user")


@contextmanager
def process(directory: Path, *options: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """Run the peer as a process; yields its port."""
    command = [sys.executable, "-m", "tests.peers.smtp_peer", "--dir", str(directory), *options]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout is not None
        yield int(running.stdout.readline()), running
    finally:
        running.terminate()
        running.communicate(timeout=60)
    assert running.returncode == 0


def test_as_a_process_it_writes_messages_and_a_log_with_this_machines_monotonic_times(
    tmp_path: Path,
) -> None:
    before = time.monotonic()
    with process(tmp_path) as (port, _):
        deliver(port)
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["event"] for line in log] == ["mail", "dot", "reply"]
    times = [line["at"] for line in log]
    assert before < times[0] < times[1] <= times[2] < time.monotonic()
    assert (log[1]["recipients"], log[1]["accepted"]) == (["a@example.net"], True)
    assert (log[2]["message"], log[2]["code"]) == (1, 250)
    assert (tmp_path / "0000001.eml").read_bytes() == MESSAGE.encode()


def test_as_a_process_it_reads_its_faults_again_on_a_signal(tmp_path: Path) -> None:
    faults = tmp_path / "faults.json"
    faults.write_text("[]")
    with process(tmp_path, "--no-eml", "--faults", str(faults)) as (port, running):
        deliver(port)
        faults.write_text(json.dumps([{"stage": "dot", "code": 451, "to": "a@*"}]))
        os.kill(running.pid, signal.SIGHUP)
        time.sleep(0.2)
        with pytest.raises(smtplib.SMTPDataError, match="451"):
            deliver(port)
        deliver(port, "z@example.net")
    assert list(tmp_path.glob("*.eml")) == []
