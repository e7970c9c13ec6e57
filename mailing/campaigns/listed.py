"""Listed: campaigns page by page, some thousands of them, found by words and topic.

A page begins where the last one ended, by a cursor: what comes in meanwhile moves nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_
from sqlalchemy.orm import joinedload, selectinload

from mailing.base import paging
from mailing.base.database import db
from mailing.base.paging import Turned
from mailing.campaigns.campaigns import Campaign, CampaignBody, State
from mailing.people.topics import Topic

A_PAGE = 25
LONGEST = 100
# Who has no Kazakh keyboard at hand types the letters that look alike.
_KAZAKH, _TYPED = "әғқңөұүһіё", "агкноуухие"
_TO_TYPED = str.maketrans(_KAZAKH, _TYPED)
LARGEST_NUMBER = 2**31 - 1


@dataclass(frozen=True)
class Wanted:
    """What is looked for; what is empty asks for nothing. Words stand in a subject or are the
    campaign's number."""

    words: str = ""
    topic: str = ""

    def __bool__(self) -> bool:
        return bool(self.words or self.topic)


@dataclass(frozen=True)
class Page:
    """Some campaigns; the cursors of the pages before and after, None where there is none."""

    rows: list[Campaign]
    newer: str | None = None
    older: str | None = None


def page(
    states: Iterable[State], wanted: Wanted, older_than: str = "", newer_than: str = ""
) -> Page:
    """The campaigns in these states, the latest first; of those to come the next first."""
    some = list(states)
    key, query = _key(some), _matching(wanted).where(Campaign.state.in_(some))
    back = _read(newer_than)
    at = back or _read(older_than)
    place = tuple_(key, Campaign.id)
    if at is not None:
        query = query.where(place > at if back else place < at)
    order = (key.asc(), Campaign.id.asc()) if back else (key.desc(), Campaign.id.desc())
    found = db.session.execute(
        query.add_columns(key)
        .order_by(*order)
        .limit(A_PAGE + 1)
        .options(selectinload(Campaign.bodies), joinedload(Campaign.topic))
    ).all()
    return _page(found, Turned(is_back=back is not None, is_first=at is None))


def count(wanted: Wanted) -> dict[str, int]:
    """How many of what is looked for are in each state."""
    inner = _matching(wanted).with_only_columns(Campaign.state.label("state")).subquery()
    query = select(inner.c.state, func.count()).group_by(inner.c.state)
    return {row[0]: row[1] for row in db.session.execute(query)}


def folded(words: str) -> str:
    """Words as they are compared: small letters, the Kazakh ones as people type them without."""
    return words.lower().translate(_TO_TYPED)


def _page(found: Sequence[Any], how: Turned) -> Page:
    shown, has_newer, has_older = paging.cut(found, A_PAGE, how)
    if not shown:
        return Page([])
    return Page(
        [row[0] for row in shown],
        _cursor(shown[0]) if has_newer else None,
        _cursor(shown[-1]) if has_older else None,
    )


def _cursor(row: Any) -> str:
    return f"{row[1]}_{row[0].id}"


def _read(cursor: str) -> tuple[Decimal, int] | None:
    """Where a page begins; None for what is no cursor of ours, which begins at the beginning."""
    key, _, number = cursor.partition("_")
    try:
        at = Decimal(key)
    except InvalidOperation:
        return None
    is_ours = at.is_finite() and abs(at) < 10**12 and number.isascii() and number.isdigit()
    return (at, int(number)) if is_ours and int(number) <= LARGEST_NUMBER else None


def _key(states: list[State]) -> ColumnElement[Any]:
    moments = (Campaign.finished_at, Campaign.started_at, Campaign.release_at, Campaign.created_at)
    if states == [State.SCHEDULED]:
        return -func.extract("epoch", Campaign.release_at)
    return func.extract("epoch", func.coalesce(*moments))


def _matching(wanted: Wanted) -> Select[Any]:
    query: Select[Any] = select(Campaign)
    if wanted.topic:
        of_topic = select(Topic.id).where(Topic.slug == wanted.topic)
        query = query.where(Campaign.topic_id.in_(of_topic))
    if words := wanted.words.strip()[:LONGEST]:
        query = query.where(_says(words))
    return query


def _says(words: str) -> ColumnElement[bool]:
    subject = func.translate(func.lower(CampaignBody.subject), _KAZAKH, _TYPED)
    has = subject.contains(folded(words), autoescape=True)
    said = Campaign.id.in_(select(CampaignBody.campaign_id).where(has))
    number = words.removeprefix("#")
    if number.isascii() and number.isdigit() and int(number) <= LARGEST_NUMBER:
        return or_(said, Campaign.id == int(number))
    return said
