"""The audience: the people considered, each with one outcome. It is a guess; the gate answers.

When a campaign starts, the audience is frozen in one statement, as chunks of ids: the count
is exact, and the first messages leave while the deliveries of later chunks are not yet written.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Integer, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import DEPERSONALISED, OPERATIONAL, Table, db
from mailing.campaigns.campaigns import Campaign, Kind
from mailing.campaigns.sentences import Conditions
from mailing.people import topics, verdict_of_many
from mailing.people.subscribers import Sealer

CHUNK = 500
A_DAY = timedelta(days=1)

# Whoever has a standing is there: where nothing is asked of `s`, PostgreSQL leaves that join out.
_OF_CAMPAIGN = f"""
    SELECT st.subscriber_id AS id, s.personal, s.language, s.provider,
        {verdict_of_many.CAMPAIGN} AS reason
    FROM standings st
    LEFT JOIN subscribers s ON s.id = st.subscriber_id
    LEFT JOIN ({verdict_of_many.KEPT_OUT}) k ON k.id = st.subscriber_id
    WHERE st.topic_id = :topic
"""  # noqa: S608 - our own text; every value is bound

_OF_NOTICE = f"""
    SELECT m.id, s.personal, s.language, s.provider, {verdict_of_many.NOTICE} AS reason
    FROM ({verdict_of_many.SAID}) m
    LEFT JOIN subscribers s ON s.id = m.id
    LEFT JOIN ({verdict_of_many.KEPT_OUT}) k ON k.id = m.id
"""  # noqa: S608 - our own text; every value is bound

# Other campaigns that moved within a day, and whether one of them reached somebody.
_MOVED = """
    SELECT id FROM campaigns WHERE kind = 'campaign' AND audience IS NOT NULL AND id <> :campaign
        AND coalesce(finished_at, now()) >= :since
"""
_GOT = """
    EXISTS (SELECT FROM deliveries d WHERE d.subscriber_id = b.id AND d.state = 'accepted'
        AND d.campaign_id = ANY (CAST(:moved AS integer[])) AND d.finished_at >= :since)
