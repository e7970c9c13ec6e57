"""Coverage: whose yes covers what a policy version declares.

A yes covers what the version that it was given under declares: a campaign of a topic reaches
only those whose version declares the topic's purpose (`verdict.CAMPAIGN`), and a field is merged
only for those whose version declares it (`deliveries/letters.py`).
"""

from dataclasses import dataclass

from sqlalchemy import text

from mailing.base.database import db
from mailing.policies.versions import PolicyVersion


@dataclass(frozen=True)
class Coverage:
    """Everybody who holds a topic, each in exactly one line.

    `agreed`: on every topic under this very version. `covered`: under others, all of which
    declare every purpose and field that this one declares. `not_covered`: the rest.
    """

    people: int
    agreed: int
    covered: int
    not_covered: int


_COUNT = """
    SELECT count(*), count(*) FILTER (WHERE agreed), count(*) FILTER (WHERE covers AND NOT agreed)
    FROM (SELECT bool_and(st.policy_id IS NOT DISTINCT FROM :policy) AS agreed,
                 bool_and(coalesce(p.purposes @> CAST(:purposes AS text[])
                                   AND p.fields @> CAST(:fields AS text[]), false)) AS covers
          FROM standings st
          JOIN topics t ON t.id = st.topic_id AND t.slug <> 'notices'
          LEFT JOIN policy_versions p ON p.id = st.policy_id
          WHERE st.standing = 'given'
          GROUP BY st.subscriber_id) a
"""


def of(policy: PolicyVersion) -> Coverage:
    """Count everybody who holds a topic, as things stand now."""
    values = {"policy": policy.id, "purposes": policy.purposes, "fields": policy.fields}
    people, agreed, covered = db.session.execute(text(_COUNT), values).one()
    return Coverage(people, agreed, covered, people - agreed - covered)
