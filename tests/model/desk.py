"""The adapter between these tests and the queue's tables: all that knows how a row is stored."""

from collections.abc import Iterable, Iterator
from uuid import UUID, uuid4

import psycopg
from psycopg import sql
from sqlalchemy import text

from mailing.base.database import db
from mailing.deliveries import dispatch, halting, incarnations, queue
from mailing.deliveries.incarnations import Owner
from mailing.deliveries.queue import Claim
from tests.deliveries.conftest import Sender

Place = tuple[str, UUID, int]

_PUT = (
    """
    UPDATE deliveries SET state = %(state)s, fence = %(fence)s, attempts = 1, dated_at = now(),
        owner = %(owner)s, opened_at = now(), sealed_at = now(),
        reason = CASE WHEN %(state)s IN ('held', 'aborting') THEN 'unsubscribed' END,
        retry_at = CASE WHEN %(state)s = 'deferred' THEN now() - interval '1 second' END
    WHERE id = %(id)s
    """,
    """
    INSERT INTO batch_owners (owner, batch_id)
    SELECT %(owner)s, batch_id FROM deliveries WHERE id = %(id)s ON CONFLICT DO NOTHING
    """,
    """
    UPDATE batches SET due_at = now(), finished_at = NULL
    WHERE id = (SELECT batch_id FROM deliveries WHERE id = %(id)s)
    """,
)


def write_down(sender: Sender, campaign: int) -> list[UUID]:
    """The ids of a campaign's deliveries, in the order of their people."""
    query = "SELECT id FROM deliveries WHERE campaign_id = %s ORDER BY subscriber_id"
    return [row[0] for row in sender.database.execute(query, [campaign])]


def another_owner(sender: Sender) -> UUID:
    """Somebody else who may own rows, and lives."""
    other = uuid4()
    incarnations.register(sender.database, Owner(other, sender.host, "this boot", False), 1)
    return other


def put(database: psycopg.Connection, row: UUID, place: Place) -> None:
    """Put a delivery into a state, for an owner and a fence."""
    state, owner, fence = place
    values = {"id": row, "state": state, "owner": owner, "fence": fence}
    for statement in _PUT:
        database.execute(statement, values)


def claims(database: psycopg.Connection, fence: int) -> list[Claim]:
    """A claim with this fence on every delivery, whoever has it."""
    names = Claim._fields
    query = sql.SQL("SELECT {} FROM deliveries").format(
        sql.SQL(",").join(
            map(sql.Identifier, ("id" if name == "delivery_id" else name for name in names))
        )
    )
    found = [Claim(*row) for row in database.execute(query)]
    return [one._replace(fence=fence) for one in found]


def put_back(sender: Sender, ids: list[UUID], seconds: float = 0) -> None:
    """Give back what was not begun, perhaps not to be claimed for some seconds."""
    with sender.database.transaction():
        queue.put_back(sender.database, sender.id, ids, seconds)


def begin_again(database: psycopg.Connection, campaign: int) -> None:
    """Put a campaign and all its messages back to their beginning."""
    values = {"campaign": campaign}
    for statement in _BEGIN_AGAIN:
        database.execute(statement, values)


_BEGIN_AGAIN = (
    "UPDATE deliveries SET state = 'pending', owner = NULL, reason = NULL, retry_at = NULL, "
    "finished_at = NULL WHERE campaign_id = %(campaign)s",
    "UPDATE batches SET due_at = now(), finished_at = NULL WHERE campaign_id = %(campaign)s",
    "UPDATE campaigns SET state = 'sending', finished_at = NULL WHERE id = %(campaign)s",
)


def states(database: psycopg.Connection) -> set[str]:
    """The states that there are."""
    return {row[0] for row in database.execute("SELECT DISTINCT state FROM deliveries")}


def close_stopped() -> None:
    """Let the sweep hold what waits of a stopped campaign, to its end."""
    while halting.close_stopped():
        db.session.commit()
    db.session.commit()


def ask_for_it(people: list[UUID]) -> None:
    """Turn everybody's message into a confirmation that they have asked for."""
    for statement in _ASK_FOR_IT:
        db.session.execute(text(statement), {"people": people})
    db.session.commit()


_ASK_FOR_IT = (
    "INSERT INTO optins (id, subscriber_id, form_id, form_version, policy_id, language, page, "
    "topic_ids, wordings, state, created_at, expires_at) SELECT gen_random_uuid(), s.id, f.id, 1, "
    "p.id, 'kk', 'http://glazik.example/join', ARRAY[t.id], '{}', 'open', now(), "
    "now() + interval '7 days' FROM subscribers s, forms f, policy_versions p, topics t "
    "WHERE s.id = ANY (:people) AND t.slug = 'news'",
    "UPDATE deliveries d SET kind = 'confirmation', campaign_id = NULL, optin_id = o.id, "
    "confirmation_day = current_date, confirmation_number = 1 FROM optins o "
    "WHERE o.subscriber_id = d.subscriber_id",
)


