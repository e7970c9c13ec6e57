"""The gate: the last question before a message is handed over. It alone makes permits.

One READ COMMITTED transaction in one round trip. First the campaign and the subscriber rows are
locked FOR SHARE, in the order of their ids, and before any delivery, as everybody else locks
them; then, in a statement with a snapshot of its own, the verdict is read and `claimed` becomes
`open`. In a single statement PostgreSQL would re-check only the row it waited for, and read the
rest from the snapshot it began with: a withdrawal would slip through. Every "no" updates the
subscriber's row first, so it either comes before this lock and is seen, or waits until the
permit is recorded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Connection, Cursor

from mailing.base.errors import ConfigurationError
from mailing.base.settings import Settings
from mailing.base.tokens import ReturnPath, link_keys
from mailing.campaigns.campaigns import QUEUE_FOR_SHARE
from mailing.deliveries import queue, results
from mailing.deliveries.permit import GateStamp, SendPermit
from mailing.deliveries.queue import Claim
from mailing.deliveries.results import Ending, Result
from mailing.people import verdict
from mailing.people.subscribers import Sealer

_STAMP = GateStamp()

_LOCK_CAMPAIGNS = "SELECT FROM campaigns WHERE id = ANY (%s) ORDER BY id FOR SHARE"
_LOCK_SUBSCRIBERS = "SELECT FROM subscribers WHERE id = ANY (%s) ORDER BY id FOR SHARE"

# The rows are judged and locked once, in the order of their ids, and updated by their ids alone:
# with the conditions repeated outside, statistics gathered between two campaigns made a call of
# 20 messages take 1.2 s instead of 10 ms. A row comes back by its place in the question.
_DECIDE = f"""
    WITH judged AS (
        SELECT d.id, a.place, s.digest, s.personal, s.language, st.entry_id,
            CASE
                WHEN NOT (SELECT sending_on FROM installation) THEN 'later'
                WHEN c.state = 'paused' THEN 'later'
                WHEN c.id IS NOT NULL AND c.state <> 'sending' THEN 'campaign_stopped'
                WHEN d.kind = 'campaign' THEN ({verdict.CAMPAIGN})
                WHEN d.kind = 'notice' THEN ({verdict.NOTICE})
                ELSE ({verdict.CONFIRMATION})
            END AS no
        FROM unnest(%(ids)s::uuid[], %(fences)s::int[]) WITH ORDINALITY AS a (id, fence, place)
        JOIN deliveries d ON d.id = a.id AND d.fence = a.fence
            AND d.owner = %(owner)s AND d.state = 'claimed'
        JOIN subscribers s ON s.id = d.subscriber_id
        JOIN topics t ON t.id = d.topic_id
        LEFT JOIN campaigns c ON c.id = d.campaign_id
        LEFT JOIN standings st ON st.subscriber_id = d.subscriber_id AND st.topic_id = d.topic_id
        LEFT JOIN policy_versions p ON p.id = st.policy_id
        LEFT JOIN optins r ON r.id = d.optin_id
        ORDER BY d.id FOR UPDATE OF d
    )
    UPDATE deliveries d SET
        state = CASE WHEN j.no IS NULL THEN 'open' WHEN j.no = 'later' THEN 'pending'
                     ELSE 'held' END,
        reason = NULLIF(j.no, 'later'),
        attempts = d.attempts + (j.no IS NULL)::int,
        allowed_by = CASE WHEN j.no IS NULL THEN j.entry_id END,
        link_key = CASE WHEN j.no IS NULL THEN coalesce(d.link_key, %(link_key)s)
                        ELSE d.link_key END,
        dated_at = CASE WHEN j.no IS NULL THEN coalesce(d.dated_at, now()) ELSE d.dated_at END,
        opened_at = CASE WHEN j.no IS NULL THEN clock_timestamp() ELSE d.opened_at END,
        finished_at = CASE WHEN j.no IS NOT NULL AND j.no <> 'later' THEN now() END
    FROM judged j
    WHERE d.id = j.id
    RETURNING j.place, d.state, d.optin_id, d.attempts, d.link_key, d.dated_at,
        j.digest, j.personal, j.language
