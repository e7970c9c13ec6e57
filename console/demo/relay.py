"""`python -m console.demo.relay`: the mail catcher with a slow hand.

It keeps each message at once and takes its time to answer the final dot, as a busy relay does.
So a campaign of a few people lasts long enough for somebody to leave in the middle of it, and
for a person to watch. The page is the catcher's own.
"""

import asyncio
import threading
import time
from pathlib import Path

import click
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from console.catcher.intake import Intake
from console.catcher.mailbox import Mailbox
from console.catcher.page import serve
from console.processes import Interruption

HOST = "127.0.0.1"
SECONDS_A_MESSAGE = 0.4


class SlowIntake(Intake):
    """Keeps a message, then thinks about it."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        await asyncio.sleep(SECONDS_A_MESSAGE)
        return answer


@click.command()
@click.option("--smtp-port", type=int, required=True)
@click.option("--http-port", type=int, required=True)
@click.option("--dir", "directory", type=click.Path(path_type=Path), required=True)
def catch(smtp_port: int, http_port: int, directory: Path) -> None:
    """Catch mail, slowly, and show it until SIGINT or SIGTERM."""
    mailbox = Mailbox(directory)
    intake = Controller(SlowIntake(mailbox), hostname=HOST, port=smtp_port, enable_SMTPUTF8=True)
    with Interruption() as interruption, serve(mailbox, HOST, http_port) as page:
        intake.start()
        threading.Thread(target=page.serve_forever, kwargs={"poll_interval": 0.1}).start()
        while not interruption:
            time.sleep(0.1)
        page.shutdown()
        intake.stop()


if __name__ == "__main__":
    catch()
