"""How consent stood at a moment, told from the ledger alone, in a sentence that can be shown."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from mailing.base.languages import gettext as _
from mailing.base.languages import spoken, time_text
from mailing.people import ledger, topics
from mailing.people.ledger import SAYS, Entry, Kind
from mailing.people.topics import Topic

YES = (Kind.GIVEN, Kind.ATTESTED, Kind.RESTORED)


@dataclass(frozen=True)
class Stood:
    """The last word on one topic at a moment, and since when mailing was blocked, if it was.

    `asked` is the request that the yes confirmed, `agreed` the newest yes with words of its own:
    what was taken up again goes on under those.
    """

    topic: Topic
    said: Entry
    moment: datetime
    blocked_since: datetime | None
    asked: Entry | None = None
    agreed: Entry | None = None

    @property
    def is_valid(self) -> bool:
        """Whether there was a consent to mail on."""
        return self.said.kind in YES and self.blocked_since is None

    @property
    def state(self) -> str:
        """The last word by its kind; `blocked` where only a block stood against a yes."""
        return "blocked" if self.is_blocked else self.said.kind

    @property
    def is_blocked(self) -> bool:
        """Whether a block alone stood in the way; a no says more than a block does."""
        return self.blocked_since is not None and self.said.kind in (*YES, Kind.REQUESTED)

    def sentence(self, zone: str, occasion: str | None = None) -> str:
        """“On … consent to … was valid: given on …”, in the language spoken; `occasion` says the
        moment in other words."""
        since = self.blocked_since if self.is_blocked else self.said.at
        values = {
            "moment": occasion or time_text(self.moment, zone),
            "topic": topics.name_in(self.topic, spoken()),
            "since": time_text(since or self.said.at, zone),
            "asked": time_text(self.asked.at, zone) if self.asked else "",
        }
        if self.is_blocked:
            return _blocked() % values
        if self.said.kind == Kind.GIVEN and self.asked:
            return _confirmed() % values
        return _sentences()[Kind(self.said.kind)] % values


def at(subscriber_id: UUID, moment: datetime) -> list[Stood]:
    """How each topic stood that the person had anything to do with by then."""
    entries = ledger.history(subscriber_id, moment)
    said: dict[int, Entry] = {}
    asked: dict[int, Entry | None] = {}
    agreed: dict[int, Entry] = {}
    for entry in entries:
        for topic_id in _scope(entry, said):
            if entry.kind == Kind.GIVEN:
                before = said.get(topic_id)
                asked[topic_id] = before if before and before.kind == Kind.REQUESTED else None
            if entry.kind in (Kind.GIVEN, Kind.ATTESTED):
                agreed[topic_id] = entry
            said[topic_id] = entry
    blocked = _blocked_since(entries)
    return [
        Stood(topic, said[topic.id], moment, blocked, asked.get(topic.id), agreed.get(topic.id))
        for topic in topics.all_topics()
        if topic.id in said
    ]


def _scope(entry: Entry, so_far: Iterable[int]) -> list[int]:
    """The topics that an entry speaks of; one about everything speaks of all so far."""
    if Kind(entry.kind) not in SAYS:
        return []
    if entry.topic_id is not None:
        return [entry.topic_id]
    return [] if entry.kind == Kind.RESTORED else list(so_far)


def _blocked_since(entries: list[Entry]) -> datetime | None:
    blocks = [e for e in entries if e.topic_id is None and e.kind in (Kind.BLOCKED, Kind.RESTORED)]
    return blocks[-1].at if blocks and blocks[-1].kind == Kind.BLOCKED else None


def _blocked() -> str:
    return _("On %(moment)s mailing was blocked, since %(since)s; so nothing on “%(topic)s”.")


def _confirmed() -> str:
    return _(
        "On %(moment)s consent to “%(topic)s” was valid: given on %(asked)s, confirmed on "
        "%(since)s, not withdrawn by then."
    )


def _sentences() -> dict[Kind, str]:
    return {
        Kind.GIVEN: _("On %(moment)s consent to “%(topic)s” was valid: given on %(since)s."),
        Kind.ATTESTED: _(
            "On %(moment)s consent to “%(topic)s” was valid: attested by an import on %(since)s."
        ),
        Kind.RESTORED: _(
            "On %(moment)s consent to “%(topic)s” was valid: taken up again on %(since)s."
        ),
        Kind.REQUESTED: _(
            "On %(moment)s there was no consent to “%(topic)s”: asked for on %(since)s and not "
            "confirmed."
        ),
        Kind.UNSUBSCRIBED: _(
            "On %(moment)s there was no consent to “%(topic)s”: unsubscribed on %(since)s."
        ),
        Kind.WITHDRAWN: _(
            "On %(moment)s there was no consent to “%(topic)s”: withdrawn on %(since)s."
        ),
        Kind.DESTROYED: _(
            "On %(moment)s there was no consent to “%(topic)s”: the data were destroyed on "
            "%(since)s."
        ),
    }
