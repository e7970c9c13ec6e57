"""What the author of a message wrote themselves, apart from what they quote below or above it."""

import re
from collections.abc import Sequence

from mailing.inbound.reading import introductions
from mailing.inbound.reading.addresses import first
from mailing.inbound.reading.headers import field
from mailing.inbound.reading.opened import Opened

LONGEST = 64 * 1024
_QUOTED = re.compile(r"^\s{0,3}[>|]")
_FORWARD = re.compile(
    r"^[ \t>*-]{0,20}(?:begin\s)?(?:forwarded\smessage|пересылаемое\sсообщение"
    r"|переадресованное\s(?:сообщение|письмо)|қайта\sжіберілген\sхабарлама)[ \t:*-]{0,20}$",
    re.IGNORECASE | re.MULTILINE,
)
_SUBJECT = re.compile(
    r"^[> \t*]{0,20}(?:subject|тема|тақырып|тақырыбы)[ \t]{0,5}:[ \t]{0,5}\**(.{1,400})$",
    re.IGNORECASE | re.MULTILINE,
)
_FROM = re.compile(
    r"^[> \t*]{0,20}(?:from|от|от кого|кімнен)[ \t]{0,5}:[ \t]{0,5}\**(.{1,400})$",
    re.IGNORECASE | re.MULTILINE,
)
_PASSED_ON = re.compile(
    r"^\W{0,5}(?:(?:re|на|ha|aw|sv|external)\W{1,5}){0,5}"
    r"(?:fwd?|wg|tr|rv|vl|ilt|пересл\w{0,12}|қайта жіберіл\w{0,8})\s{0,3}:",
    re.IGNORECASE,
)
_LINK = r"https?://[^\s<>\"')\]]{1,200}/(?:u|preferences)/[A-Za-z0-9_-]{16,400}"
# As our own footer has it: a label, and the link beside it or alone in the next line.
_LABELLED = re.compile(rf"^.{{0,80}}[:<\[(]\s{{0,3}}{_LINK}[>\])]{{0,2}}\s*$")
_LINK_ALONE = re.compile(rf"^\s{{0,8}}[<\[(]?{_LINK}[>\])]{{0,2}}\s*$")

_ANY_LINK, _BLANK, _A_BLOCK = re.compile(_LINK), re.compile(r"\n[ \t]*\n"), 2


def own_text(opened: Opened) -> str:
    """The unquoted text of the message; of the HTML part where there is no other."""
    return unquoted(whole_text(opened), is_passed_on=is_passed_on(opened))[:LONGEST]


def only_in_page(opened: Opened) -> str:
    """What the HTML part says and the text part does not: some programs put no words into that."""
    if not opened.plain.strip() or not opened.page:
        return ""
    told = _squeezed(opened.plain[:LONGEST])
    lines = unquoted(opened.page[:LONGEST], is_passed_on=is_passed_on(opened)).split("\n")
    return "\n".join(line for line in lines[:200] if _squeezed(line) not in told)


def whole_text(opened: Opened) -> str:
    """All that a reader sees, quotes of the HTML part left out."""
    return opened.plain if opened.plain.strip() else opened.page


def unquoted(text: str, *, is_passed_on: bool = False) -> str:
    """Without quoted lines, our own links, and all below the line that introduces a quotation;
    such a line at the very top introduces nothing but what was passed on."""
    kept: list[str] = []
    lines = text.replace("\r\n", "\n").split("\n")
    has_words = is_passed_on
    for at, line in enumerate(lines):
        begins = introductions.begins(lines, at)
        if _FORWARD.match(line) or (begins and has_words):
            break
        if not _QUOTED.match(line):
            kept.append(line)
            has_words = has_words or bool(line.strip())
    return _without_our_links(_without_our_blocks("\n".join(kept)).split("\n")).strip()


def forwarded(opened: Opened) -> tuple[str, str]:
    """The subject of a message that was passed on inside the text, and what its author wrote;
    nothing of one of ours, which only quotes the mark."""
    lines = whole_text(opened)[:LONGEST].split("\n")
    start = _forwarded_at(lines, is_passed_on(opened))
    rest = "\n".join(lines[start:])
    if start == len(lines) or ("://" in rest and _ANY_LINK.search(rest)):
        return "", ""
    subject = _SUBJECT.search(rest)
    _, _, text = rest.lstrip("\n").partition("\n\n")
    return subject[1].strip() if subject else "", unquoted(text)


def _forwarded_at(lines: Sequence[str], is_passed_on: bool) -> int:
    """The first line of its header; behind the last one where there is none."""
    for at, line in enumerate(lines):
        if _FORWARD.match(line):
            return at + 1
        if is_passed_on and introductions.is_header(lines, at):
            return at
    return len(lines)


def is_passed_on(opened: Opened) -> bool:
    """Whether the subject says that the message is passed on."""
    return bool(_PASSED_ON.match(opened.field("Subject")))


def first_author(opened: Opened) -> str | None:
    """Who wrote what was passed on, as it says itself: nothing vouches for it."""
    told = (first(field(inner, "From")) for inner in opened.returned)
    found = _FROM.search(whole_text(opened)[:LONGEST])
    return next(filter(None, told), first(found[1]) if found else None)


def _without_our_links(lines: list[str]) -> str:
    """Our own footer asks for nothing, even where nobody has marked it as a quotation."""
    kept: list[str] = []
    for line in lines:
        if _LINK_ALONE.match(line):
            while kept and not kept[-1].strip():
                kept.pop()
            if kept and kept[-1].rstrip().endswith(":"):
                kept.pop()
        elif not _LABELLED.match(line):
            kept.append(line)
    return "\n".join(kept)


def _without_our_blocks(text: str) -> str:
    """Whoever writes above begins there: below, what stands around a link of ours is ours, however
    the program that quotes it calls that."""
    if "://" not in text or not _ANY_LINK.search(text):
        return text
    first, *blocks = _BLANK.split(text)
    kept = [one for one in blocks if one.count("\n") < _A_BLOCK or not _ANY_LINK.search(one)]
    return "\n\n".join([first, *kept])


def _squeezed(text: str) -> str:
    return re.sub(r"[\s>|*]+", " ", text).strip()
