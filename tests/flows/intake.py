"""The intake behind a real mail server: started, killed, started again; what it has taken in."""

import os
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select

from mailing.base.database import db
from mailing.base.settings import ROOT
from mailing.inbound.messages import InboundMessage
from tests import road
from tests.peers.postfix import Postfix
from tests.worker.postbox import HELPDESK, is_open


class Intake:
    """`kelisim inbound` as its own process, which a test may kill and start again."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._environment, self._log = environment, log
        self._port = int(environment["KELISIM_INBOUND_LISTEN"].rpartition(":")[2])
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "worker.inbound"],
                cwd=ROOT,
                env=os.environ | self._environment,
                stdout=file,
                stderr=file,
            )
        road.wait_for(lambda: is_open(self._port))

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        assert self.process.wait(60) == -signal.SIGKILL

    def end(self) -> None:
        self.process.terminate()
        assert self.process.wait(90) == 0, self._log.read_text()


@contextmanager
def taking_in(environment: dict[str, str], folder: Path) -> Iterator[Intake]:
    intake = Intake(environment, folder / "inbound.log")
    try:
        yield intake
    finally:
        if intake.process.poll() is None:
            intake.end()


def hand_in(post: Postfix, raw: bytes, *to: str, sender: str = "x@example.org") -> None:
    """As the world does: by SMTP, to the server of our domains."""
    with smtplib.SMTP("127.0.0.1", post.world, timeout=90) as talk:
        assert talk.sendmail(sender, list(to) or [HELPDESK], raw) == {}


def kept() -> list[InboundMessage]:
    db.session.rollback()
    return list(db.session.scalars(select(InboundMessage).order_by(InboundMessage.id)))


def delivered(post: Postfix) -> None:
    """Until Postfix has nothing left to deliver."""
    road.wait_for(lambda: post.waiting == 0, 150)
