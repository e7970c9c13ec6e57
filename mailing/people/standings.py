"""Standing: what the last entry of the ledger says for one subscriber and topic."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    Text,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP, insert
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import roundtrip
from mailing.base.arrays import columns, ids
from mailing.base.database import DEPERSONALISED, OPERATIONAL, Table, db
from mailing.base.saying import ask, tell
from mailing.people.signups import SignUp


class Said(StrEnum):
    """What a standing can be."""

    NONE = "none"
    REQUESTED = "requested"
    GIVEN = "given"
    UNSUBSCRIBED = "unsubscribed"
    WITHDRAWN = "withdrawn"


class Standing(Table):
    """One subscriber's standing on one topic, projected from the ledger.

    `signed_up_at`, with the site or the form, tells of the first yes since the last "no": agreeing
    anew does not move it, and an unsubscribe that was taken back does not end it.
    """

    __tablename__ = "standings"
    __table_args__ = (
        CheckConstraint(
            "standing IN ('none', 'requested', 'given', 'unsubscribed', 'withdrawn')",
            name="standing_is_known",
        ),
        CheckConstraint("NOT quarantined OR standing <> 'given'", name="quarantine_is_no_standing"),
        Index("standings_by_topic", "topic_id", "standing", "since", "subscriber_id"),
        Index("standings_quarantined", "subscriber_id", postgresql_where=text("quarantined")),
    )

    subscriber_id: Mapped[UUID] = mapped_column(
        ForeignKey("subscribers.id"), primary_key=True, info=DEPERSONALISED
    )
    topic_id: Mapped[int] = mapped_column(
        Integer, ForeignKey("topics.id"), primary_key=True, info=DEPERSONALISED
    )
    standing: Mapped[str] = mapped_column(Text, info=DEPERSONALISED)
    policy_id: Mapped[int | None] = mapped_column(
        ForeignKey("policy_versions.id"), info=DEPERSONALISED
    )
    entry_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("ledger.id"), info=OPERATIONAL
    )
    of_everything: Mapped[bool] = mapped_column(
        Boolean, server_default=text("false"), info=OPERATIONAL
    )
    quarantined: Mapped[bool] = mapped_column(
        Boolean, server_default=text("false"), info=DEPERSONALISED
    )
    refused: Mapped[bool] = mapped_column(
        Boolean, server_default=text("false"), info=DEPERSONALISED
    )
    since: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), info=DEPERSONALISED)
    signed_up_at: Mapped[datetime | None] = mapped_column(
        TIMESTAMP(timezone=True), info=DEPERSONALISED
    )
    signed_up_site: Mapped[str | None] = mapped_column(Text, info=DEPERSONALISED)
    signed_up_form: Mapped[str | None] = mapped_column(Text, info=DEPERSONALISED)


@dataclass(frozen=True)
class Change:
    """What one entry makes of one standing. Only a yes of somebody's own is a `sign_up`."""

    subscriber_id: UUID
    topic_id: int
    standing: Said
    policy_id: int | None
    entry_id: int | None
    since: datetime
    of_everything: bool = False
    quarantined: bool = False
    sign_up: SignUp | None = None

    def values(self) -> dict[str, Any]:
        """The row. `refused` says that the last yes or no was a no; asking is neither."""
        refused = self.standing in (Said.UNSUBSCRIBED, Said.WITHDRAWN)
        at, site, form = self.sign_up or (None, None, None)
        row = vars(self) | {"standing": self.standing.value, "refused": refused}
        del row["sign_up"]
        return row | {"signed_up_at": at, "signed_up_site": site, "signed_up_form": form}


def of(subscriber_id: UUID) -> dict[int, Standing]:
    """The standings of one person, by topic."""
    query = select(Standing).where(Standing.subscriber_id == subscriber_id)
    fresh = query.execution_options(populate_existing=True)
    return {row.topic_id: row for row in db.session.scalars(fresh)}


class Held(NamedTuple):
    """What a standing says. Rows and no objects: a thousand people are read in milliseconds."""

    subscriber_id: UUID
    topic_id: int
    standing: str
    of_everything: bool


