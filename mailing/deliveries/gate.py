"""The gate: the last question before a message is handed over. It alone makes permits.

One READ COMMITTED transaction in one round trip. First the campaign and the subscriber rows are
locked FOR SHARE, in the order of their ids, and before any delivery, as everybody else locks
them; then, in a statement with a snapshot of its own, the verdict is read and `claimed` becomes
`open`. In a single statement PostgreSQL would re-check only the row it waited for, and read the
rest from the snapshot it began with: a withdrawal would slip through. Every "no" updates the
subscriber's row first, so it either comes before this lock and is seen, or waits until the
permit is recorded.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

import structlog
from psycopg import Connection
from psycopg.errors import DeadlockDetected, LockNotAvailable, SerializationFailure

from mailing.base.arrays import ids, numbers
from mailing.base.errors import ConfigurationError
from mailing.base.roundtrip import Row, Said, Value, transact
from mailing.base.settings import Settings
from mailing.base.tokens import LinkKeys, ReturnPath, link_keys
from mailing.campaigns.campaigns import QUEUE_FOR_SHARE
from mailing.deliveries import account_mails, queue, results
from mailing.deliveries.message import SignedUp
from mailing.deliveries.permit import GateStamp, SendPermit
from mailing.deliveries.queue import Claim
from mailing.deliveries.results import Ending, Result
from mailing.people import verdict
from mailing.people.subscribers import Sealer

_STAMP = GateStamp()
_RETRY_ONCE = (DeadlockDetected, SerializationFailure, LockNotAvailable)

_log = structlog.get_logger()

_LOCK_CAMPAIGNS = "SELECT FROM campaigns WHERE id = ANY (%(ids)s::int[]) ORDER BY id FOR SHARE"
_LOCK_SUBSCRIBERS = "SELECT FROM subscribers WHERE id = ANY (%(ids)s::uuid[]) ORDER BY id FOR SHARE"

# One pass in the order of the question. What a claim knows of its row never changes (person, topic,
# campaign), so the verdict is read beside the row and not through it: looking the row up twice
# took a third more. The verdict is worked out once a row, and each kind of message has a statement
# of its own: setting up the verdicts of all three took 0.3 ms a group. A row comes back by its
# place in the question.
_DECIDE = """
    WITH judged AS MATERIALIZED (
        SELECT a.id, a.fence, a.place, {digest} AS digest, {personal} AS personal,
            {language} AS language, {silent} AS silent, st.entry_id, st.policy_id,
            ({since}.signed_up_at AT TIME ZONE %(zone)s::text)::date AS signed_up_on,
            {since}.signed_up_site, {since}.signed_up_form,
            CASE
                WHEN NOT (SELECT sending_on FROM installation) THEN 'later'
                WHEN c.state = 'paused' THEN 'later'
                WHEN c.id IS NOT NULL AND c.state <> 'sending' THEN 'campaign_stopped'
                ELSE ({verdict})
            END AS no
        FROM unnest(%(ids)s::uuid[], %(fences)s::int[], %(subscribers)s::uuid[],
                    %(topics)s::int[], %(campaigns)s::int[], %(optins)s::uuid[])
            WITH ORDINALITY AS a (id, fence, subscriber, topic, campaign, optin, place)
        {people} subscribers s ON s.id = a.subscriber
        JOIN topics t ON t.id = a.topic
        LEFT JOIN campaigns c ON c.id = a.campaign
        LEFT JOIN standings st ON st.subscriber_id = a.subscriber AND st.topic_id = a.topic
        LEFT JOIN policy_versions p ON p.id = st.policy_id
        LEFT JOIN optins r ON r.id = a.optin {more}
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
    WHERE d.id = j.id AND d.fence = j.fence AND d.owner = %(owner)s AND d.state = 'claimed'
    RETURNING j.place, d.state, d.attempts, d.link_key, d.dated_at,
        j.digest, j.personal, j.language, j.policy_id, j.silent,
        j.signed_up_on, j.signed_up_site, j.signed_up_form
"""
_SUBSCRIBER = {
    "people": "JOIN",
    "digest": "s.digest",
    "personal": "s.personal",
    "language": "s.language",
    "silent": "false",
    "since": "st",
    "more": "",
}
# A notice goes to whoever has said yes to something; it tells of what they said yes to first.
_NOTICE = _SUBSCRIBER | {
    "since": "f",
    "more": """
        LEFT JOIN LATERAL (
            SELECT o.signed_up_at, o.signed_up_site, o.signed_up_form FROM standings o
            WHERE o.subscriber_id = s.id AND o.standing = 'given' AND o.topic_id <> t.id
            ORDER BY o.signed_up_at, o.topic_id LIMIT 1) f ON true""",
}
# An answer may go to an address that its person only says is theirs, and to a stranger who wrote.
# A receipt is automatic: nothing is to come back for it (RFC 3834 3.3).
_ANSWER = {
    "people": "LEFT JOIN",
    "digest": "coalesce(w.digest, s.digest)",
    "personal": "coalesce(w.recipient, s.personal)",
    "since": "st",
    "language": "coalesce(w.language, s.language)",
    "silent": "coalesce(w.kind = 'receipt', false)",
    "more": """
        LEFT JOIN answers w ON w.delivery_id = a.id
        LEFT JOIN address_changes g ON g.id = w.change_id""",
}
# A mail about a login goes to somebody of the staff, who is no subscriber: what anybody agreed to
# or left is not asked, but whether the link in it would still open.
_ACCOUNT = {
    "people": "LEFT JOIN",
    "digest": "m.digest",
    "personal": "m.recipient",
    "since": "st",
    "language": "m.language",
    "silent": "true",
    "more": """
        LEFT JOIN account_mails m ON m.delivery_id = a.id
        LEFT JOIN staff u ON u.id = m.staff_id""",
}
# A test goes to the address that it was sent to, somebody's or nobody's.
_TRIAL = {
    "people": "LEFT JOIN",
    "digest": "w.digest",
    "personal": "w.recipient",
    "since": "st",
    "language": "w.language",
    "silent": "false",
    "more": "LEFT JOIN trials w ON w.delivery_id = a.id",
}
_PLACES = {
    "campaign": {"verdict": verdict.CAMPAIGN, **_SUBSCRIBER},
    "notice": {"verdict": verdict.NOTICE, **_NOTICE},
    "confirmation": {"verdict": verdict.CONFIRMATION, **_SUBSCRIBER},
    "correspondence": {"verdict": verdict.CORRESPONDENCE, **_ANSWER},
    "account": {"verdict": account_mails.VERDICT, **_ACCOUNT},
    "test": {"verdict": verdict.TEST, **_TRIAL},
}


class Passed(NamedTuple):
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
    policy_id: int | None
    signed_up: SignedUp = SignedUp()


class _Row(NamedTuple):
    """What the gate answers about one claim; a row that is open has all of these."""

    place: int
    state: str
    attempts: int
    link_key: str
    dated_at: datetime
    digest: bytes
    personal: bytes
    language: str
    policy_id: int | None
    is_silent: bool
    signed_up_on: date | None
    signed_up_site: str | None
    signed_up_form: str | None


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
    asked = sorted(claims, key=attrgetter("delivery_id.int"))
    kinds = sorted(set(map(attrgetter("kind"), asked)))
    groups = [[claim for claim in asked if claim.kind == kind] for kind in kinds]
    before = [*_lock(asked), *results.recording(settings, owner, done)]
    said = [*before, *(_decide(settings, owner, group) for group in groups)]
    answers = _again_once(lambda: transact(connection, said))[len(before) :]
    answered = [
        (group[row[0] - 1], _Row(*row))
        for group, rows in zip(groups, answers, strict=True)
        for row in rows
    ]
    _call_again(connection, [claim for claim, row in answered if row.state == "pending"])
    reader = _Reader(settings, Sealer(settings), link_keys(settings.secret_keys))
    opened = [reader.read(row, claim) for claim, row in answered if row.state == "open"]
    # One person's record that cannot be read must not end what belongs to everybody else.
    unread = [one for one in opened if isinstance(one, Result)]
    results.record(connection, settings, owner, unread)
    return [one for one in opened if isinstance(one, Passed)]


def _again_once(transaction: Callable[[], list[list[Row]]]) -> list[list[Row]]:
    try:
        return transaction()
    except _RETRY_ONCE as error:
        # These errors say that nothing was committed, so asking again is safe. What follows the
        # commit is not asked again: there an error ends the process, and the sweep calls its rows.
        _log.info("the gate is asked again", error=type(error).__name__)
        return transaction()


def _lock(claims: Sequence[Claim]) -> list[Said]:
    campaigns = sorted({claim.campaign_id for claim in claims if claim.campaign_id is not None})
    locks = []
    if campaigns:
        which = {"ids": numbers(campaigns)}
        locks += [Said(QUEUE_FOR_SHARE, which), Said(_LOCK_CAMPAIGNS, which)]
    if claims:
        people = ids(map(attrgetter("subscriber_id"), claims))
        locks.append(Said(_LOCK_SUBSCRIBERS, {"ids": people}))
    return locks


def _decide(settings: Settings, owner: UUID, claims: Sequence[Claim]) -> Said:
    values: dict[str, Value] = {
        "ids": ids(map(attrgetter("delivery_id"), claims)),
        "fences": numbers(map(attrgetter("fence"), claims)),
        "subscribers": ids(map(attrgetter("subscriber_id"), claims)),
        "topics": numbers(map(attrgetter("topic_id"), claims)),
        # All of these are of one kind: either each has a campaign or each has an opt-in request.
        "campaigns": numbers(filter(None, map(attrgetter("campaign_id"), claims))),
        "optins": ids(filter(None, map(attrgetter("optin_id"), claims))),
        "owner": str(owner),
        "link_key": link_keys(settings.secret_keys).newest,
        "zone": settings.time_zone,
    }
    # Filled in here and not once for all: tests that take the question away must still bite.
    return Said(_DECIDE.format(**_PLACES[claims[0].kind]), values)


def _call_again(connection: Connection, claims: Sequence[Claim]) -> None:
    """What waits for its campaign, or for sending to be switched on, is claimed again then."""
    if claims:
        queue.call(connection, [claim.delivery_id for claim in claims])


@dataclass(frozen=True, slots=True)
class _Reader:
    """Makes of a yes what can be sent."""

    settings: Settings
    sealer: Sealer
    keys: LinkKeys

    def read(self, row: _Row, claim: Claim) -> Passed | Result:
        """The yes; the result where this person's record cannot be read."""
        try:
            return self._passed(row, claim)
        except ConfigurationError as error:
            told = (Ending.DEFERRED, row.attempts, None, error.message)
            return Result(claim.delivery_id, claim.fence, *told)

    def _passed(self, row: _Row, claim: Claim) -> Passed:
        delivery, fence = claim.delivery_id, claim.fence
        fields = self.sealer.open(row.personal, claim.subscriber_id.bytes)
        domain = self.settings.bounce_domain
        back = ReturnPath(delivery).address(self.keys, domain, row.link_key)
        return_path = "" if row.is_silent else back
        permit = SendPermit(_STAMP, delivery, fence, claim.kind, return_path, fields["email"])
        # By their places: by name it takes a microsecond more.
        return Passed(
            permit,
            claim.campaign_id,
            claim.optin_id,
            claim.topic_id,
            claim.subscriber_id,
            row.digest,
            row.language,
            fields,
            row.link_key,
            row.dated_at,
            row.attempts,
            claim.batch_id,
            row.policy_id,
            SignedUp(*row[-3:]),
        )
