"""Proofs: does a receipt say what was recorded, and does the ledger hold where it was recorded?"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from mailing.base.database import db
from mailing.leaving import receipts
from mailing.leaving.receipts import StoredReceipt
from mailing.people import ledger
from mailing.people.ledger import Entry
from mailing.people.topics import Topic

NUMBER = re.compile(r"r-[0-9a-f]{24}")
_A_PAGE = 1000


@dataclass(frozen=True)
class Proof:
    """A receipt as its holder may see it: nothing of the person stands in it.

    `topic` is None where everything was left, or several topics at once (`is_everything` tells
    which); `trouble` says what is wrong, None where all of it holds.
    """

    receipt: StoredReceipt
    topic: Topic | None
    entry: Entry | None
    is_everything: bool
    trouble: str | None

    @property
    def holds(self) -> bool:
        """Whether the receipt, its entry and every entry before it are what was recorded."""
        return self.trouble is None


def of_receipt(number: str) -> Proof | None:
    """Check one receipt; None for a number that is none of ours."""
    given = db.session.get(StoredReceipt, number) if NUMBER.fullmatch(number) else None
    if given is None:
        return None
    entry = db.session.get(Entry, given.entry_id) if given.entry_id is not None else None
    return Proof(
        receipt=given,
        topic=db.session.get(Topic, given.topic_id) if given.topic_id is not None else None,
        entry=entry,
        is_everything=given.topic_id is None and (entry is None or entry.topic_id is None),
        trouble=receipts.trouble_of(given) or _trouble_before(entry),
    )


def verify(since: datetime | None = None) -> Iterator[tuple[str, str]]:
    """Look at every receipt (those given since a time, or all): `(number, what is wrong)`."""
    query = select(StoredReceipt).order_by(StoredReceipt.id).execution_options(yield_per=_A_PAGE)
    if since is not None:
        query = query.where(StoredReceipt.recorded_at >= since)
    for page in db.session.scalars(query).partitions():
        _read_entries([one.entry_id for one in page if one.entry_id is not None])
        for given in page:
            trouble = receipts.trouble_of(given)
            if trouble:
                yield given.id, trouble
        db.session.expunge_all()


def _read_entries(ids: list[int]) -> list[Entry]:
    """Into the session by one question; each receipt asks for its own afterwards."""
    return list(db.session.scalars(select(Entry).where(Entry.id.in_(ids))))


def _trouble_before(entry: Entry | None) -> str | None:
    return ledger.trouble_until(entry.subscriber_id, entry.seq) if entry else None
