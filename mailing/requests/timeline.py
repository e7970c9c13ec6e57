"""The timeline of a request: what happened, when, by whom. It only grows, and names nobody."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Text, select
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import DEPERSONALISED, OPERATIONAL, Table, db
from mailing.requests.kinds import Happened

OURSELVES = "kelisim"


class RequestEvent(Table):
    """One line; never changed (a trigger refuses it). Whatever names a person stands elsewhere."""

    __tablename__ = "request_events"
    __table_args__ = (Index("events_of_request", "request_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, info=OPERATIONAL)
    request_id: Mapped[int] = mapped_column(ForeignKey("requests.id"), info=OPERATIONAL)
    at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), info=DEPERSONALISED)
    actor: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    what: Mapped[str] = mapped_column(Text, info=DEPERSONALISED)
    details: Mapped[dict[str, Any]] = mapped_column(
        JSONB, default=dict, server_default="{}", info=DEPERSONALISED
    )


def note(request_id: int, what: Happened, actor: str = OURSELVES, **details: Any) -> RequestEvent:
    """Append a line, in the transaction of the act itself."""
    line = RequestEvent(
        request_id=request_id, at=clock.now(), actor=actor, what=what.value, details=details
    )
    db.session.add(line)
    return line


def of(request_id: int) -> list[RequestEvent]:
    """Everything that happened to a request, the oldest first."""
    query = select(RequestEvent).where(RequestEvent.request_id == request_id)
    return list(db.session.scalars(query.order_by(RequestEvent.id)))
