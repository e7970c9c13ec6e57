"""What the author of a message wrote themselves, apart from what they quote below or above it."""

import re

from mailing.inbound.reading import markup
from mailing.inbound.reading.opened import Opened

LONGEST = 64 * 1024
_QUOTED = re.compile(r"^\s{0,3}[>|]")
_BEGINS = re.compile(
    r"""^\s*(?:
      -{2,}\s*(?:original\smessage|исходное\sсообщение|бастапқы\sхабарлама|переадресованное|пересылаемое|forwarded|end\sof\sforwarded|начало\sпере)
    | _{10,}\s*$
    | (?:on|am|le|el)\s.{4,200}(?:wrote|schrieb|a\sécrit|escribió)\s*:\s*$
    | .{0,200}(?:пишет|написала?|жазды|писал|жазған)\s*:?\s*$
    | \d{1,2}[./-]\d{1,2}[./-]\d{2,4}.{0,120}(?:@|<).{0,120}:\s*$
    | (?:\w{2,4},\s)?\d{1,2}\s\w{3,12}\.?\s\d{4}.{0,160}(?:@|<).{0,120}:?\s*$
    | (?:from|от|кімнен|von)\s*:\s.{0,200}@.*$
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_FORWARD = re.compile(
    r"^[ \t>*-]{0,20}(?:begin\s)?(?:forwarded\smessage|пересылаемое\sсообщение"
    r"|переадресованное\s(?:сообщение|письмо)|қайта\sжіберілген\sхабарлама)[ \t:*-]{0,20}$",
    re.IGNORECASE | re.MULTILINE,
)
_SUBJECT = re.compile(
    r"^[> \t*]{0,20}(?:subject|тема|тақырып|тақырыбы)[ \t]{0,5}:[ \t]{0,5}\**(.{1,400})$",
    re.IGNORECASE | re.MULTILINE,
)


def own_text(opened: Opened) -> str:
    """The unquoted text of the message; of the HTML part where there is no other."""
    return unquoted(whole_text(opened))[:LONGEST]


def whole_text(opened: Opened) -> str:
    """All that a reader sees, quotes of the HTML part left out."""
    plain = "\n".join(part.text for part in opened.own("text/plain") if not part.filename)
    if plain.strip():
        return plain[: 4 * LONGEST]
    return "\n".join(markup.own(part.text) for part in opened.own("text/html"))[: 4 * LONGEST]


def unquoted(text: str) -> str:
    """Without quoted lines, and without everything below the line that introduces a quotation."""
    kept: list[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        if _FORWARD.match(line) or (_BEGINS.match(line[:600]) and "".join(kept).strip()):
            break
        if not _QUOTED.match(line):
            kept.append(line)
    return "\n".join(kept).strip()


def forwarded(text: str) -> str:
    """The subject and the first lines of a message that was passed on inside the text."""
    found = _FORWARD.search(text)
    if not found:
        return ""
    rest = text[found.end() :][:LONGEST]
    subject = _SUBJECT.search(rest)
    return subject[1].strip() if subject else ""
