"""Letters for tests of what is done with them: invented authors, read as the test says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from mailing.base import clock
from mailing.base.database import db
from mailing.base.settings import current
from mailing.base.tokens import ClaimToken, link_keys
from mailing.deliveries import answers
from mailing.deliveries.answers import Answer, AnswerKind
from mailing.inbound.messages import InboundMessage
from mailing.inbound.reading import Kind, Reading, Traces, Trust
from mailing.requests import incoming
from mailing.requests.incoming import Taken
from mailing.requests.requests import Request

HELPDESK = "helpdesk@glazik.example"


@dataclass
class Post:
    """The mail that comes in. What `read` would say of each letter is said here."""

    readings: dict[bytes, Reading] = field(default_factory=dict)

    def read(self, raw: bytes, _recipients: Sequence[str] = (), **_given: object) -> Reading:
        """In the place of the reading."""
        return self.readings[raw]

    def write(
        self,
        kind: Kind,
        sender: str | None = "stranger@example.org",
        header: Mapping[str, str] | None = None,
        **said: Any,
    ) -> bytes:
        """A letter that reads so; no two are alike, unless its header says so."""
        number, date = uuid4().hex, format_datetime(clock.now())
        own = {"From": str(sender), "To": HELPDESK, "Date": date}
        fields = own | {"Message-ID": f"<{number}@example.org>"} | dict(header or {})
        written = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
        raw = f"{written}\r\n{kind} {number}\r\n".encode()
        self.readings[raw] = Reading(kind, "as the test says", sender=sender, **said)
        return raw

    def comes(
        self,
        kind: Kind,
        sender: str | None = "stranger@example.org",
        to: Sequence[str] = (HELPDESK,),
        header: Mapping[str, str] | None = None,
        **said: Any,
    ) -> Taken:
        """Such a letter, taken in; written to whom it goes, unless its header says otherwise."""
        fields = {"To": ", ".join(to)} | dict(header or {})
        return incoming.take(self.write(kind, sender, fields, **said), list(to))


def sure(**said: Any) -> dict[str, Any]:
    """What a letter says whose author the receiving server has authenticated."""
    return {"trust": Trust.ALIGNED, **said}


def showing(*tokens: str, ids: Sequence[str] = ()) -> dict[str, Any]:
    """What a letter says that quotes a message of ours, with these tokens in its links."""
    links = tuple(f"http://127.0.0.1:8080/u/{token}" for token in tokens)
    return {"traces": Traces(message_ids=tuple(ids), leave_links=links)}


def claim_mails(subscriber_id: UUID) -> list[Answer]:
    """The mails that asked somebody whether it was them."""
    return [one for one in answers.of(subscriber_id) if one.kind == AnswerKind.CLAIM]


def claim_token(subscriber_id: UUID) -> str:
    """The token that stands in the newest of them."""
    newest = claim_mails(subscriber_id)[-1]
    return ClaimToken(subscriber_id, newest.delivery_id).text(link_keys(current().secret_keys))


def requests_now() -> list[tuple[str, UUID | None, str]]:
    """Every request: what it asks, for whom, and where it stands."""
    query = select(Request).order_by(Request.id).execution_options(populate_existing=True)
    return [(one.kind, one.subscriber_id, one.state) for one in db.session.scalars(query)]


def rows_now() -> list[InboundMessage]:
    """Every message that came in."""
    query = select(InboundMessage).order_by(InboundMessage.id)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))
