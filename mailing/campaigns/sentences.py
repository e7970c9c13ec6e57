"""The sentences of a segment: checked data, said as SQL in which every value is bound.

The text speaks of `s`, the subscriber, and `st`, their standing on the topic that is written to.
Nothing of what was typed becomes SQL: a sentence picks one of the texts below.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import idna

from mailing.base.errors import Invalid
from mailing.base.languages import LANGUAGES
from mailing.base.languages import gettext as _
from mailing.base.settings import current

MOST_SENTENCES = 12
MOST_VALUES = 50
MOST_DAYS = 3650
_DOMAIN = re.compile(r"(?=.{4,253}\Z)[a-z0-9-]+(?:\.[a-z0-9-]+)+")


class Match(StrEnum):
    """Whether every sentence has to be true of a person, or one of them."""

    ALL = "all"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Sentence:
    """`about` and `how` pick one of KNOWN; the values are texts in their one spelling."""

    about: str
    how: str
    values: tuple[str, ...]

    @property
    def kind(self) -> str:
        """Its key in KNOWN."""
        return f"{self.about}.{self.how}"


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a segment says: some sentences, and whether all or any must be true."""

    match: Match
    sentences: tuple[Sentence, ...]

    def as_data(self) -> dict[str, Any]:
        """As it is stored: JSON that `read` takes back."""
        said = [
            {"about": one.about, "how": one.how, "values": list(one.values)}
            for one in self.sentences
        ]
        return {"match": self.match.value, "sentences": said}

    def sql(self) -> tuple[str, dict[str, Any]]:
        """The condition, and its values by name."""
        values: dict[str, Any] = {}
        texts = []
        for number, one in enumerate(self.sentences):
            known, name = KNOWN[one.kind], f"said{number}"
            texts.append(f"({known.sql.format(v=f':{name}')})")
            values[name] = known.bind(one.values)
        joint = " AND " if self.match is Match.ALL else " OR "
        return f"({joint.join(texts)})", values


@dataclass(frozen=True, slots=True)
class Known:
    """One kind of sentence: how its values are read (raises Invalid), said, and bound."""

    sql: str
    read: Callable[[Sequence[str]], tuple[str, ...]]
    bind: Callable[[tuple[str, ...]], Any]


def read(data: Any) -> Conditions:
    """Conditions from data; raises Invalid, with `field` the number of the sentence at fault."""
    said = data.get("sentences") if isinstance(data, Mapping) else None
    if not isinstance(said, list) or not said:
        raise Invalid(_("Say at least one sentence."), "0")
    if len(said) > MOST_SENTENCES:
        raise Invalid(_("A segment has %(most)s sentences at the most.", most=MOST_SENTENCES), "0")
    if data.get("match", Match.ALL) not in set(Match):
        raise Invalid(_("Choose whether all sentences have to be true or one of them."), "match")
    sentences = tuple(_sentence(number, one) for number, one in enumerate(said))
    return Conditions(Match(data.get("match", Match.ALL)), sentences)


def _sentence(number: int, said: Any) -> Sentence:
    try:
        about, how, values = said["about"], said["how"], said["values"]
        known = KNOWN[f"{about}.{how}"]
    except (KeyError, TypeError):
        raise Invalid(_("Choose what the sentence is about."), str(number)) from None
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise Invalid(_("Choose what the sentence is about."), str(number))
    try:
        return Sentence(about, how, known.read([one.strip() for one in values]))
    except Invalid as refusal:
        raise Invalid(refusal.message, str(number)) from None


def _several(values: Sequence[str]) -> tuple[str, ...]:
    kept = tuple(sorted({one for one in values if one}))
    if not kept or len(kept) > MOST_VALUES:
        raise Invalid(_("Name one, or up to %(most)s of them.", most=MOST_VALUES))
    return kept


def _languages(values: Sequence[str]) -> tuple[str, ...]:
    if set(values) - set(LANGUAGES):
        raise Invalid(_("Choose a language."))
    return _several(values)


def _domains(values: Sequence[str]) -> tuple[str, ...]:
    found = [one.lower().removeprefix("@").removesuffix(".") for one in values if one]
    try:
        ascii_names = [idna.encode(one, uts46=True).decode() for one in found]
    except idna.IDNAError:
        raise Invalid(_("Enter domains like mail.example, with commas between them.")) from None
    if not all(_DOMAIN.fullmatch(one) for one in ascii_names):
        raise Invalid(_("Enter domains like mail.example, with commas between them."))
    return _several(ascii_names)


def _slugs(values: Sequence[str]) -> tuple[str, ...]:
    if not all(re.fullmatch(r"[a-z0-9-]{1,63}", one) for one in values if one):
        raise Invalid(_("Choose a topic."))
    return _several(values)