"""


class AudienceChunk(Table):
    """Up to some hundred ids of one outcome, frozen at the start."""

    __tablename__ = "audience_chunks"

    campaign_id: Mapped[int] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True, info=OPERATIONAL
    )
    number: Mapped[int] = mapped_column(
        Integer, primary_key=True, autoincrement=False, info=OPERATIONAL
    )
    reason: Mapped[str | None] = mapped_column(Text, info=DEPERSONALISED)
    subscriber_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), info=DEPERSONALISED)


@dataclass(frozen=True)
class Audience:
    """`considered` = `will_receive` + the sum of `held` by reason."""

    considered: int
    will_receive: int
    held: dict[str, int]


@dataclass(frozen=True)
class Look:
    """The audience, and of those who would receive it: how many chose each language, and how many
    use each of the domains that were asked about."""

    audience: Audience
    languages: dict[str, int] = field(default_factory=dict)
    domains: dict[str, int] = field(default_factory=dict)


def count(campaign: Campaign) -> Audience:
    """The audience as it would be now; of a campaign that has started, as it was frozen."""
    if campaign.audience is not None:
        return _frozen(campaign)
    return _counted(*considered(campaign, campaign.conditions))


def count_in(topic_id: int, conditions: Conditions) -> Audience:
    """The same for a topic, before there is a campaign."""
    return _counted(*_in_topic(topic_id, conditions))


def look(campaign: Campaign, domains: Sequence[str] = ()) -> Look:
    """What is asked before a start, in one pass over everybody; of a campaign that has started, the
    audience as it was frozen."""
    if campaign.audience is not None:
        return Look(_frozen(campaign))
    reasons: Counter[str | None] = Counter()
    languages: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for reason, language, domain, number in _looked_at(campaign, domains):
        reasons[reason] += number
        if reason is None:
            languages[language] += number
            found.update({domain: number} if domain else {})
    return Look(_sum(reasons), dict(sorted(languages.items())), dict(found))


def lately(campaign: Campaign, most: int) -> tuple[int, int]:
    """Of so many at most who would receive it, how many were looked at, and how many of these got
    another campaign within a day."""
    about = {"campaign": campaign.id, "since": clock.now() - A_DAY}
    moved = list(db.session.scalars(text(_MOVED), about))
    if not moved:
        return 0, 0
    judged, values = considered(campaign, campaign.conditions)
    query = f"""
        SELECT count(*), count(*) FILTER (WHERE {_GOT})
        FROM (SELECT id FROM ({judged}) a WHERE reason IS NULL LIMIT :most) b
    """  # noqa: S608 - our own text; every value is bound
    asked = {**values, "moved": moved, "since": about["since"], "most": most}
    row = db.session.execute(text(query), asked).one()
    return row[0], row[1]


def some(campaign: Campaign, most: int, language: str | None = None) -> list[UUID]:
    """Some of those who would receive it now, of one language where it is named."""
    judged, values = considered(campaign, campaign.conditions)
    query = (
        f"SELECT id FROM ({judged}) a WHERE reason IS NULL "  # noqa: S608
        "AND (CAST(:only AS text) IS NULL OR language = :only) LIMIT :most"
    )
    return list(db.session.scalars(text(query), {**values, "only": language, "most": most}))


def some_in(topic_id: int, conditions: Conditions, most: int) -> list[str]:
    """The addresses of some who would receive what goes to these of a topic."""
    judged, values = _in_topic(topic_id, conditions)
    query = f"SELECT id, personal FROM ({judged}) a WHERE reason IS NULL LIMIT :most"  # noqa: S608
    rows = db.session.execute(text(query), {**values, "most": most})
    return [_address(Sealer(), row.id, row.personal) for row in rows]


def of_a_notice() -> Audience:
    """The audience that a notice would have now, before there is one."""
    return _counted(_OF_NOTICE, {"topic": topics.find(topics.NOTICES).id})


def snapshot(campaign: Campaign) -> Audience:
    """Freeze the audience of a campaign that starts, in one statement; its counts."""
    _make_room()
    judged, values = considered(campaign, campaign.conditions)
    # OFFSET 0: cut before they are numbered, since numbering would keep the whole list with each.
    rows = db.session.execute(
        text(f"""
            INSERT INTO audience_chunks (campaign_id, number, reason, subscriber_ids)
            SELECT :campaign, row_number() OVER (), reason, part
            FROM (SELECT reason, ids[first : first + {CHUNK - 1}] AS part
                  FROM (SELECT reason, array_agg(id) AS ids FROM ({judged}) a GROUP BY reason) b,
                      generate_series(1, cardinality(ids), {CHUNK}) first
                  OFFSET 0) chunks
            RETURNING reason, cardinality(subscriber_ids)
        """),  # noqa: S608 - our own text; every value is bound
        {**values, "campaign": campaign.id},
    )
    counts: Counter[str | None] = Counter()
    for reason, size in rows:
        counts[reason] += size
    frozen = _sum(counts)
    campaign.audience, campaign.considered = frozen.will_receive, frozen.considered
    campaign.held_at_start = frozen.held
    return frozen


def people(campaign: Campaign, reason: str | None) -> Iterator[tuple[str, str | None]]:
    """`(address, reason)` of everybody considered; with a reason, of those held for it.

    `will_receive` names those who are written to; their reason is None. A person destroyed
    since has an empty address.
    """
    for _number, address, why in numbered(campaign, reason):
        yield address, why


def numbered(campaign: Campaign, reason: str | None) -> Iterator[tuple[UUID, str, str | None]]:
    """The same with the number of each person first."""
    query, values = _people_query(campaign)
    wanted = None if reason == "will_receive" else reason
    if reason is not None:
        query = f"SELECT * FROM ({query}) a WHERE a.reason IS NOT DISTINCT FROM :reason"  # noqa: S608
        values["reason"] = wanted
    sealer = Sealer()
    for row in db.session.execute(text(query), values).yield_per(1000):
        yield row.id, _address(sealer, row.id, row.personal), row.reason


def reason_at_start(campaign: Campaign, subscriber_id: UUID) -> tuple[bool, str | None]:
    """Whether somebody was considered when the campaign started, and why they were left out."""
    row = db.session.execute(
        text(
            "SELECT reason FROM audience_chunks "
            "WHERE campaign_id = :campaign AND :subscriber = ANY (subscriber_ids)"
        ),
        {"campaign": campaign.id, "subscriber": subscriber_id},
    ).one_or_none()
    return row is not None, row.reason if row else None


def reason_now(campaign: Campaign, subscriber_id: UUID) -> tuple[bool, str | None]:
    """The same for a campaign that has not started."""
    judged, values = considered(campaign, campaign.conditions)
    query = f"SELECT reason FROM ({judged}) a WHERE a.id = :subscriber"  # noqa: S608
    row = db.session.execute(text(query), {**values, "subscriber": subscriber_id}).one_or_none()
    return row is not None, row.reason if row else None


def is_in_topic(campaign: Campaign, subscriber_id: UUID) -> bool:
    """Whether somebody not considered stands in the topic all the same: the segment left them."""
    judged, values = considered(campaign, None)
    query = f"SELECT FROM ({judged}) a WHERE a.id = :subscriber"
    found = db.session.execute(text(query), {**values, "subscriber": subscriber_id})
    return found.one_or_none() is not None


def considered(campaign: Campaign, conditions: Conditions | None) -> tuple[str, dict[str, Any]]:
    """The SQL of everybody considered now (id, personal, language, provider, reason), and its
    values."""
    if campaign.kind == Kind.NOTICE:
        return _OF_NOTICE, {"topic": campaign.topic_id}
    return _in_topic(campaign.topic_id, conditions)


def _in_topic(topic_id: int, conditions: Conditions | None) -> tuple[str, dict[str, Any]]:
    if conditions is None:
        return _OF_CAMPAIGN, {"topic": topic_id}
    condition, values = conditions.sql()
    return f"{_OF_CAMPAIGN} AND {condition}", {**values, "topic": topic_id}


def _counted(judged: str, values: dict[str, Any]) -> Audience:
    _make_room()
    query = f"SELECT reason, count(*) FROM ({judged}) a GROUP BY reason"  # noqa: S608
    return _sum({row[0]: row[1] for row in db.session.execute(text(query), values)})


def _looked_at(campaign: Campaign, domains: Sequence[str]) -> Iterator[Any]:
    """Rows of reason, language, domain and how many."""
    _make_room()
    judged, values = considered(campaign, campaign.conditions)
    domain, by = "NULL", "reason, language"
    if domains:
        domain = "CASE WHEN provider = ANY (CAST(:domains AS text[])) THEN provider END"
        by = f"{by}, domain"
    query = f"SELECT reason, language, {domain} AS domain, count(*) FROM ({judged}) a GROUP BY {by}"  # noqa: S608
    yield from db.session.execute(text(query), {"domains": list(domains), **values})


def _people_query(campaign: Campaign) -> tuple[str, dict[str, Any]]:
    if campaign.audience is None:
        return considered(campaign, campaign.conditions)
    return (
        "SELECT s.id, s.personal, c.reason FROM audience_chunks c, unnest(c.subscriber_ids) m (id) "
        "JOIN subscribers s ON s.id = m.id WHERE c.campaign_id = :campaign",
        {"campaign": campaign.id},
    )


def _make_room() -> None:
    """Memory for a list of millions, until the transaction ends: where nothing is laid aside on the
    disk or sorted, a count takes half the time."""
    db.session.execute(text("SELECT set_config('work_mem', '256MB', true)"))


def _address(sealer: Sealer, subscriber_id: UUID, personal: bytes | None) -> str:
    opened = sealer.open(personal, subscriber_id.bytes) if personal else {}
    return str(opened.get("email", ""))


def _frozen(campaign: Campaign) -> Audience:
    return Audience(campaign.considered or 0, campaign.audience or 0, dict(campaign.held_at_start))


def _sum(counts: Mapping[str | None, int]) -> Audience:
    held = {reason: number for reason, number in sorted(counts.items(), key=str) if reason}
    return Audience(sum(counts.values()), counts.get(None, 0), held)