"""  # noqa: S608 - our own text; every value is bound


@dataclass(frozen=True, slots=True)
class Passed:
    """A yes: the permit, and what the message is rendered from."""

    permit: SendPermit
    campaign_id: int | None
    optin_id: UUID | None
    topic_id: int
    subscriber_id: UUID
    digest: bytes
    language: str
    fields: dict[str, str]
    link_key: str
    dated_at: datetime
    attempts: int
    batch_id: int


class _Row(NamedTuple):
    """What the gate answers about one claim."""

    place: int
    state: str
    optin_id: UUID | None
    attempts: int
    link_key: str | None
    dated_at: datetime | None
    digest: bytes
    personal: bytes | None
    language: str


def ask(
    connection: Connection,
    settings: Settings,
    owner: UUID,
    claims: Sequence[Claim],
    done: Sequence[Result] = (),
) -> list[Passed]:
    """Ask for these claims; the yeses. Each no stands in its row, with the reason.

    Results of earlier messages ride along in the same transaction, which is committed here:
    the engine is one of the two places that own their transactions.
    """
    # Locked in the order of their ids, as everybody else locks them.
    asked = sorted(claims, key=lambda claim: claim.delivery_id)
    with connection.pipeline(), connection.transaction():
        _lock(connection, asked)
        results.record(connection, settings, owner, done)
        rows = _decide(connection, settings, owner, asked)
    answered = [_Row(*row) for row in rows]
    _call_again(connection, [asked[row.place - 1] for row in answered if row.state == "pending"])
    opened = [_read(row, asked[row.place - 1], settings) for row in answered if row.state == "open"]
    # One person's record that cannot be read must not end what belongs to everybody else.
    unread = [one for one in opened if isinstance(one, Result)]
    results.record(connection, settings, owner, unread)
    return [one for one in opened if isinstance(one, Passed)]


def _lock(connection: Connection, claims: Sequence[Claim]) -> None:
    campaigns = {claim.campaign_id for claim in claims if claim.campaign_id is not None}
    if campaigns:
        connection.execute(QUEUE_FOR_SHARE, [sorted(campaigns)])
        connection.execute(_LOCK_CAMPAIGNS, [list(campaigns)])
    if claims:
        connection.execute(_LOCK_SUBSCRIBERS, [list({claim.subscriber_id for claim in claims})])


def _decide(
    connection: Connection, settings: Settings, owner: UUID, claims: Sequence[Claim]
) -> Cursor[Any]:
    values = {
        "ids": [claim.delivery_id for claim in claims],
        "fences": [claim.fence for claim in claims],
        "owner": owner,
        "link_key": link_keys(settings.secret_keys).newest,
    }
    return connection.execute(_DECIDE, values, binary=True)


def _call_again(connection: Connection, claims: Sequence[Claim]) -> None:
    """What waits for its campaign, or for sending to be switched on, is claimed again then."""
    if claims:
        queue.call(connection, [claim.delivery_id for claim in claims])


def _read(row: _Row, claim: Claim, settings: Settings) -> Passed | Result:
    try:
        return _passed(row, claim, settings)
    except ConfigurationError as error:
        told = (Ending.DEFERRED, row.attempts, None, error.message)
        return Result(claim.delivery_id, claim.fence, *told)


def _passed(row: _Row, claim: Claim, settings: Settings) -> Passed:
    # A row that is open has these by the statement that opened it.
    assert row.personal is not None and row.link_key is not None and row.dated_at is not None
    fields = Sealer(settings).open(row.personal, claim.subscriber_id.bytes)
    return_path = ReturnPath(claim.delivery_id).address(
        link_keys(settings.secret_keys), settings.bounce_domain, row.link_key
    )
    permit = SendPermit(
        _STAMP, claim.delivery_id, claim.fence, claim.kind, return_path, fields["email"]
    )
    return Passed(
        permit=permit,
        campaign_id=claim.campaign_id,
        optin_id=row.optin_id,
        topic_id=claim.topic_id,
        subscriber_id=claim.subscriber_id,
        digest=row.digest,
        language=row.language,
        fields=fields,
        link_key=row.link_key,
        dated_at=row.dated_at,
        attempts=row.attempts,
        batch_id=claim.batch_id,
    )
