"""Judged: on which topics one person is written to now, and why not on the others.

By the verdict that the audience and the gate share, so that no profile says what no mail does.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from mailing.base.database import db
from mailing.people import topics, verdict
from mailing.people.topics import Topic

_SAID = "coalesce(st.signed_up_at, st.since) AS since, st.since AS changed_at, st.standing"

_OF_TOPICS = f"""
    SELECT st.topic_id, st.quarantined, {_SAID}, {verdict.CAMPAIGN} AS reason
    FROM standings st JOIN subscribers s ON s.id = st.subscriber_id
    JOIN topics t ON t.id = st.topic_id
    LEFT JOIN policy_versions p ON p.id = st.policy_id
    WHERE s.id = :id AND t.slug <> :notices
"""  # noqa: S608 - our own text; every value is bound

_OF_NOTICES = f"""
    SELECT st.topic_id, st.quarantined, {_SAID}, {verdict.NOTICE} AS reason
    FROM subscribers s JOIN standings st ON st.subscriber_id = s.id
    JOIN topics t ON t.id = st.topic_id
    WHERE s.id = :id AND t.slug = :notices
"""  # noqa: S608 - our own text; every value is bound


@dataclass(frozen=True)
class Judged:
    """One topic and one person: what they say since when, and the first reason why nothing of it is
    sent to them; None where it is. `since` is the first yes since the last no."""

    topic: Topic
    standing: str
    quarantined: bool
    since: datetime
    changed_at: datetime
    reason: str | None

    @property
    def is_notices(self) -> bool:
        """Whether it is the topic of policy changes, which nobody subscribes to by itself."""
        return self.topic.slug == topics.NOTICES


def of(subscriber_id: UUID) -> list[Judged]:
    """Each topic that somebody has a standing on, in the order of the topics."""
    values = {"id": subscriber_id, "notices": topics.NOTICES}
    rows = [
        row
        for query in (_OF_TOPICS, _OF_NOTICES)
        for row in db.session.execute(text(query), values)
    ]
    found = {row.topic_id: row for row in rows}
    return [_judged(topic, found[topic.id]) for topic in topics.all_topics() if topic.id in found]


def _judged(topic: Topic, row: object) -> Judged:
    names = ("standing", "quarantined", "since", "changed_at", "reason")
    return Judged(topic, **{name: getattr(row, name) for name in names})
