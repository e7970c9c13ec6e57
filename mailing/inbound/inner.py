"""The inner message: of a letter that was passed on, who its words say had written it.

A mail program either attaches the message, with its own header, or writes the lines of that header
above its text in the language of whoever passes it on.
"""

import re

from mailing.inbound.reading.addresses import addresses
from mailing.inbound.reading.headers import fields
from mailing.inbound.reading.limits import TooHostile
from mailing.inbound.reading.opened import Opened, opened
from mailing.inbound.reading.quoting import whole_text

MOST = 5
_LONGEST_LINE = 400
_AUTHOR = re.compile(
    r"[>\s*]{0,20}(?:from|sender|от|отправитель|кімнен|жіберуші|von|de|da|od|kimden)[\s*]{0,5}:",
    re.IGNORECASE,
)


def senders(raw: bytes) -> list[str]:
    """The addresses that a letter names as those of the message inside it, each once; of letters
    inside letters all of them. Never raises."""
    try:
        return _senders(opened(raw))
    except TooHostile:
        return []
    except Exception:  # the standard parser raises what it likes
        return []


def _senders(message: Opened) -> list[str]:
    attached = [value for one in message.returned for value in fields(one, "From")]
    lines = [line[:_LONGEST_LINE] for line in whole_text(message).splitlines()]
    written = [line for line in lines if _AUTHOR.match(line)]
    found = [address for value in [*attached, *written] for address in addresses(value)]
    return list(dict.fromkeys(found))[:MOST]