def _day(values: Sequence[str]) -> tuple[str, ...]:
    try:
        (day,) = [date.fromisoformat(one) for one in values]
    except ValueError:
        raise Invalid(_("Enter a day, like 2026-03-12.")) from None
    # Anything else is a slip of the hand.
    if not 1990 <= day.year <= 2200:
        raise Invalid(_("Enter a day, like 2026-03-12."))
    return (day.isoformat(),)


def _number(values: Sequence[str], most: int, wrong: str) -> tuple[str, ...]:
    digits = values[0] if len(values) == 1 and re.fullmatch(r"[0-9]{1,9}", values[0]) else "0"
    if not 1 <= int(digits) <= most:
        raise Invalid(wrong)
    return (str(int(digits)),)


def _days(values: Sequence[str]) -> tuple[str, ...]:
    return _number(
        values, MOST_DAYS, _("Enter a number of days from 1 to %(most)s.", most=MOST_DAYS)
    )


def _campaign(values: Sequence[str]) -> tuple[str, ...]:
    return _number(values, 2**31 - 1, _("Enter the number of a campaign."))


def _midnight(values: tuple[str, ...]) -> datetime:
    zone = ZoneInfo(current().time_zone)
    return datetime.combine(date.fromisoformat(values[0]), time(), zone)


def _one(values: tuple[str, ...]) -> int:
    return int(values[0])


# Somebody who has not confirmed signed up for nothing: what counts is when they asked.
_JOINED = "coalesce(st.signed_up_at, st.since)"
_AGO = "now() - make_interval(days => {v})"

_YES_TO = """st.subscriber_id IN (
    SELECT o.subscriber_id FROM standings o JOIN topics x ON x.id = o.topic_id
    WHERE o.standing = 'given' AND x.slug = ANY (CAST({v} AS text[])))"""

# Found by their batches, as everything of a campaign is.
_GOT = """st.subscriber_id IN (SELECT d.subscriber_id FROM deliveries d
    WHERE d.state = 'accepted' AND d.batch_id = ANY (ARRAY(
        SELECT b.id FROM batches b WHERE b.campaign_id = {v})))"""
_GOT_LATELY = f"""st.subscriber_id IN (SELECT d.subscriber_id FROM deliveries d
    WHERE d.state = 'accepted' AND d.finished_at >= {_AGO} AND d.batch_id = ANY (ARRAY(
        SELECT b.id FROM batches b JOIN campaigns e ON e.id = b.campaign_id
        WHERE e.kind = 'campaign' AND coalesce(e.finished_at, now()) >= {_AGO})))"""  # noqa: S608 - our own text; values are bound

# Of a campaign that is over: who was in its audience and did not get it for no reason of their own.
# What is uncertain may have arrived; what a person's "no" held is nobody's to send again.
OURS = ("campaign_stopped", "cannot_render", "frequency_cap")
_MISSED = f"""st.subscriber_id IN (
    SELECT m.id FROM campaigns e JOIN audience_chunks k ON k.campaign_id = e.id
    CROSS JOIN unnest(k.subscriber_ids) m (id)
    LEFT JOIN deliveries d ON d.subscriber_id = m.id AND d.campaign_id = e.id
    WHERE e.id = {{v}} AND e.state IN ('done', 'stopped') AND k.reason IS NULL
        AND (coalesce(d.state, 'pending') IN ('pending', 'deferred', 'claimed', 'refused')
             OR d.state = 'held' AND d.reason IN {OURS}))"""  # noqa: S608 - our own text; values are bound

_IN = "s.{column} = ANY (CAST({{v}} AS text[]))"

KNOWN: dict[str, Known] = {
    "language.one_of": Known(_IN.format(column="language"), _languages, list),
    "language.none_of": Known(f"NOT {_IN.format(column='language')}", _languages, list),
    "topic.one_of": Known(_YES_TO, _slugs, list),
    "topic.none_of": Known(f"NOT {_YES_TO}", _slugs, list),
    "joined.since": Known(f"{_JOINED} >= {{v}}", _day, _midnight),
    "joined.before": Known(f"{_JOINED} < {{v}}", _day, _midnight),
    "joined.within": Known(f"{_JOINED} >= {_AGO}", _days, _one),
    "joined.longer": Known(f"{_JOINED} < {_AGO}", _days, _one),
    "provider.one_of": Known(_IN.format(column="provider"), _domains, list),
    "provider.none_of": Known(f"NOT {_IN.format(column='provider')}", _domains, list),
    "received.campaign": Known(_GOT, _campaign, _one),
    "received.not_campaign": Known(f"NOT {_GOT}", _campaign, _one),
    "missed.campaign": Known(_MISSED, _campaign, _one),
    "received.within": Known(_GOT_LATELY, _days, _one),
    "received.none_within": Known(f"NOT {_GOT_LATELY}", _days, _one),
}
