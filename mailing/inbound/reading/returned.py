"""Where a report's own sentences end, and the message that it returns begins."""

import re
from email import message_from_string
from email.message import Message

from mailing.inbound.reading.addresses import addresses
from mailing.inbound.reading.headers import field
from mailing.inbound.reading.opened import Opened

_LINE = re.compile(
    r"""^[ \t>*\#=-]{0,200}(?:
      (?:this\sis\sa\scopy\sof|below\s(?:this\sline\s)?is\sa\scopy|included\sis\sa\scopy|a\scopy\sof\sthe\smessage)
    | (?:the\sheaders?\sof\s(?:the|your)\s)?
      (?:original|returned|unsent|bounced)\s(?:mail|message|e-?mail)
      (?:\s(?:info|header|headers|follows|text))?
    | (?:the\s)?(?:original\s)?message\sheaders?(?:\sfollow|:|$)
    | return-path:\s*<|received:\s*(?:from|by|\(|;)|dkim-signature:|x-received:|x-originating-ip:
    | arc-seal:|authentication-results:
    )""",
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)
_HEADER = re.compile(r"(?im)^(?:To|From|Subject|Message-Id|Date|Return-Path|Received)[ \t]*:")


def cut(text: str) -> tuple[str, str]:
    """The sentences, and what follows them: the returned message with its header, or nothing."""
    found = _LINE.search(text)
    return (text[: found.start()], text[found.start() :]) if found else (text, "")


def inner_message(opened: Opened, rest: str) -> Message:
    """The returned message's header: of a part, else of what follows the sentences."""
    for message in opened.returned:
        if any(message.get(name) for name in ("From", "To", "Subject", "Message-ID", "Received")):
            return message
    found = _HEADER.search(rest)
    return message_from_string(rest[found.start() :][:65536]) if found else Message()


def sent_to(message: Message) -> list[str]:
    """To whom a returned message was addressed."""
    names = ("X-HmXmrOriginalRecipient", "X-Original-To", "To", "Cc")
    found = [address for name in names for address in addresses(field(message, name))]
    return list(dict.fromkeys(found))


def sent_by(message: Message) -> list[str]:
    """Who had sent it."""
    names = ("Return-Path", "From", "Sender", "Reply-To")
    return [address for name in names for address in addresses(field(message, name))]