_OF_MANY = """
    SELECT subscriber_id, topic_id, standing, of_everything FROM standings
    WHERE subscriber_id = ANY (%(ids)s::uuid[]) ORDER BY topic_id
"""


def asking(subscriber_ids: Iterable[UUID]) -> roundtrip.Said:
    """What `of_many` asks, for whoever asks more with it; each row is a `Held`."""
    return roundtrip.Said(_OF_MANY, {"ids": ids(subscriber_ids)})


def of_many(subscriber_ids: Collection[UUID]) -> dict[UUID, dict[int, Held]]:
    """What the standings of these people say, by topic; everybody asked for is named."""
    found: dict[UUID, dict[int, Held]] = {one: {} for one in subscriber_ids}
    for row in ask(asking(subscriber_ids))[0]:
        held = Held._make(row)
        found[held.subscriber_id][held.topic_id] = held
    return found


def by_topic(rows: Iterable[roundtrip.Row]) -> dict[int, Held]:
    """The answer to `asking` about one person, by topic."""
    return {held.topic_id: held for held in map(Held._make, rows)}


def keep(changes: list[Change]) -> None:
    """Project these changes in order, as if each had come alone."""
    tell(*keeping(changes))


def keeping(changes: list[Change]) -> list[roundtrip.Said]:
    """What `keep` says."""
    rounds: list[list[dict[str, Any]]] = []
    seen: Counter[tuple[UUID, int]] = Counter()
    for change in changes:
        key = (change.subscriber_id, change.topic_id)
        # Nearly always there is one round: one statement takes a person and topic once.
        if seen[key] == len(rounds):
            rounds.append([])
        rounds[seen[key]].append(change.values())
        seen[key] += 1
    return [roundtrip.Said(_KEEP, columns(rows)) for rows in rounds]


# Whoever agrees anew signed up long ago; asking, a "no" and taking one back change nothing of it.
_IS_KEPT = "excluded.signed_up_at IS NULL OR s.standing = 'given' AND s.signed_up_at IS NOT NULL"

# Somebody who asks again has not taken back their "no": `refused` stays until a yes.
_KEEP = f"""
    INSERT INTO standings AS s (subscriber_id, topic_id, standing, policy_id, entry_id, since,
                                of_everything, quarantined, refused,
                                signed_up_at, signed_up_site, signed_up_form)
    SELECT * FROM unnest(
        %(subscriber_id)s::uuid[], %(topic_id)s::integer[], %(standing)s::text[],
        %(policy_id)s::integer[], %(entry_id)s::bigint[], %(since)s::timestamptz[],
        %(of_everything)s::boolean[], %(quarantined)s::boolean[],
        %(refused)s::boolean[], %(signed_up_at)s::timestamptz[],
        %(signed_up_site)s::text[], %(signed_up_form)s::text[])
    ON CONFLICT (subscriber_id, topic_id) DO UPDATE SET
        standing = excluded.standing, policy_id = excluded.policy_id,
        entry_id = excluded.entry_id, since = excluded.since,
        of_everything = excluded.of_everything, quarantined = excluded.quarantined,
        refused = CASE WHEN excluded.standing = 'requested' THEN s.refused
                       ELSE excluded.refused END,
        signed_up_at = CASE WHEN {_IS_KEPT} THEN s.signed_up_at ELSE excluded.signed_up_at END,
        signed_up_site = CASE WHEN {_IS_KEPT} THEN s.signed_up_site
                              ELSE excluded.signed_up_site END,
        signed_up_form = CASE WHEN {_IS_KEPT} THEN s.signed_up_form
                              ELSE excluded.signed_up_form END
"""  # noqa: S608 - the condition is ours


def quarantine(subscriber_id: UUID, topic_id: int, since: datetime) -> None:
    """Note somebody who was imported without evidence; never touches what they have said."""
    change = Change(subscriber_id, topic_id, Said.NONE, None, None, since, quarantined=True)
    db.session.execute(insert(Standing).values(change.values()).on_conflict_do_nothing())
