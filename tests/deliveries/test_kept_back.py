"""What waits for somebody who leaves, while others put the same messages off."""

from datetime import UTC, datetime

from sqlalchemy import text

from mailing.base.database import db
from mailing.deliveries import queue
from mailing.leaving import links
from tests import road
from tests.deliveries.conftest import Begin, Sender

NOW_DUE = datetime(1970, 1, 1, tzinfo=UTC)


def due_at(batch_id: int) -> datetime | None:
    query = text("SELECT due_at FROM batches WHERE id = :id")
    found: datetime | None = db.session.scalar(query, {"id": batch_id})
    return found


def test_a_batch_that_is_put_off_meanwhile_does_not_wait_for_what_is_held(
    sender: Sender, begin: Begin
) -> None:
    """The batch was read as it was before the leaving came to wait, and its campaign was not over
    for an hour."""
    _, people = road.under_way(1)
    [claim] = sender.claim()
    token = road.leave_token(people[0], "news")
    db.session.commit()
    with sender.database.transaction():
        queue.put_off(sender.database, sender.id, {claim.delivery_id: 3600.0})
        leaving = begin(lambda: links.by_token(token, 0))
    leaving.answer()
    assert sender.row(claim.delivery_id)["state"] == "held"
    assert due_at(claim.batch_id) in (None, NOW_DUE)
