"""Wanted: which people are looked for, said as SQL.

The text speaks of `s`, the subscriber, and `st`, their standing on the topic asked about. Numbers
and words of ours stand in it, so that each list is planned for what it asks; what was typed is
bound.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from mailing.base.settings import current
from mailing.people import topics
from mailing.people.standings import Said


class Bar(StrEnum):
    """What stands in the way of writing to somebody, whatever they have said yes to."""

    SUPPRESSED = "suppressed"
    BLOCKED = "blocked"
    QUARANTINED = "quarantined"
    PAUSED = "paused"


@dataclass(frozen=True)
class Wanted:
    """What is looked for; what is empty asks for nothing. `topic` is a slug. The days are those of
    the operator's zone, the last one included: with a topic the day of the standing on it, else the
    day on which somebody became known."""

    topic: str = ""
    standing: Said | None = None
    provider: str = ""
    language: str = ""
    since: date | None = None
    until: date | None = None
    bar: Bar | None = None

    def as_details(self) -> dict[str, str]:
        """What was asked for, in one spelling."""
        return {name: str(value) for name, value in vars(self).items() if value}

    @property
    def is_narrow(self) -> bool:
        """Whether few people may be wanted, who are found from their own side."""
        by_person = not self.topic and (self.language or self.since or self.until)
        return bool(self.provider or self.bar or by_person)


# The standing of somebody on all topics together is the one that says most. A yes to the notices
# alone is no yes to a topic.
ORDER = (Said.NONE, Said.UNSUBSCRIBED, Said.REQUESTED, Said.WITHDRAWN, Said.GIVEN)
_SAYS_MORE = """
    CASE WHEN o.standing = 'given' AND o.topic_id <> {notices} THEN 4
         WHEN o.standing = 'withdrawn' THEN 3 WHEN o.standing = 'requested' THEN 2
         WHEN o.standing = 'unsubscribed' THEN 1 ELSE 0 END
"""

_OF = "FROM standings o WHERE o.subscriber_id = {}"


@dataclass(frozen=True)
class Topics:
    """The numbers of all topics, and that of the notices, as SQL speaks of them."""

    known: str
    notices: int

    def says(self, standing: Said) -> str:
        """What a row `o` of a standing is that says this of the topics. All are named, so that the
        index by topic and standing leads to the few who say something seldom."""
        if standing is Said.GIVEN:
            return f"o.standing = 'given' AND o.topic_id <> {self.notices}"
        plain = f"o.standing = '{standing}' AND o.topic_id IN ({self.known})"
        yes_to_notices = f"o.standing = 'given' AND o.topic_id = {self.notices}"
        return f"({plain} OR {yes_to_notices})" if standing is Said.NONE else plain

    def most(self, person: str) -> str:
        """What somebody says on all topics together; nothing for whoever has no standing."""
        order = ", ".join(f"'{one}'" for one in ORDER)
        return f"(SELECT (ARRAY[{order}])[1 + {self._most}] {_OF.format(person)})"

    def says_no_more(self, standing: Said, person: str) -> str:
        """Whether somebody says nothing on any topic that comes later in ORDER."""
        return f"(SELECT {self._most} <= {ORDER.index(standing)} {_OF.format(person)})"

    def counts(self, standing: Said, row: str) -> str:
        """The same of a standing's person, where it is the first of theirs that says so: each
        person counts once."""
        first = f"min(o.topic_id) FILTER (WHERE {self.says(standing)}) = {row}.topic_id"
        more = f"AND {self._most} <= {ORDER.index(standing)}" if standing is not Said.GIVEN else ""
        return f"(SELECT {first} {more} {_OF.format(f'{row}.subscriber_id')})"

    @property
    def _most(self) -> str:
        """The place in ORDER of what says most."""
        return f"max({_SAYS_MORE.format(notices=self.notices)})"


def all_topics() -> Topics:
    """The topics that there are."""
    by_slug = {topic.slug: topic.id for topic in topics.all_topics()}
    return Topics(", ".join(map(str, by_slug.values())), by_slug[topics.NOTICES])


def of_everybody(about: Topics, standing: Said | None) -> list[str]:
    """The conditions on `s` for what somebody says on all topics together."""
    own = about.says(standing) if standing else "true"
    has = f"EXISTS (SELECT FROM standings o WHERE o.subscriber_id = s.id AND {own})"
    if standing is None or standing is Said.GIVEN:
        return [has]
    return [has, about.says_no_more(standing, "s.id")]


def of_person(wanted: Wanted) -> list[str]:
    """The conditions on `s`; whoever was destroyed is nobody."""
    asked = {
        "s.provider = :provider": wanted.provider,
        "s.language = :language": wanted.language,
    }
    said = [condition for condition, value in asked.items() if value]
    barred = [_BARRED[wanted.bar]] if wanted.bar and not _is_of_standing(wanted) else []
    days = [] if wanted.topic else _days(wanted, "s.created_at")
    return ["s.personal IS NOT NULL", *said, *barred, *days]


def of_standing(wanted: Wanted, row: str = "st") -> list[str]:
    """The conditions on the standing on the topic that is asked about, beside what it says."""
    quarantined = [f"{row}.quarantined"] if _is_of_standing(wanted) else []
    return [*_days(wanted, f"{row}.since"), *quarantined] if wanted.topic else []


def _is_of_standing(wanted: Wanted) -> bool:
    return wanted.bar is Bar.QUARANTINED and bool(wanted.topic)


def _days(wanted: Wanted, moment: str) -> list[str]:
    asked = {f"{moment} >= :since": wanted.since, f"{moment} < :until": wanted.until}
    return [condition for condition, value in asked.items() if value]


_BARRED = {
    Bar.SUPPRESSED: "EXISTS (SELECT FROM suppressions x WHERE x.digest = s.digest)",
    Bar.BLOCKED: "s.blocked_at IS NOT NULL",
    Bar.QUARANTINED: "EXISTS (SELECT FROM standings q "
    "WHERE q.subscriber_id = s.id AND q.quarantined)",
    Bar.PAUSED: "s.paused_until > now()",
}


def values(wanted: Wanted) -> dict[str, Any]:
    """What is bound."""
    bound: dict[str, Any] = {"provider": wanted.provider, "language": wanted.language}
    if wanted.since:
        bound["since"] = _midnight(wanted.since)
    if wanted.until:
        bound["until"] = _midnight(wanted.until + timedelta(days=1))
    return bound


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(current().time_zone))
