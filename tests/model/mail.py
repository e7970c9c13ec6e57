"""What should become of every message, worked out beside the product: a small model in Python.

It knows the table of moves, who owns what under which fence, what people have said, and which
dots have been written; it knows nothing of batches, locks or SQL.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from tests.model.table import FENCE, OWNER, TABLE, compared

# What an answer names: past recall, or written by somebody who died over it.
MAY_ARRIVE = ("sealed", "uncertain")
_IN_WORK = ("claimed", "open", "sealed", "aborting")


@dataclass
class Mail:
    """One message to one person. `is_promised`: an answer said that it will not come."""

    campaign: int
    person: UUID
    state: str = "unwritten"
    owner: UUID | None = None
    fence: int = 0
    is_due: bool = True
    is_promised: bool = False
    dots: int = 0

    @property
    def seen(self) -> tuple[str, UUID | None, int]:
        """What a row of it must look like; who owns what is in nobody's work is not asked."""
        return self.state, self.owner if self.state in _IN_WORK else None, self.fence

    def move(self, verb: str) -> bool:
        """Let a verb do to it what the table says; whether that is anything."""
        new = TABLE[verb].get(self.state)
        if new is None:
            return False
        self.is_due = new != "deferred"
        self.state = new
        return True

    def is_of(self, verb: str, owner: UUID, fence: int) -> bool:
        """Whether it belongs to this claim, as far as the verb asks."""
        asked = compared(verb)
        return (OWNER not in asked or self.owner == owner) and (
            FENCE not in asked or self.fence == fence
        )


@dataclass
class Post:
    """All messages, and what is so of campaigns and people."""

    campaigns: dict[int, str]
    people: dict[UUID, bool]
    mails: list[Mail] = field(default_factory=list)
    ids: dict[UUID, Mail] = field(default_factory=dict)
    is_on: bool = True

    def __post_init__(self) -> None:
        self.mails = [Mail(number, one) for number in self.campaigns for one in self.people]

    def written(self, rows: Iterator[tuple[UUID, int, UUID]]) -> None:
        """Learn which ids (id, campaign, person) the messages have that are written by now."""
        places = {(mail.campaign, mail.person): mail for mail in self.mails}
        for delivery, campaign, person in rows:
            mail = self.ids[delivery] = places[campaign, person]
            if mail.state == "unwritten":
                mail.state = "pending"

    def may_be_claimed(self) -> list[Mail]:
        """What a claim may find."""
        return [
            mail
            for mail in self.mails
            if self.is_on
            and self.campaigns[mail.campaign] == "sending"
            and (mail.state == "unwritten" or (mail.state in TABLE["claim"] and mail.is_due))
        ]

    def claimed(self, delivery: UUID, owner: UUID, fence: int) -> None:
        """A claim has come back for one of them."""
        mail = self.ids[delivery]
        assert self.campaigns[mail.campaign] == "sending"
        assert mail.move("claim"), f"claimed out of {mail.state}"
        assert fence == mail.fence + 1, "a claim has a fence of its own"
        mail.owner, mail.fence = owner, fence

    def asked(self, delivery: UUID, owner: UUID, fence: int) -> bool:
        """The gate is asked; whether it says yes."""
        mail = self.ids[delivery]
        verb = self._verdict(mail)
        return mail.is_of("gate", owner, fence) and mail.move(verb) and verb == "gate: yes"

    def did(self, verb: str, delivery: UUID, claim: tuple[UUID, int]) -> bool:
        """A verb was done for a claim (owner, fence); whether it moved the message."""
        mail = self.ids[delivery]
        return mail.is_of(verb, *claim) and mail.move(verb)

    def dotted(self, delivery: UUID) -> None:
        """A dot was written: never against an answer, and never a second time."""
        mail = self.ids[delivery]
        assert not mail.is_promised, "a dot follows an answer that does not name it"
        assert mail.dots == 0, "the message is sent twice"
        mail.dots += 1

    def not_taken(self, delivery: UUID) -> None:
        """The relay has said for certain that it did not take the message."""
        self.ids[delivery].dots -= 1

    def left(self, person: UUID) -> set[UUID]:
        """Somebody has left; the messages that the answer must name."""
        self.people[person] = False
        named = set()
        for delivery, mail in self.ids.items():
            if mail.person == person:
                mail.move("leave")
                named |= {delivery} if mail.state in MAY_ARRIVE else set()
        for mail in self.mails:
            if mail.person == person:
                mail.is_promised = not any(self.ids[one] is mail for one in named)
        return named

    def came_back(self, person: UUID) -> bool:
        """Somebody takes their no back; whether there was one."""
        was_no, self.people[person] = not self.people[person], True
        for mail in self.mails:
            mail.is_promised = mail.is_promised and mail.person != person
        return was_no

    def of(self, campaign: int) -> list[Mail]:
        """The messages of a campaign."""
        return [mail for mail in self.mails if mail.campaign == campaign]

    def _verdict(self, mail: Mail) -> str:
        if not self.is_on:
            return "gate: off"
        state = self.campaigns[mail.campaign]
        if state != "sending":
            return f"gate: {state}"
        return "gate: yes" if self.people[mail.person] else "gate: no"
