"""What a leaving covers: some topics, everything, or what an opt-in request asked for."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from mailing.base.arrays import ids, numbers
from mailing.base.roundtrip import Said
from mailing.base.saying import tell
from mailing.people import optins, standings, topics
from mailing.people.standings import Held
from mailing.people.topics import Named, Topic

Topics = Sequence[Topic] | Sequence[Named]


@dataclass(frozen=True)
class Scope:
    """`all`, `topics:1,2` or `optin:<id>`, as the journal spells it."""

    text: str

    @classmethod
    def everything(cls) -> Self:
        """All topics, the notices among them."""
        return cls("all")

    @classmethod
    def of_topics(cls, *topic_ids: int) -> Self:
        """These topics."""
        return cls("topics:" + ",".join(str(topic_id) for topic_id in topic_ids))

    @classmethod
    def of_optin(cls, optin_id: UUID) -> Self:
        """Whatever this request asked for."""
        return cls(f"optin:{optin_id}")

    def checked(self) -> Self:
        """The same; raises ValueError for a text that is no scope."""
        kind, _, value = self.text.partition(":")
        if kind == "topics":
            [int(topic_id) for topic_id in value.split(",")]
        elif kind == "optin":
            UUID(value)
        elif self.text != "all":
            raise ValueError(f"{self.text!r} is no scope")
        return self


def topics_of(scope: Scope, subscriber_id: UUID, every: Topics) -> list[int] | None:
    """The ids of a scope among all the topics that there are; None for everything.

    A topic that does not exist (any more: an older backup was restored) is left out.
    """
    kind, _, value = scope.text.partition(":")
    if kind == "topics":
        wanted = [int(topic_id) for topic_id in value.split(",") if topic_id]
        return [topic.id for topic in every if topic.id in wanted]
    if kind == "optin":
        optin = optins.find(UUID(value))
        return list(optin.topic_ids) if optin and optin.subscriber_id == subscriber_id else []
    return None


def covered(
    topic_ids: Collection[int] | None, held: Mapping[int, Held], every: Topics
) -> list[int]:
    """Of all the topics, those whose messages are stopped. Without a topic left, notices stop too.

    `held` is what the person's standings said before: what is left now counts for nothing among
    what is left.
    """
    if topic_ids is None:
        return [topic.id for topic in every]
    notices = {topic.id for topic in every if topic.slug == topics.NOTICES}
    given = {topic_id for topic_id, row in held.items() if row.standing == standings.Said.GIVEN}
    # A yes to the notices alone is no topic left.
    if given - notices - set(topic_ids):
        return list(topic_ids)
    return sorted(notices.union(topic_ids))


def cancel_requests(subscriber_ids: Collection[UUID], topic_ids: list[int] | None) -> None:
    """Take back the open requests that ask for any of this, and forget what was typed."""
    tell(cancelling(subscriber_ids, topic_ids))


def cancelling(subscriber_ids: Collection[UUID], topic_ids: list[int] | None) -> Said:
    """What `cancel_requests` says."""
    topics = None if topic_ids is None else numbers(topic_ids)
    return Said(_CANCEL, {"people": ids(subscriber_ids), "topics": topics})


_CANCEL = """
    UPDATE optins SET state = 'cancelled', personal = NULL
    WHERE subscriber_id = ANY (%(people)s::uuid[]) AND state = 'open'
      AND (%(topics)s::integer[] IS NULL OR topic_ids && %(topics)s::integer[])
"""


def names(topic_ids: list[int] | None, language: str) -> list[str]:
    """The names of these topics (of none for everything) in a language."""
    return [
        topics.name_in(topic, language)
        for topic in topics.all_topics()
        if topic.id in (topic_ids or [])
    ]
