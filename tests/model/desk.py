"""The adapter between these tests and the queue's tables: all that knows how a row is stored."""

from uuid import UUID, uuid4

import psycopg
from sqlalchemy import text

from mailing.base.database import db
from mailing.deliveries import dispatch, incarnations, queue
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
    query = "SELECT id, kind, campaign_id, subscriber_id, topic_id, batch_id FROM deliveries"
    return [Claim(row[0], fence, *row[1:]) for row in database.execute(query)]


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
    while dispatch.close_stopped():
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
