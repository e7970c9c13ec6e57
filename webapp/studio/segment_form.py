"""The form of a segment: ordinary fields, row by row, that work without JavaScript.

A row is a sentence that has been added: `kind-0` says which, `value-0` (repeated) what it names.
Buttons add a row, take one away and count; only the button that saves changes anything.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from mailing.base.errors import Invalid
from mailing.base.languages import LANGUAGES, OWN_NAMES, gettext
from mailing.campaigns import campaigns, sentences
from mailing.campaigns.campaigns import Kind, State
from mailing.campaigns.segments import Segment
from mailing.campaigns.sentences import KNOWN, MOST_SENTENCES, Conditions, Match, Sentence
from mailing.people import topics
from mailing.people.topics import Topic

OFFERED_CAMPAIGNS = 100
_SENT = (State.SENDING, State.PAUSED, State.STOPPED, State.DONE)


@dataclass
class Row:
    """One sentence as it was typed."""

    kind: str
    values: list[str] = field(default_factory=list)

    @property
    def widget(self) -> str:
        """Which fields ask for its values."""
        about, _, how = self.kind.partition(".")
        if about == "joined":
            return "day" if how in ("since", "before") else "days"
        if about in ("received", "missed"):
            return "campaign" if how.endswith("campaign") else "days"
        return about

    def as_data(self) -> dict[str, Any]:
        """As the domain reads it."""
        about, _, how = self.kind.partition(".")
        values = self.values
        if about == "provider":
            values = [one for one in ",".join(values).replace("\n", ",").split(",") if one.strip()]
        return {"about": about, "how": how, "values": values}


@dataclass
class SegmentDraft:
    """All that was typed; errors by the id of the field."""

    name: str = ""
    match: str = Match.ALL.value
    topic: str = ""
    rows: list[Row] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)

    def conditions(self) -> Conditions | None:
        """What it says; None with the error beside its row."""
        try:
            said = [row.as_data() for row in self.rows]
            return sentences.read({"match": self.match, "sentences": said})
        except Invalid as refusal:
            named = refusal.field or "0"
            where = f"value-{named}" if named.isdigit() and self.rows else "add"
            self.errors[where if named != "match" else "match"] = refusal.message
            return None


def typed(posted: "MultiDict[str, str]") -> SegmentDraft:
    """The draft of a posted form, with the row added or taken away that a button asked for."""
    draft = SegmentDraft(
        posted.get("name", ""), posted.get("match", Match.ALL.value), posted.get("topic", "")
    )
    dropped = posted.get("drop")
    for number in range(MOST_SENTENCES + 1):
        kind = posted.get(f"kind-{number}", "")
        if kind in KNOWN and str(number) != dropped:
            draft.rows.append(Row(kind, posted.getlist(f"value-{number}")))
    if "add" in posted:
        _add(draft, posted.get("kind-new", ""))
    return draft


def _add(draft: SegmentDraft, kind: str) -> None:
    if kind not in KNOWN:
        draft.errors["add"] = gettext("Choose what the sentence is about.")
    elif len(draft.rows) >= MOST_SENTENCES:
        draft.errors["add"] = gettext(
            "A segment has %(most)s sentences at the most.", most=MOST_SENTENCES
        )
    else:
        draft.rows.append(Row(kind))


def written(segment: Segment) -> SegmentDraft:
    """The draft of a segment as it is saved."""
    rows = [Row(one.kind, list(one.values)) for one in segment.conditions.sentences]
    return SegmentDraft(segment.name, segment.conditions.match.value, "", rows)


def choices(draft: SegmentDraft) -> dict[str, Any]:
    """What the fields offer."""
    own = [topic for topic in topics.all_topics() if topic.slug != topics.NOTICES]
    return {
        "kinds": kinds(),
        "topics": own,
        "languages": {tongue: OWN_NAMES[tongue] for tongue in LANGUAGES},
        "sent": _sent() if any(row.widget == "campaign" for row in draft.rows) else [],
        "counted_in": counted_in(draft, own),
    }


def counted_in(draft: SegmentDraft, offered: list[Topic]) -> Topic | None:
    """The topic whose people are counted: the one asked for, else the first."""
    return next(
        (one for one in offered if one.slug == draft.topic), offered[0] if offered else None
    )


def _sent() -> list[campaigns.Campaign]:
    own = (one for one in campaigns.by_state(*_SENT) if one.kind == Kind.CAMPAIGN)
    return [one for _, one in zip(range(OFFERED_CAMPAIGNS), own, strict=False)]


def kinds() -> dict[str, str]:
    """How each kind of sentence begins."""
    return {
        "language.one_of": gettext("Their language is one of"),
        "language.none_of": gettext("Their language is none of"),
        "topic.one_of": gettext("They have said yes to one of the topics"),
        "topic.none_of": gettext("They have said yes to none of the topics"),
        "joined.since": gettext("They signed up on this day or later"),
        "joined.before": gettext("They signed up before this day"),
        "joined.within": gettext("They signed up within so many days"),
        "joined.longer": gettext("They signed up longer ago than so many days"),
        "provider.one_of": gettext("Their address is at one of the providers"),
        "provider.none_of": gettext("Their address is at none of the providers"),
        "received.campaign": gettext("They got the campaign"),
        "received.not_campaign": gettext("They did not get the campaign"),
        "missed.campaign": gettext("They were to get the campaign, and it did not reach them"),
        "received.within": gettext("They got a campaign within so many days"),
        "received.none_within": gettext("They got no campaign within so many days"),
    }


def told(said: Iterable[Sentence]) -> list[str]:
    """Sentences as people read them."""
    begun = kinds()
    return [f"{begun[one.kind]}: {', '.join(_named(one))}" for one in said]


def _named(one: Sentence) -> Iterable[str]:
    if one.about == "language":
        return (OWN_NAMES.get(value, value) for value in one.values)
    return one.values
