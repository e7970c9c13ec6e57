"""Counted: how many of those wanted have each standing, as far as a page can wait for it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text

from mailing.base.database import db
from mailing.people import topics
from mailing.people.standings import Said
from mailing.people.wanted import ORDER, Topics, Wanted, all_topics, of_person, of_standing, values

# Beyond this nobody counts one standing.
MOST_COUNTED = 10_000
# So many people or standings are looked at for it, at the most: where nearly everybody who left one
# topic has said yes to another, those who left them all are far between.
MOST_LOOKED_AT = 40_000


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
    return _together(search, bound) if wanted.is_narrow else _each(search, bound)


def _together(search: "_Search", bound: Mapping[str, object]) -> Counts:
    """All in one pass over those few who may be meant."""
    rows = db.session.execute(text(search.together), bound).all()
    found = Counter({said: number for said, number in rows if said is not None})
    # Whoever says nothing at all was looked at, too.
    is_whole = sum(number for _, number in rows) <= MOST_LOOKED_AT
    return Counts({one: Number(found[one], is_whole) for one in Said})


def _each(search: "_Search", bound: Mapping[str, object]) -> Counts:
    """One standing after the other, each until there are enough."""
    asked = ", ".join(
        f"{search.counted(one)} AS of_{one}, {search.looked_at(one)} AS at_{one}" for one in ORDER
    )
    row = db.session.execute(text(f"SELECT {asked}"), bound).one()
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

    @property
    def together(self) -> str:
        """How many say what, of up to one more than are looked at."""
        some = self._people if self.topic_id is None else self._standings
        return (
            f"SELECT said, count(*) FROM ({some} LIMIT :looked + 1) p "  # noqa: S608
            "GROUP BY said"
        )

    def counted(self, standing: Said) -> str:
        """How many, up to one more than is counted. The database must not read everybody first,
        which a fence around the look at each person keeps it from."""
        return (
            f"(SELECT count(*) FROM (SELECT FROM (SELECT * FROM standings o "  # noqa: S608
            f"WHERE {self._says(standing)} LIMIT :looked) st "
            "CROSS JOIN LATERAL (SELECT FROM subscribers s WHERE s.id = st.subscriber_id "
            f"AND {' AND '.join(of_person(self.wanted))} OFFSET 0) p "
            f"WHERE {'true' if self.topic_id else self.about.counts(standing, 'st')} "
            "LIMIT :most + 1) n)"
        )

    def looked_at(self, standing: Said) -> str:
        """How many standings there are to look at, up to one more than are."""
        found = f"SELECT FROM standings o WHERE {self._says(standing)} LIMIT :looked + 1"
        return f"(SELECT count(*) FROM ({found}) n)"  # noqa: S608 - our own text

    @property
    def _people(self) -> str:
        said, conditions = self.about.most("s.id"), " AND ".join(of_person(self.wanted))
        return f"SELECT {said} AS said FROM subscribers s WHERE {conditions}"  # noqa: S608

    @property
    def _standings(self) -> str:
        conditions = [
            f"st.topic_id = {self.topic_id}",
            *of_standing(self.wanted),
            *of_person(self.wanted),
        ]
        return (
            "SELECT st.standing AS said FROM standings st "  # noqa: S608 - our own text
            f"JOIN subscribers s ON s.id = st.subscriber_id WHERE {' AND '.join(conditions)}"
        )

    def _says(self, standing: Said) -> str:
        """The standings that say so."""
        if self.topic_id is None:
            return self.about.says(standing)
        own = [f"o.topic_id = {self.topic_id}", f"o.standing = '{standing}'"]
        return " AND ".join([*own, *of_standing(self.wanted, "o")])
