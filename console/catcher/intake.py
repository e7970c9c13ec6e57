"""The catcher's SMTP side. It advertises no PIPELINING, yet takes commands sent ahead."""

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from console.catcher.mailbox import Mailbox

_LARGEST = 32 * 1024 * 1024


class Intake:
    """Hands every message to the mailbox."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Called by aiosmtpd once a message is whole; the answer to its final dot."""
        raw = envelope.original_content or b""
        caught = self._mailbox.take(envelope.mail_from or "", envelope.rcpt_tos, raw)
        return f"250 2.0.0 caught as {caught.number}"


def listen(mailbox: Mailbox, host: str, port: int) -> Controller:
    """Take mail on that port, in a thread of its own, until `.stop()`."""
    controller = Controller(
        Intake(mailbox),
        hostname=host,
        port=port,
        ident="Kelisim mail catcher",
        data_size_limit=_LARGEST,
        enable_SMTPUTF8=True,
    )
    controller.start()
    return controller
