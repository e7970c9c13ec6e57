"""What is on its way to somebody who leaves: kept back, aborted, or waited for and named."""

import time
from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from mailing.base.arrays import ids, numbers
from mailing.base.database import each_by_itself
from mailing.base.roundtrip import Said, Value
from mailing.base.saying import ask, tell
from mailing.base.settings import current
from mailing.deliveries.deliveries import message_id
from mailing.deliveries.frames import domain_of

_LOOK_AGAIN = 0.02

# A confirmation belongs to each topic that its request asks for. An answer to a person's own
# request is no mail of any topic: leaving does not take it back, a withdrawal stops it at the gate.
_COVERED = """
    SELECT d.id, d.state, d.sealed_at FROM deliveries d LEFT JOIN optins o ON o.id = d.optin_id
    WHERE d.subscriber_id = ANY (%(people)s::uuid[])
      AND d.state IN ({states}) AND d.kind <> 'correspondence'
      AND (d.topic_id = ANY (%(covered)s::integer[])
           OR o.topic_ids && %(covered)s::integer[])
    ORDER BY d.id
"""

_KEEP_BACK = f"""
    WITH mine AS ({_COVERED.format(states="'pending', 'deferred', 'claimed', 'open'")}
                  FOR UPDATE OF d)
    UPDATE deliveries d SET retry_at = NULL,
        state = CASE mine.state WHEN 'open' THEN 'aborting' ELSE 'held' END,
        finished_at = CASE mine.state WHEN 'open' THEN NULL ELSE now() END,
        reason = CASE WHEN d.topic_id = ANY (%(named)s::integer[]) OR d.kind = 'confirmation'
                      THEN %(reason)s::text ELSE 'no_topic_left' END
    FROM mine WHERE d.id = mine.id
"""  # noqa: S608 - our own text; every value is bound

# A batch that waited for the retry of what is held now (it ended when this transaction began) has
# nothing to wait for. A statement with a snapshot of its own: what put the batch off may have been
# waited for in the one before.
_CALL = """
    WITH freed AS (
        SELECT b.id FROM batches b
        WHERE b.due_at > now() AND b.id IN (
            SELECT d.batch_id FROM deliveries d
            WHERE d.subscriber_id = ANY (%(people)s::uuid[])
              AND d.state = 'held' AND d.finished_at = now())
        ORDER BY b.id FOR UPDATE
    )
    UPDATE batches b SET due_at = to_timestamp(0) FROM freed f WHERE b.id = f.id
"""

# A dot that was written just before its process was killed may still reach the relay: the message
# is uncertain, or, as a confirmation, was to be sent again and is held by now.
_MAY_ARRIVE = f"""
    SELECT c.id, c.sealed_at, d.state = 'sealed' AS is_sealed
    FROM ({_COVERED.format(states="'sealed', 'uncertain', 'deferred', 'held'")}) c
    JOIN deliveries d ON d.id = c.id
    WHERE d.state = 'sealed' OR (
        d.sealed_at > now() - interval '10 minutes' AND d.sealed_at >= d.opened_at
        AND d.reply_code IS NULL AND (d.state = 'uncertain' OR d.kind = 'confirmation'))
    ORDER BY c.id
"""  # noqa: S608 - our own text; every value is bound


class _OnItsWay(NamedTuple):
    id: UUID
    sealed_at: datetime
    is_sealed: bool


def keep_back(
    subscriber_ids: Collection[UUID], reason: str, named: list[int], covered: list[int]
) -> None:
    """Hold what waits for these people and abort what is open. `named` are the topics that were
    left; a notice that is covered because no topic is left says so."""
    tell(*keeping_back(subscriber_ids, reason, named, covered))


def keeping_back(
    subscriber_ids: Collection[UUID], reason: str, named: list[int], covered: list[int]
) -> list[Said]:
    """What `keep_back` says."""
    people = {"people": ids(subscriber_ids)}
    topics = {"covered": numbers(covered), "named": numbers(named)}
    return [Said(_KEEP_BACK, people | topics | {"reason": reason}), Said(_CALL, people)]


def wait(subscriber_id: UUID, covered: list[int], patience: float) -> list[dict[str, str]]:
    """What may still arrive, once nothing is sealed or `patience` seconds have passed.

    What is aborting needs no waiting: it cannot complete, because the seal asks for `open`. What
    became uncertain in the last minutes is not waited for, but named.
    """
    deadline = time.monotonic() + patience
    # No transaction is open while we only wait.
    with each_by_itself():
        found = _look(subscriber_id, covered)
        while any(row.is_sealed for row in found) and time.monotonic() < deadline:
            time.sleep(_LOOK_AGAIN)
            found = _look(subscriber_id, covered)
    domain = domain_of(current())
    return [
        {"message_id": message_id(row.id, domain), "handed_over_at": row.sealed_at.isoformat()}
        for row in found
    ]


def _look(subscriber_id: UUID, covered: list[int]) -> list[_OnItsWay]:
    values: dict[str, Value] = {"people": ids([subscriber_id]), "covered": numbers(covered)}
    return [_OnItsWay._make(row) for row in ask(Said(_MAY_ARRIVE, values))[0]]