Seen = tuple[str, UUID | None, int]


def rows(database: psycopg.Connection, campaigns: Iterable[int]) -> list[tuple[UUID, Seen]]:
    """Every delivery as it stands: state, the owner of what is in work, fence."""
    query = (
        "SELECT id, state, CASE WHEN state IN ('claimed', 'open', 'sealed', 'aborting') "
        "THEN owner END, fence FROM deliveries WHERE campaign_id = ANY (%s)"
    )
    return [(row[0], row[1:]) for row in database.execute(query, [list(campaigns)])]


def places(
    database: psycopg.Connection, campaigns: Iterable[int]
) -> Iterator[tuple[UUID, int, UUID]]:
    """Id, campaign and person of every delivery that is written."""
    query = "SELECT id, campaign_id, subscriber_id FROM deliveries WHERE campaign_id = ANY (%s)"
    return iter(database.execute(query, [list(campaigns)]).fetchall())


def claim_of(database: psycopg.Connection, delivery: UUID, fence: int) -> Claim:
    """A claim on one delivery as it was once given."""
    return next(one for one in claims(database, fence) if one.delivery_id == delivery)


def release(database: psycopg.Connection, owner: UUID, keep: set[int]) -> None:
    """Let go of every batch of which nothing is in hand."""
    with database.transaction():
        queue.release(database, owner, keep)


def time_passes(database: psycopg.Connection) -> None:
    """An hour, for everything that waits for a time."""
    database.execute("UPDATE deliveries SET retry_at = retry_at - interval '1 hour'")
    database.execute("UPDATE batches SET due_at = due_at - interval '1 hour'")


def finish() -> None:
    """Let the sweep note which campaigns are done."""
    dispatch.finish()
    db.session.commit()


def unfinished(database: psycopg.Connection) -> int:
    """How many batches are not finished."""
    row = database.execute("SELECT count(*) FROM batches WHERE finished_at IS NULL").fetchone()
    assert row is not None
    return int(row[0])


def unwrite(database: psycopg.Connection) -> None:
    """Every campaign at its very beginning: it is sending, and no message is written."""
    for statement in _UNWRITE:
        database.execute(statement)


_UNWRITE = (
    "DELETE FROM deliveries",
    "DELETE FROM batch_tallies",
    "DELETE FROM batch_owners",
    "UPDATE batches SET written_at = NULL, due_at = now(), finished_at = NULL",
    "UPDATE campaigns SET state = 'sending', finished_at = NULL",
    "UPDATE installation SET sending_on = true",
)


# Three ways in which a row could be forgotten: it waits and nothing is due, it is in work and no
# sweep would look there, or its batch is thought to be finished.
_ASTRAY = """
    SELECT 'waits, but is not due', d.id FROM deliveries d JOIN batches b ON b.id = d.batch_id
    WHERE ((d.state = 'pending' AND NOT coalesce(b.due_at <= clock_timestamp(), false))
       OR (d.state = 'deferred' AND NOT coalesce(b.due_at <= d.retry_at, false)))
      AND NOT EXISTS (SELECT FROM batch_owners o WHERE o.batch_id = b.id AND o.owner = ANY (%s))
    UNION ALL
    SELECT 'is in work, but nobody owns its batch', d.id FROM deliveries d
    WHERE d.state IN ('claimed', 'open', 'sealed', 'aborting') AND NOT EXISTS (
        SELECT FROM batch_owners o WHERE o.batch_id = d.batch_id AND o.owner = d.owner)
    UNION ALL
    SELECT 'is unfinished, but its batch is not', d.id FROM deliveries d
    JOIN batches b ON b.id = d.batch_id
    WHERE b.finished_at IS NOT NULL
      AND d.state IN ('pending', 'claimed', 'open', 'sealed', 'aborting', 'deferred')
"""


def astray(database: psycopg.Connection, unswept: list[UUID]) -> list[tuple[str, UUID]]:
    """The rows that could be forgotten, each with why. What a dead owner has left lying in its
    batches is found by the sweep that comes."""
    return database.execute(_ASTRAY, [unswept]).fetchall()


def let_go_of_everything(database: psycopg.Connection) -> None:
    """Nobody owns any batch."""
    database.execute("DELETE FROM batch_owners")
