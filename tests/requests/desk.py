"""Messages that came in, for tests of the desk: invented people who write to the helpdesk."""

import hashlib
from email.message import EmailMessage
from uuid import uuid4

from sqlalchemy import insert

from mailing.base import clock
from mailing.base.database import db
from mailing.base.sealing import keyring
from mailing.base.settings import current
from mailing.inbound.messages import InboundMessage
from mailing.requests import acknowledging
from mailing.requests.correspondent import Correspondent
from mailing.requests.kinds import Kind
from mailing.requests.requests import NewRequest, Request, open_request

SENDER = "stranger@example.org"


def letter(body: str = "What do you hold about me?", sender: str = SENDER) -> EmailMessage:
    """A question as a person sends it."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = "helpdesk@glazik.example"
    message["Subject"] = "Сұрақ"
    message["Message-ID"] = f"<{hashlib.sha256(body.encode()).hexdigest()[:16]}@example.org>"
    message.set_content(body)
    return message


def came_in(message: EmailMessage | bytes | None = None) -> int:
    """Store a message as the intake does; its id."""
    raw = message if isinstance(message, bytes) else (message or letter()).as_bytes()
    digest = hashlib.sha256(raw).hexdigest()
    row = {
        "sha256": digest,
        "sealed": keyring(current().data_key).encrypt(raw, bytes.fromhex(digest)),
        "kind": "unclear",
        "action": "kept",
        "received_at": clock.now(),
    }
    stored = db.session.execute(insert(InboundMessage).values(row).returning(InboundMessage.id))
    found = int(stored.scalar_one())
    db.session.commit()
    return found


def asked(
    kind: Kind = Kind.QUESTION,
    sender: str = SENDER,
    language: str = "en",
    is_answerable: bool = True,
) -> Request:
    """A request that came by mail, acknowledged where it may be; committed."""
    message = letter(f"What do you hold about me? {uuid4()}", sender)
    wrote = Correspondent(sender, str(message["Message-ID"]).strip("<>"), (), is_answerable)
    request = open_request(
        NewRequest(kind, inbound_id=came_in(message), language=language, correspondent=wrote)
    )
    acknowledging.acknowledge(request)
    db.session.commit()
    return request
