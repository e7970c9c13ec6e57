"""Outcomes: what a report did; and those reports that did nothing, counted by why."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Text, func, select
from sqlalchemy.dialects.postgresql import TIMESTAMP, insert
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import OPERATIONAL, Table, db


class IgnoredReport(Table):
    """A bounce or complaint that changed nothing: `unsigned`, `forged`, `unmatched`, `ambiguous`,
    `stranger` or `old`."""

    __tablename__ = "ignored_reports"

    inbound_id: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, info=OPERATIONAL
    )
    why: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), info=OPERATIONAL)


@dataclass(frozen=True)
class Outcome:
    """What was done: `suppressed`, `held_back` (a storm), `counted`, `noted`, `confirmed`,
    `repeated` or `ignored`; about whom, and a sentence that says why."""

    action: str
    subscriber: UUID | None
    reason: str


_WHY = {
    "unsigned": "it came back to no return path of ours",
    "forged": "its return path was not signed by us",
    "unmatched": "it leads to no message that was handed over",
    "ambiguous": "it leads to messages of more than one person",
    "stranger": "its message went to somebody who is not known here",
    "old": "its message left more than 14 days before",
}


def ignore(inbound_id: int, why: str) -> Outcome:
    """Change nothing, and count it once."""
    row = {"inbound_id": inbound_id, "why": why, "at": clock.now()}
    db.session.execute(insert(IgnoredReport).values(row).on_conflict_do_nothing())
    return Outcome("ignored", None, _WHY[why])


def ignored() -> dict[str, int]:
    """How many reports changed nothing, by why."""
    query = select(IgnoredReport.why, func.count()).group_by(IgnoredReport.why)
    return {row[0]: row[1] for row in db.session.execute(query.order_by(IgnoredReport.why))}
