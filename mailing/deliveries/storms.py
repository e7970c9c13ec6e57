"""Storms: many hard bounces of one provider that say the same within minutes (T60).

That is a provider, a relay or a list in trouble, hardly thousands of mailboxes that vanished at
once; the same from several providers, many more times, is our own resolver or relay. So nobody
more is suppressed for it until a person decides: suppress them, or forget them.
"""

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    Index,
    LargeBinary,
    Text,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import OPERATIONAL, Table, db
from mailing.base.errors import Conflict, Missing
from mailing.base.reach import storable
from mailing.base.settings import current
from mailing.campaigns.campaigns import Campaign, State
from mailing.deliveries import brake
from mailing.deliveries.brake_words import Trip
from mailing.deliveries.returns import Return
from mailing.people import suppression
from mailing.people.suppression import Why
from mailing.staff.audit import Actor, record

At = TIMESTAMP(timezone=True)
_log = structlog.get_logger()
_LONGEST_SAMPLE = 200
# Several providers together have this many times more bounces of one text than one in trouble.
WIDER = 5
# Addresses, domains, numbers and the ids of queues differ from bounce to bounce of one cause.
_DIFFERS = re.compile(r"\S*@\S*|\S*\d\S*|\S*[^\W\d_]\.[^\W\d_]\S*|[^\w\s]+")
_PER_CAUSE = "SELECT pg_advisory_xact_lock(hashtextextended(:cause, 27489))"


class Storm(Table):
    """One cause: `open` until somebody decides. The sample holds no address and no number."""

    __tablename__ = "storms"
    __table_args__ = (
        CheckConstraint(
            "state IN ('open', 'suppressed', 'forgotten')", name="storm_state_is_known"
        ),
        Index(
            "one_open_storm_a_cause", "cause", unique=True, postgresql_where=text("state = 'open'")
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, info=OPERATIONAL)
    cause: Mapped[bytes] = mapped_column(LargeBinary, info=OPERATIONAL)
    # A domain of that many mailboxes names nobody.
    provider: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    sample: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    state: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    began_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    last_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    decided_by: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)
    decided_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)


@dataclass(frozen=True)
class Cause:
    """Who says what: a provider (none for all of them), a status, a text without what differs."""

    provider: str
    sample: str

    @classmethod
    def of(cls, provider: str, status: str, diagnostic: str) -> "Cause":
        """The cause of one bounce."""
        words = " ".join(_DIFFERS.sub(" ", diagnostic[:1000].lower()).split())
        return cls(provider, storable(f"{status} {words}".strip(), _LONGEST_SAMPLE))

    @property
    def wide(self) -> "Cause":
        """The same, whoever says it."""
        return replace(self, provider="")

    @property
    def is_wide(self) -> bool:
        return not self.provider

    @property
    def digest(self) -> bytes:
        """What it is found by."""
        return hashlib.sha256(f"{self.provider}\0{self.sample}".encode()).digest()


def queue_for(cause: Cause) -> None:
    """Count the bounces of one cause one after the other; before any other lock."""
    if current().brake_storm:
        for one in (cause.wide, cause):
            db.session.execute(text(_PER_CAUSE), {"cause": one.digest.hex()})


def take_in(return_id: int, cause: Cause) -> Storm | None:
    """The storm that this bounce belongs to; it begins with the one that makes them too many."""
    if not current().brake_storm:
        return None
    storm = _raging(cause) or _raging(cause.wide) or _begin(cause) or _begin(cause.wide)
    if storm is not None:
        storm.last_at = clock.now()
        returned = db.session.get_one(Return, return_id)
        returned.storm_id = storm.id
        db.session.flush()
    return storm


def stop_campaigns(storm: Storm) -> None:
    """Brake what is going out and has bounced in this storm, once: a person may let it go on."""
    query = (
        select(Campaign.id)
        .where(Campaign.id.in_(select(Return.campaign_id).where(Return.storm_id == storm.id)))
        .where(or_(Campaign.brake_since.is_(None), Campaign.brake_since < storm.began_at))
        .where(Campaign.state == State.SENDING.value)
        .order_by(Campaign.id)
    )
    for campaign_id in list(db.session.scalars(query)):
        brake.pull(campaign_id, Trip("storm", count(storm.id)))


