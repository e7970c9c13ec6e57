"""Told: who has been told of a policy version by its notice, who has not and why, who left since.

Each person whom the notice considered is in exactly one line: told, waiting, uncertain, or not
told for one reason. The others the officer tells in another way.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from mailing.base.database import db
from mailing.base.errors import Invalid
from mailing.base.sheets import sheet
from mailing.campaigns import audience
from mailing.campaigns.campaigns import Campaign, State
from mailing.people.subscribers import Sealer
from mailing.staff.audit import Actor, record

HEADS = ("email", "language", "outcome", "reason", "told_at", "left_since", "agreed")
_LONGEST_WHY = 200

TOLD, WAITING, UNCERTAIN, NOT_TOLD = "told", "waiting", "uncertain", "not_told"

# What became of each person, and whether they have left since: as things stand now, so that
# somebody who took it back has not left.
_EVERYBODY = """
    SELECT s.id, s.personal, s.language, a.outcome, a.reason,
        CASE WHEN a.outcome = 'told' THEN a.at END AS told_at,
        CASE WHEN a.outcome <> 'told' THEN NULL
             WHEN s.personal IS NULL OR EXISTS (SELECT FROM standings o
                 WHERE o.subscriber_id = s.id AND o.standing = 'withdrawn' AND o.since > a.at)
                 THEN 'withdrawn'
             WHEN EXISTS (SELECT FROM suppressions x WHERE x.digest = s.digest
                 AND x.reason = 'complaint' AND x.since > a.at) THEN 'suppressed_complaint'
             WHEN s.blocked_at > a.at THEN 'blocked'
             WHEN EXISTS (SELECT FROM standings o WHERE o.subscriber_id = s.id
                 AND o.standing = 'unsubscribed' AND o.since > a.at) THEN 'unsubscribed'
             WHEN EXISTS (SELECT FROM suppressions x WHERE x.digest = s.digest
                 AND x.reason = 'bounce' AND x.since > a.at) THEN 'suppressed_bounce'
        END AS left_since,
        EXISTS (SELECT FROM ledger l JOIN topics t ON t.id = l.topic_id
                WHERE l.subscriber_id = s.id AND l.kind = 'given' AND t.slug <> 'notices'
                AND l.policy_id = :policy) AS agreed
    FROM (
        SELECT m.id, d.finished_at AS at,
            CASE WHEN c.reason IS NOT NULL OR d.state IN ('held', 'refused') THEN 'not_told'
                 WHEN d.state = 'accepted' THEN 'told'
                 WHEN d.state = 'uncertain' THEN 'uncertain'
                 WHEN :is_over THEN 'not_told' ELSE 'waiting' END AS outcome,
            CASE WHEN c.reason IS NOT NULL THEN c.reason
                 WHEN d.state = 'held' THEN d.reason
                 WHEN d.state = 'refused' THEN 'refused'
                 WHEN d.state IN ('accepted', 'uncertain') THEN NULL
                 WHEN :is_over THEN 'campaign_stopped' END AS reason
        FROM audience_chunks c
        CROSS JOIN unnest(c.subscriber_ids) AS m (id)
        LEFT JOIN deliveries d ON d.campaign_id = c.campaign_id AND d.subscriber_id = m.id
        WHERE c.campaign_id = :campaign
    ) a
    JOIN subscribers s ON s.id = a.id
"""
_COUNT = f"""
    SELECT outcome, reason, left_since, agreed, count(*) FROM ({_EVERYBODY}) e
    GROUP BY outcome, reason, left_since, agreed
"""  # noqa: S608 - our own text; every value is bound


@dataclass(frozen=True)
class Report:
    """`considered` = `told` + `waiting` + `uncertain` + the sum of `not_told` by reason.

    `left_since` and `agreed` speak of those told: who has left, by the strongest thing they did,
    and who has said yes to the version on some topic.
    """

    policy: int
    notice: int
    state: str
    considered: int
    told: int
    waiting: int
    uncertain: int
    not_told: dict[str, int]
    left_since: dict[str, int]
    agreed: int


def report(notice: Campaign) -> Report:
    """The report of a notice as it stands; before its start, as it would be now."""
    if notice.audience is None:
        return _before(notice)
    outcomes: Counter[str] = Counter()
    not_told: Counter[str] = Counter()
    left: Counter[str] = Counter()
    agreed = 0
    for outcome, reason, left_since, has_agreed, number in db.session.execute(
        text(_COUNT), _values(notice)
    ):
        outcomes[outcome] += number
        not_told[reason or ""] += number if outcome == NOT_TOLD else 0
        left[left_since or ""] += number
        agreed += number if has_agreed and outcome == TOLD else 0
    return _report(notice, outcomes, _named(not_told), _named(left), agreed)


def people(notice: Campaign) -> Iterator[tuple[Any, ...]]:
    """One row under `HEADS` for everybody considered; somebody destroyed since has no address."""
    if notice.audience is None:
        is_over = notice.state == State.STOPPED
        for email, reason in audience.people(notice, None):
            yield email, "", NOT_TOLD if reason or is_over else WAITING, reason, None, None, False
        return
    sealer = Sealer()
    for row in db.session.execute(text(_EVERYBODY), _values(notice)).yield_per(1000):
        personal = sealer.open(row.personal, row.id.bytes) if row.personal else {}
        outcome = (row.outcome, row.reason, row.told_at, row.left_since, row.agreed)
        yield personal.get("email", ""), row.language, *outcome


def export(notice: Campaign, why: str, actor: Actor) -> str:
    """All of them as a sheet; who took it, why and how much is in the audit log (policy 2.7).

    Raises `Invalid` without a reason.
    """
    said = " ".join(why.split())
    if not 3 <= len(said) <= _LONGEST_WHY or not said.isprintable():
        raise Invalid(f"Say in 3 to {_LONGEST_WHY} letters why you need the list.", "why")
    rows = list(people(notice))
    record(
        actor,
        "people exported",
        f"campaign {notice.id}",
        why=said,
        fields=list(HEADS),
        rows=len(rows),
    )
    return sheet(HEADS, rows)


def _values(notice: Campaign) -> dict[str, Any]:
    is_over = notice.state == State.STOPPED
    return {"campaign": notice.id, "policy": notice.policy_id, "is_over": is_over}


def _before(notice: Campaign) -> Report:
    counted = audience.count(notice)
    held = dict(counted.held)
    if notice.state == State.STOPPED and counted.will_receive:
        held["campaign_stopped"] = counted.will_receive
        return _report(notice, Counter(not_told=counted.considered), held, {}, 0)
    outcomes = Counter(waiting=counted.will_receive, not_told=sum(held.values()))
    return _report(notice, outcomes, held, {}, 0)


def _report(
    notice: Campaign,
    outcomes: Counter[str],
    not_told: dict[str, int],
    left: dict[str, int],
    agreed: int,
) -> Report:
    return Report(
        policy=notice.policy_id or 0,
        notice=notice.id,
        state=notice.state,
        considered=sum(outcomes.values()),
        told=outcomes[TOLD],
        waiting=outcomes[WAITING],
        uncertain=outcomes[UNCERTAIN],
        not_told=not_told,
        left_since=left,
        agreed=agreed,
    )


def _named(counted: Counter[str]) -> dict[str, int]:
    return {name: number for name, number in sorted(counted.items()) if name and number}
