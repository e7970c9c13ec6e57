"""What a message is made of beside the author's content: frame, recipient, stamp."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from mailing.base.errors import Invalid
from mailing.base.operator import Operator
from mailing.base.signing import SigningKey

# The closed list of clauses 3.1-3.3; a policy version declares which of them may be used.
FIELDS = ("email", "surname", "given_name", "patronymic", "phone")

# C0 and C1 controls, the two Unicode line ends, and lone surrogates, which no charset can carry.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class Kind(StrEnum):
    """Why the message is written at all; decides the footer's sentence and some headers."""

    CAMPAIGN = "campaign"
    NOTICE = "notice"
    CONFIRMATION = "confirmation"
    CORRESPONDENCE = "correspondence"
    TEST = "test"


class BodyError(Invalid):
    """The content cannot become a message; the sentence names the line where it can."""


class UnsafeValue(Invalid):
    """A value would break out of its line. It is refused, never mended."""


def untranslated(text: str) -> str:
    """Stand in for a catalogue: the English source text as it is."""
    return text


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above the author's words: a name, a logo, or both; and the colour of links and
    buttons. What is empty is ours."""

    name: str = ""
    accent: str = ""
    logo_url: str = ""
    logo_width: int = 0
    logo_height: int = 0


PLAIN = Head()


@dataclass(frozen=True, slots=True)
class Frame:
    """What is the same for a whole campaign in one language.

    `sender` is `a@b.example` or `Name <a@b.example>`; `help_url` an https or mailto address;
    `feedback` names the campaign (or form) and nobody in particular; `policy_label` the version
    behind `policy_url`, where it is one; `fields` are those that the policy version declares;
    `keys` sign the message, each on its own; `images_url` is what the address of an uploaded image
    begins with. `links` leads targets through addresses of ours (`counting`), and `is_counted` says
    in the footer that clicks are counted; `head` is the operator's brand.
    """

    operator: Operator
    sender: str
    topic_slug: str
    topic_name: str
    list_domain: str
    feedback: str
    policy_url: str
    help_url: str
    policy_label: str = ""
    reason: Kind = Kind.CAMPAIGN
    gettext: Callable[[str], str] = untranslated
    fields: tuple[str, ...] = FIELDS
    keys: tuple[SigningKey, ...] = ()
    images_url: str = ""
    links: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_counted: bool = False
    head: Head = PLAIN

    @property
    def link_colour(self) -> str:
        return self.head.accent or "#0b57a4"

    @property
    def button_colour(self) -> str:
        return self.head.accent or "#0b5e6b"


class Recipient(NamedTuple):
    """The one person written to. A field that is absent or empty counts as unset."""

    address: str
    fields: Mapping[str, str]


class SignedUp(NamedTuple):
    """When this person signed up, where the operator is, and on which site or, where an import
    attests it, through which form; each None where it is not known."""

    day: date | None = None
    site: str | None = None
    form: str | None = None


UNKNOWN = SignedUp()


class Stamp(NamedTuple):
    """What is fixed once for one delivery, so that a retry is byte-identical.

    `delivery` is the opaque id, `message_id` stands without its brackets, `date` is aware,
    `leave_url` is the one-click address and `leave_mailto` a mailbox; `preferences_url` leads to
    what this person gets, and `signed_up` tells why: neither is a part of a confirmation.
    """

    delivery: str
    message_id: str
    date: datetime
    leave_url: str
    leave_mailto: str
    preferences_url: str = ""
    signed_up: SignedUp = UNKNOWN

    @property
    def link_token(self) -> str:
        """What this reader's links end in: one token, whatever the page that it leads to."""
        return self.leave_url.rpartition("/")[2]


def one_line(what: str, text: str) -> str:
    """Give the text back if it stays on its line; raise `UnsafeValue` naming `what` if not."""
    found = UNSAFE.search(text)
    if found:
        raise UnsafeValue(
            f"{what} holds U+{ord(found[0]):04X}, which would break the line; remove it.", what
        )
    return text