def undecided() -> list[tuple[Storm, int]]:
    """The storms that wait for a person, with the messages held back by each."""
    query = select(Storm).where(Storm.state == "open").order_by(Storm.began_at)
    return [(storm, count(storm.id)) for storm in db.session.scalars(query)]


def count(storm_id: int) -> int:
    """How many messages bounced in it."""
    query = select(func.count(Return.delivery_id.distinct())).where(Return.storm_id == storm_id)
    return db.session.scalars(query).one()


def decide(storm_id: int, suppress: bool, actor: Actor) -> int:
    """Suppress everybody in it, or forget it and whom it had suppressed when it began; how many.

    Raises Missing for no such storm and Conflict for one that was decided.
    """
    # The same order as those who come in: first the cause, then everything else.
    known = db.session.get(Storm, storm_id)
    if known is None:
        raise Missing(f"There is no storm {storm_id}.")
    db.session.execute(text(_PER_CAUSE), {"cause": known.cause.hex()})
    storm = db.session.get_one(Storm, storm_id, populate_existing=True)
    if storm.state != "open":
        raise Conflict("This has been decided already.")
    storm.state = "suppressed" if suppress else "forgotten"
    storm.decided_by, storm.decided_at = actor.name, clock.now()
    people = db.session.execute(text(_PEOPLE), {"storm": storm_id}).all()
    for digest, return_id in people:
        if suppress:
            suppression.suppress(digest, Why.BOUNCE, detail_of(return_id))
        else:
            suppression.forget_bounce(digest, detail_of(return_id))
    number = count(storm_id)
    record(actor, f"bounces {storm.state}", f"storm {storm_id}", messages=number)
    return number


def detail_of(return_id: int) -> str:
    """What a suppression says of the bounce that made it."""
    return f"bounce {return_id}"


# In the order of the people's ids, as everybody else locks them. An answer names its own address.
# Not whoever has moved since: the bounce was the former address's.
_PEOPLE = """
    SELECT coalesce(a.digest, s.digest) AS digest, r.id FROM returns r
    JOIN deliveries d ON d.id = r.delivery_id
    LEFT JOIN answers a ON a.delivery_id = r.delivery_id
    LEFT JOIN subscribers s ON s.id = r.subscriber_id
    WHERE r.storm_id = :storm AND (a.digest IS NOT NULL OR s.id IS NOT NULL AND NOT EXISTS (
        SELECT FROM address_changes c WHERE c.subscriber_id = s.id AND c.state = 'done'
            AND c.closed_at > d.dated_at))
    ORDER BY s.id, r.id
"""
_JOIN = """
    UPDATE returns SET storm_id = :storm
    WHERE (cause = :cause OR said = :cause) AND kind = 'hard' AND storm_id IS NULL AND at > :since
"""


def _raging(cause: Cause) -> Storm | None:
    query = select(Storm).where(
        Storm.cause == cause.digest, Storm.state == "open", Storm.last_at > _window()
    )
    return db.session.scalars(query).one_or_none()


def _begin(cause: Cause) -> Storm | None:
    lately = select(func.count(Return.delivery_id.distinct())).where(
        _told(cause), Return.kind == "hard", Return.at > _window()
    )
    lately = lately.where(Return.storm_id.is_(None))
    many = current().brake_storm * (WIDER if cause.is_wide else 1)
    if db.session.scalars(lately).one() < many:
        return None
    storm = _open(cause)
    values = {"storm": storm.id, "cause": cause.digest, "since": _window()}
    db.session.execute(text(_JOIN), values)
    _log.warning("a bounce storm is held back", storm=storm.id)
    return storm


def _told(cause: Cause) -> ColumnElement[bool]:
    return (Return.said if cause.is_wide else Return.cause) == cause.digest


def _open(cause: Cause) -> Storm:
    """An old one that nobody has decided goes on."""
    query = select(Storm).where(Storm.cause == cause.digest, Storm.state == "open")
    found = db.session.scalars(query).one_or_none()
    if found is not None:
        return found
    at = clock.now()
    storm = Storm(
        cause=cause.digest,
        provider=cause.provider,
        sample=cause.sample,
        state="open",
        began_at=at,
        last_at=at,
    )
    db.session.add(storm)
    db.session.flush()
    return storm


def _window() -> datetime:
    return clock.now() - timedelta(minutes=current().brake_storm_minutes)
