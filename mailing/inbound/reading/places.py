"""The places of a message where a wish may stand, each looked at once and only when asked for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from mailing.inbound.reading import mailboxes, quoting
from mailing.inbound.reading.addresses import addresses
from mailing.inbound.reading.automatic import repeats_our_subject
from mailing.inbound.reading.headers import as_folded
from mailing.inbound.reading.headers import field as field_of
from mailing.inbound.reading.marks import kind_in, kind_of, strongest
from mailing.inbound.reading.opened import Opened, opened
from mailing.inbound.reading.values import Kind
from mailing.policies.marks import Marks

_ASKS = re.compile(
    r"\?|؟|\b(?:what|which|how|why|when|where|who|please\s(?:tell|explain|clarify|send\sme)|какие|какой|какая|каким|как|почему|зачем|откуда|когда|кто|кому|сообщите|разъясн|поясн|предостав|"
    r"қандай|қалай|неге|не\sүшін|қашан|қайдан|кім|түсіндір|хабарла)",
    re.IGNORECASE,
)
# A note of absence says "who", "when" and "which" of itself; it does not ask about data.
_ASKS_US = re.compile(r"[?؟](?=[\s\"'»”)]|$)")
_OF_DATA = re.compile(r"\bdata\b|\bconsent|\bданны|согласи|дерек|келісім", re.IGNORECASE)
_MOST_NAMES, _LONGEST_NAME, _SHORTEST_TOKEN = 20, 255, 16
_OUR_OWN = ("X-Kelisim-Delivery", "List-Unsubscribe")


@dataclass(frozen=True)
class Places:
    """A message, the recipients of its envelope, and where in it which mark stands."""

    message: Opened
    recipients: Sequence[str]
    marks: Marks

    @cached_property
    def text(self) -> str:
        """What its author wrote themselves."""
        return quoting.own_text(self.message)

    @cached_property
    def in_subject(self) -> Kind | None:
        """The mark in the subject."""
        return kind_of(as_folded(self.message.message, "Subject"), self.marks)

    @cached_property
    def in_text(self) -> Kind | None:
        """The mark in the unquoted text; of the page where the text part has none."""
        found = kind_in(self.text, self.marks)
        return found or kind_in(quoting.only_in_page(self.message), self.marks)

    @cached_property
    def in_files(self) -> Kind | None:
        """The mark in the names of attached files."""
        return self._named(is_message=False)

    @cached_property
    def in_passed_on(self) -> Kind | None:
        """The mark in a message inside this one, unless it is one of a mailing: that only quotes
        the mark."""
        subject, text = quoting.forwarded(self.message)
        kinds = [kind_of(subject, self.marks), kind_in(text, self.marks)]
        kinds.append(self._named(is_message=True))
        for inner in self.message.returned:
            if not any(inner.get(name) for name in _OUR_OWN):
                text = quoting.own_text(opened(inner.as_bytes()))
                kinds += [kind_of(field_of(inner, "Subject"), self.marks)]
                kinds += [kind_in(text, self.marks)]
        return strongest(kinds)

    @cached_property
    def asks(self) -> bool:
        """Whether its author asks something."""
        return _ASKS.search(f"{self.message.field('Subject')}\n{self.text}") is not None

    @cached_property
    def asks_of_us(self) -> bool:
        """The same, told from what a note of absence says of itself and of a subject of ours."""
        subject = "" if repeats_our_subject(self.message) else self.message.field("Subject")
        said = f"{subject}\n{self.text}"
        return bool(_ASKS_US.search(said) or (_OF_DATA.search(said) and _ASKS.search(said)))

    @cached_property
    def is_anothers(self) -> bool:
        """Whether its subject is somebody else's: it was passed on, and not by who wrote it."""
        if not quoting.is_passed_on(self.message):
            return False
        return not self.is_own_again

    @cached_property
    def is_own_again(self) -> bool:
        """Whether what is passed on names the same author: people send their own letter again."""
        inner = quoting.first_author(self.message)
        senders = addresses(self.message.field("From"))
        return inner is not None and [inner.casefold()] == [one.casefold() for one in senders]

    @cached_property
    def came_back(self) -> bool:
        """Whether it came to the return path of a message of ours, or under the null path."""
        return self.message.has_null_path or self.is_to_return_path

    @cached_property
    def is_to_return_path(self) -> bool:
        """Whether it came to an address that stands in the envelope of our mail alone."""
        return any(map(mailboxes.is_return_path, self.recipients))

    @cached_property
    def boxes(self) -> dict[str, str]:
        """The names that it was sent to, each with what stands behind its plus."""
        found = sorted(map(mailboxes.mailbox, self.recipients))
        return {box.name: box.token for box in found if box.domain}

    @property
    def has_way_out(self) -> bool:
        """Whether it was sent to the `mailto:` way out of one person (RFC 2369 3.2)."""
        return len(self.boxes.get("unsubscribe", "")) >= _SHORTEST_TOKEN

    def _named(self, *, is_message: bool) -> Kind | None:
        parts = self.message.parts[:_MOST_NAMES]
        kept = [part for part in parts if part.type.startswith("message/") == is_message]
        names = [re.sub(r"\.\w{1,5}$", "", part.filename[:_LONGEST_NAME]) for part in kept]
        return strongest([kind_of(name.replace("_", " "), self.marks) for name in names if name])
