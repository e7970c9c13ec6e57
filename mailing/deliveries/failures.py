"""Failures of a campaign: what relays refused and what came back, by provider and by what was said.

Each message counts once under "refused" or "to be tried again", and once among the bounces.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import text

from mailing.base.database import db
from mailing.deliveries import returns
from mailing.deliveries.returns import BOUNCES, Came

REFUSED, DEFERRED = "refused", "deferred"
COLUMNS = (REFUSED, *(one.value for one in BOUNCES), Came.COMPLAINT.value, DEFERRED)
MOST_PROVIDERS = 12
MOST_SAYINGS = 10
OTHERS = ""

# The enhanced status (RFC 3463) tells the reason and no address; the words beside it may.
_STATUS = r"\m[245]\.[0-9]{1,3}\.[0-9]{1,3}\M"
_BY_PROVIDER = f"""
    SELECT s.provider, d.state, d.reply_code AS code,
        coalesce(substring(d.reply_text FROM '{_STATUS}'), '') AS status, count(*) AS messages
    FROM deliveries d JOIN subscribers s ON s.id = d.subscriber_id
    WHERE d.batch_id = ANY (ARRAY(SELECT b.id FROM batches b WHERE b.campaign_id = :campaign))
        AND (d.state = 'refused' OR d.state = 'deferred' AND d.attempts > 0)
    GROUP BY 1, 2, 3, 4
"""  # noqa: S608 - our own text; every value is bound


@dataclass(frozen=True)
class Row:
    """One provider (`OTHERS`: all those with fewer), and how many of each column."""

    provider: str
    numbers: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.numbers.values())


@dataclass(frozen=True)
class Failures:
    """The rows add up to `together`, column by column; `sayings` are `(what, messages)` of what
    relays said, the commonest first."""

    rows: tuple[Row, ...]
    together: Row
    sayings: tuple[tuple[str, int], ...]

    @property
    def columns(self) -> list[str]:
        """Those in which there is something."""
        return [name for name in COLUMNS if self.together.numbers[name]]


def of(campaign_id: int) -> Failures:
    """Everything of one campaign that did not arrive, or came back."""
    found = db.session.execute(text(_BY_PROVIDER), {"campaign": campaign_id}).all()
    by_provider: dict[str, Counter[str]] = {}
    sayings: Counter[str] = Counter()
    for row in found:
        by_provider.setdefault(row.provider, Counter())[row.state] += row.messages
        if row.code:
            sayings[f"{row.code} {row.status}".strip()] += row.messages
    for kind, provider, messages in returns.by_provider(campaign_id):
        by_provider.setdefault(provider, Counter())[kind] += messages
    rows = [Row(name, _whole(numbers)) for name, numbers in by_provider.items()]
    return Failures(_shown(rows), _joined(OTHERS, rows), tuple(sayings.most_common(MOST_SAYINGS)))


def _shown(rows: list[Row]) -> tuple[Row, ...]:
    rows.sort(key=lambda row: (-row.total, row.provider))
    shown, rest = rows[:MOST_PROVIDERS], rows[MOST_PROVIDERS:]
    return (*shown, *([_joined(OTHERS, rest)] if rest else []))


def _joined(name: str, rows: Iterable[Row]) -> Row:
    numbers: Counter[str] = Counter()
    for row in rows:
        numbers.update(row.numbers)
    return Row(name, _whole(numbers))


def _whole(numbers: Counter[str]) -> dict[str, int]:
    return {name: numbers[name] for name in COLUMNS}
