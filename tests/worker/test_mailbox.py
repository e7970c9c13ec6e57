"""The mailbox on a real IMAP server: Debian's Dovecot, with a store of its own."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from imapclient import IMAPClient
from sqlalchemy import select

from mailing.base.database import db
from mailing.inbound.messages import InboundMessage, Via
from mailing.leaving import replay
from mailing.requests import incoming
from tests import road
from tests.inbound.reading.letters import HELPDESK, plain
from worker.mailbox import PROCESSED, UNCLEAR, Mailbox, Place

pytestmark = pytest.mark.soak

_SETTINGS = """
base_dir = {place}/run
state_dir = {place}/state
log_path = {place}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:{place}/mail/%u
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={place}/mail/%u allow_all_users=yes
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Where Dovecot listens; a named skip where there is none, or nobody may start it."""
    program = shutil.which("dovecot") or shutil.which("/usr/sbin/dovecot")
    if program is None or os.geteuid() != 0:
        pytest.skip("needs Debian's dovecot-imapd, started by root")
    place, free = Path(tempfile.mkdtemp(prefix="kelisim-imap-")), _free()
    owner = pwd.getpwnam("mail")
    place.chmod(0o755)
    (place / "mail").mkdir()
    os.chown(place / "mail", owner.pw_uid, owner.pw_gid)
    settings = place / "dovecot.conf"
    stated = {"place": place, "port": free, "uid": owner.pw_uid, "gid": owner.pw_gid}
    settings.write_text(_SETTINGS.format(**stated))
    process = subprocess.Popen([program, "-F", "-c", str(settings)])
    try:
        _wait(free)
        yield free
    finally:
        process.terminate()
        process.wait(90)
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def place(port: int, request: pytest.FixtureRequest) -> Place:
    """A mailbox that nobody has used."""
    return Place.of(f"imap://u{abs(hash(request.node.name))}:secret@127.0.0.1:{port}")


def test_what_lies_there_is_taken_in_once_and_moved_to_its_folder(app: Flask, place: Place) -> None:
    _lay()
    leave = plain("x", Subject="unsubscribe", To=HELPDESK, Message_ID="<a@mail.example>")
    odd = plain("сәлем", Subject="сәлем", To=HELPDESK, Message_ID="<b@mail.example>")
    _put(place, leave, odd)
    with Mailbox(place) as box:
        assert box.poll(_take) == 2
        assert box.poll(_take) == 0
    kept = list(db.session.scalars(select(InboundMessage).order_by(InboundMessage.id)))
    assert {one.via for one in kept} == {"imap"}
    assert len(kept) == 2
    found = _folders(place)
    assert found["INBOX"] == 0
    assert found[PROCESSED] + found[UNCLEAR] == 2


def test_what_cannot_be_taken_in_now_stays_unread_where_it_is(place: Place) -> None:
    _put(place, plain("x", Subject="one"))
    with Mailbox(place) as box:
        assert box.poll(lambda raw: None) == 1
        with pytest.raises(OSError, match="the database is away"):
            box.poll(_failing)
    with _logged_in(place) as client:
        client.select_folder("INBOX", readonly=True)
        assert client.search(["UNSEEN"]) != []
    assert _folders(place) == {"INBOX": 1, PROCESSED: 0, UNCLEAR: 0}


def test_what_could_not_be_moved_is_taken_in_again_and_changes_nothing(
    app: Flask, place: Place
) -> None:
    _lay()
    letter = plain("x", Subject="unsubscribe", Message_ID="<c@mail.example>")
    _put(place, letter, letter)
    with Mailbox(place) as box:
        assert box.poll(_take) == 2
    assert len(list(db.session.scalars(select(InboundMessage)))) == 1
    assert _folders(place)["INBOX"] == 0


def _lay() -> None:
    road.lay()
    replay.run()


def _take(raw: bytes) -> bool:
    return incoming.take(raw, [HELPDESK], Via.IMAP).is_waiting


def _failing(raw: bytes) -> bool:
    raise OSError("the database is away")


def _put(place: Place, *messages: bytes) -> None:
    with _logged_in(place) as client:
        for raw in messages:
            client.append("INBOX", raw)


def _folders(place: Place) -> dict[str, int]:
    with _logged_in(place) as client:
        names = ("INBOX", PROCESSED, UNCLEAR)
        return {name: client.folder_status(name, ["MESSAGES"])[b"MESSAGES"] for name in names}


def _logged_in(place: Place) -> IMAPClient:
    client = IMAPClient(place.host, place.port, ssl=False)
    client.login(place.user, place.password)
    return client


def _free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait(port: int) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError("Dovecot does not listen")
