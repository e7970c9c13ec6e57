"""Who wrote to us, and what an answer to it refers to. Personal, so it is sealed."""

import re
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from mailing.base.errors import Invalid
from mailing.base.reach import storable
from mailing.inbound.reading import Reading, Trust
from mailing.people.address import Address
from mailing.people.canonical import canonical
from mailing.people.subscribers import Sealer

# What may stand between the brackets of a Message-ID that we repeat (RFC 5322 3.6.4, without the
# quoted forms): nothing that could break out of its line.
_ID = re.compile(r"[!#$%&'*+/=?^_`{|}~.\w-]{1,120}@[\w.\[\]:-]{1,120}", re.ASCII)
MOST_REFERENCES = 10
_LONGEST_ID = 250


@dataclass(frozen=True)
class Correspondent:
    """An address that wrote; `message_id` and `references` without brackets, the eldest first.

    `is_answerable` is false for what must never get an automatic answer (RFC 3834 section 2),
    `is_authenticated` true where the receiving server says that it was written from there.
    """

    address: str
    message_id: str | None = None
    references: tuple[str, ...] = ()
    is_answerable: bool = False
    is_authenticated: bool = False

    @classmethod
    def of(cls, reading: Reading) -> Self | None:
        """The author of a message; None where it names none that could be written to.

        Whoever the receiving server says has not written it gets nothing by itself.
        """
        sender = reading.sender
        if sender is None or not is_address(sender):
            return None
        may_answer = reading.is_answerable and reading.trust is not Trust.FAILED
        is_sure = reading.trust is Trust.ALIGNED
        own = storable(reading.message_id, _LONGEST_ID) if reading.message_id else None
        others = tuple(storable(one, _LONGEST_ID) for one in reading.traces.message_ids)
        return cls(sender, own, others, may_answer, is_sure)

    @classmethod
    def opened(cls, sealed: bytes | None, about: UUID) -> Self | None:
        """What `sealed` made; None where nothing is kept."""
        if sealed is None:
            return None
        kept = Sealer().open(sealed, about.bytes)
        return cls(**{**kept, "references": tuple(kept["references"])})

    @property
    def mailbox(self) -> Address:
        """The address as it is compared; raises Invalid."""
        return canonical(self.address)

    @property
    def in_reply_to(self) -> str | None:
        """The Message-ID that an answer names; None where it cannot be repeated safely."""
        return self.message_id if self.message_id and _ID.fullmatch(self.message_id) else None

    @property
    def thread(self) -> tuple[str, ...]:
        """The References of an answer (RFC 5322 3.6.4): theirs, then their message's own."""
        others = [one for one in self.references if _ID.fullmatch(one)]
        own = [self.in_reply_to] if self.in_reply_to else []
        kept = [one for one in dict.fromkeys(others) if one not in own]
        return (*kept[-MOST_REFERENCES:], *own)

    def sealed(self, about: UUID) -> bytes:
        """As it is kept, sealed to what it is about."""
        return Sealer().seal({**vars(self), "references": list(self.references)}, about.bytes)


def is_address(text: str) -> bool:
    """Whether mail could be sent there."""
    try:
        canonical(text)
    except Invalid:
        return False
    return True
