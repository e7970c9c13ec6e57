"""Listed: people page by page, whoever has a standing and is not destroyed.

With a topic those come first whose standing on it is the latest, without one those who became known
last. A page begins where the last one ended, by a cursor: who comes in meanwhile moves nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from mailing.base import paging
from mailing.base.database import db
from mailing.base.paging import Turned
from mailing.people import standings, topics
from mailing.people.subscribers import Sealer
from mailing.people.wanted import (
    ORDER,
    Bar,
    Wanted,
    all_topics,
    of_everybody,
    of_person,
    of_standing,
    values,
)

A_PAGE = 50


@dataclass(frozen=True, slots=True)
class Listed:
    """One person: what they say on each topic (by its id), what bars them, and the moment by which
    they stand where they stand in the list."""

    id: UUID
    address: str
    language: str
    at: datetime
    says: dict[int, str]
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Page:
    """Some people; the cursors of the pages before and after, None where there is none."""

    rows: list[Listed]
    newer: str | None = None
    older: str | None = None


@dataclass(frozen=True)
class _Place:
    """Where a page begins, and which way it goes."""

    at: tuple[datetime, UUID] | None
    is_back: bool

    def cut(self, moment: str, number: str) -> list[str]:
        """The condition that leaves out what lies before."""
        sign = ">" if self.is_back else "<"
        return [f"({moment}, {number}) {sign} (:at, :id)"] if self.at else []

    def order(self, moment: str, number: str) -> str:
        """In this order, and one more than a page."""
        way = "ASC" if self.is_back else "DESC"
        return f"ORDER BY {moment} {way}, {number} {way} LIMIT {A_PAGE + 1}"

    @property
    def values(self) -> dict[str, Any]:
        """What is bound."""
        return dict(zip(("at", "id"), self.at or (), strict=False))


def page(wanted: Wanted, older_than: str = "", newer_than: str = "") -> Page:
    """The people wanted; raises Missing for a topic that is not there."""
    back = paging.place(newer_than)
    place = _Place(back or paging.place(older_than), back is not None)
    some = _of_topic(wanted, place) if wanted.topic else _of_all(wanted, place)
    query = _PAGE.format(some=some, order=place.order("p.at", "p.id"))
    rows = db.session.execute(text(query), {**values(wanted), **place.values}).all()
    how = Turned(is_back=place.is_back, is_first=place.at is None)
    shown, has_newer, has_older = paging.cut(rows, A_PAGE, how)
    if not shown:
        return Page([])
    newer, older = (paging.cursor(one.at, one.id) for one in (shown[0], shown[-1]))
    return Page(_listed(shown), newer if has_newer else None, older if has_older else None)


def _of_topic(wanted: Wanted, place: _Place) -> str:
    """Of each standing its first ones, by the index; the page is the first of those."""
    number, row = topics.find(wanted.topic).id, ("st.since", "st.subscriber_id")
    conditions = " AND ".join([*of_person(wanted), *of_standing(wanted), *place.cut(*row)])
    asked = [wanted.standing] if wanted.standing else ORDER
    return " UNION ALL ".join(
        f"(SELECT st.subscriber_id AS id, st.since AS at FROM standings st "  # noqa: S608
        f"JOIN subscribers s ON s.id = st.subscriber_id WHERE st.topic_id = {number} "
        f"AND st.standing = '{one}' AND {conditions} {place.order(*row)})"
        for one in asked
    )


def _of_all(wanted: Wanted, place: _Place) -> str:
    row = ("s.created_at", "s.id")
    conditions = [
        *of_everybody(all_topics(), wanted.standing),
        *of_person(wanted),
        *place.cut(*row),
    ]
    return (
        f"SELECT s.id, s.created_at AS at FROM subscribers s "  # noqa: S608
        f"WHERE {' AND '.join(conditions)} {place.order(*row)}"
    )


# What is shown of a person is looked up for those of the page alone.
_PAGE = """
    SELECT p.id, p.at, s.personal, s.language,
        s.blocked_at IS NOT NULL AS blocked, s.paused_until > now() AS paused,
        EXISTS (SELECT FROM suppressions x WHERE x.digest = s.digest) AS suppressed,
        EXISTS (SELECT FROM standings o
                WHERE o.subscriber_id = p.id AND o.quarantined) AS quarantined
    FROM (SELECT * FROM ({some}) p {order}) p JOIN subscribers s ON s.id = p.id
    {order}
"""


def _listed(rows: Sequence[Any]) -> list[Listed]:
    sealer, held = Sealer(), standings.of_many([row.id for row in rows])
    return [
        Listed(
            row.id,
            _address(sealer, row),
            row.language,
            row.at,
            {topic_id: one.standing for topic_id, one in held[row.id].items()},
            tuple(bar for bar in Bar if getattr(row, bar)),
        )
        for row in rows
    ]


def _address(sealer: Sealer, row: Any) -> str:
    opened = sealer.open(row.personal, row.id.bytes) if row.personal else {}
    return str(opened.get("email", ""))
