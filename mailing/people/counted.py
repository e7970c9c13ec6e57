"""Counted: how many of those wanted have each standing, as far as a page can wait for it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text

from mailing.base.database import db
from mailing.people import topics
from mailing.people.standings import Said
from mailing.people.wanted import (
    ORDER,
    Topics,
    Wanted,
    all_topics,
    of_everybody,
    of_person,
    of_standing,
    values,
)

# Beyond this nobody counts.
MOST_COUNTED = 10_000
# So many standings are looked at for it, at the most: where nearly everybody who left one topic
# has said yes to another, those who left them all are far between.
MOST_LOOKED_AT = 100_000


@dataclass(frozen=True)
class Number:
    """Some people; not whole where counting ended before they did."""

    people: int
    is_whole: bool


@dataclass(frozen=True)
class Counts:
    """Everybody wanted, by the standing that they have."""

    of: Mapping[Said, Number]

    @property
    def total(self) -> Number:
        """All of them together."""
        each = self.of.values()
        return Number(sum(one.people for one in each), all(one.is_whole for one in each))


def count(wanted: Wanted) -> Counts:
    """The people wanted, of each standing, whichever of them is asked for: from one snapshot.
    Raises Missing for a topic that is not there."""
    search = _Search(wanted, all_topics(), topics.find(wanted.topic).id if wanted.topic else None)
    bound = {**values(wanted), "most": MOST_COUNTED, "looked": MOST_LOOKED_AT}
    each = ", ".join(
        f"{search.counted(one)} AS of_{one}, {search.looked_at(one)} AS at_{one}" for one in ORDER
    )
    row = db.session.execute(text(f"SELECT {each}"), bound).one()
    return Counts(
        {one: _number(getattr(row, f"of_{one}"), getattr(row, f"at_{one}")) for one in Said}
    )


def _number(people: int, looked_at: int) -> Number:
    is_whole = people <= MOST_COUNTED and looked_at <= MOST_LOOKED_AT
    return Number(min(people, MOST_COUNTED), is_whole)


@dataclass(frozen=True)
class _Search:
    """Who is wanted, with the numbers of the topics."""

    wanted: Wanted
    about: Topics
    topic_id: int | None

    def counted(self, standing: Said) -> str:
        """How many, up to one more than is counted."""
        found = self._narrow(standing) if self.wanted.is_narrow else self._one_by_one(standing)
        return f"(SELECT count(*) FROM ({found} LIMIT :most + 1) n)"  # noqa: S608 - our own text

    def looked_at(self, standing: Said) -> str:
        """How many standings there are to look at, up to one more than are."""
        if self.wanted.is_narrow:
            return "0"
        found = f"SELECT FROM standings o WHERE {self._says(standing, 'o')} LIMIT :looked + 1"
        return f"(SELECT count(*) FROM ({found}) n)"  # noqa: S608 - our own text

    def _narrow(self, standing: Said) -> str:
        """From the side of those few."""
        if self.topic_id is None:
            conditions = [*of_everybody(self.about, standing), *of_person(self.wanted)]
            return f"SELECT FROM subscribers s WHERE {' AND '.join(conditions)}"
        conditions = [self._says(standing, "st"), *of_person(self.wanted)]
        return (
            "SELECT FROM standings st JOIN subscribers s ON s.id = st.subscriber_id "
            f"WHERE {' AND '.join(conditions)}"
        )

    def _one_by_one(self, standing: Said) -> str:
        """Standing after standing, until there are enough: the database must not read everybody
        first, which a fence around the look at each person keeps it from."""
        return (
            f"SELECT FROM (SELECT * FROM standings o WHERE {self._says(standing, 'o')} "  # noqa: S608
            "LIMIT :looked) st CROSS JOIN LATERAL (SELECT FROM subscribers s "
            f"WHERE s.id = st.subscriber_id AND {' AND '.join(of_person(self.wanted))} OFFSET 0) p "
            f"WHERE {'true' if self.topic_id else self.about.counts(standing, 'st')}"
        )

    def _says(self, standing: Said, row: str) -> str:
        """The standings that say so."""
        if self.topic_id is None:
            return self.about.says(standing)
        own = [f"{row}.topic_id = {self.topic_id}", f"{row}.standing = '{standing}'"]
        return " AND ".join([*own, *of_standing(self.wanted, row)])
