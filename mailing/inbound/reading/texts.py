"""What a part shows to a reader, and what of it the author wrote himself."""

import html
import re

from mailing.inbound.reading.parts import Part

MOST_WRITTEN = 64 * 1024

_HIDDEN = ("script", "style", "head", "title")
_BREAK = re.compile(r"(?i)<(?:br|/?p|/?div|/?tr|/?li|/?h\d|/?table|/?ul|/?ol|hr)\b[^<>]{0,2000}>")
_TAG = re.compile(r"<[^<>]{0,4000}>")
_QUOTING_TAG = re.compile(r"(?i)<(/?)blockquote\b")
_QUOTING_BLOCK = re.compile(
    r"(?i)<div\b[^<>]{0,200}(?:gmail_quote|yahoo_quoted|moz-cite-prefix|divRplyFwdMsg|appendonsend"
    r"|OLK_SRC_BODY_SECTION|mailru-blockquote|reply-intro)"
)
# The line above what is quoted, as the usual mail programs write it in three languages and more.
_ABOVE_QUOTE = re.compile(
    r"(?i)^\s*(?:"
    r"-{2,}\s*(?:original message|исходное сообщение|пересл\w+ сообщение|пересылаемое сообщение"
    r"|forwarded message|бастапқы хабар\w*|қайта жіберілген хабар\w*|конец пересыл).{0,80}"
    r"|begin forwarded message:?|от кого:.{1,200}|_{10,}"
    r"|on .{4,200}\bwrote:?|.{4,200}\b(?:wrote|пишет|писал|написал|написала|писал\(а\)"
    r"|написал\(а\)|жазды|жазған|a écrit|schrieb)\s*:?\s*"
    r")$"
)
_ABOVE_FIELDS = re.compile(r"(?i)^\s*\*?(?:from|от|кімнен|отправитель|жіберуші)\s*:\*?\s.{1,200}$")
_NEXT_FIELD = re.compile(
    r"(?i)^\s*\*?(?:sent|date|to|subject|отправлено|дата|кому|тема|жіберілді|күні|кімге|тақырыбы)"
    r"\s*:"
)
_QUOTED = re.compile(r"^\s*(?:>|\|\s)")


def shown(part: Part) -> str:
    """All text of a message, plain text before HTML, without the messages that it holds."""
    plain = [one.text for one in part.walk() if one.type == "text/plain" and not one.filename]
    if any(text.strip() for text in plain):
        return "\n".join(plain)[: 2 * MOST_WRITTEN]
    return "\n".join(of_html(one.text) for one in part.walk() if one.type == "text/html")


def written(part: Part) -> str:
    """What the author wrote: without what is quoted. At most `MOST_WRITTEN` octets."""
    for kind in ("text/plain", "text/html"):
        found = [one for one in part.walk() if one.type == kind and not _is_attached(one)]
        text = "\n".join(_own(one) for one in found[:20])
        if text.strip():
            return _cut(text.strip())
    return ""


def of_html(source: str, without_quotes: bool = False) -> str:
    """The text of a piece of HTML."""
    source = source[: 4 * MOST_WRITTEN]
    for name in _HIDDEN:
        source = _without_element(source, name)
    if without_quotes:
        source = _without_quotes(source)
    source = _BREAK.sub("\n", " ".join(source.split()))
    return html.unescape(_TAG.sub("", source))


def unquoted(text: str) -> str:
    """The lines above what is quoted below, and those between what is quoted by `>`."""
    kept: list[str] = []
    lines = text[: 4 * MOST_WRITTEN].splitlines()
    for number, line in enumerate(lines):
        if _begins_quote(lines, number):
            break
        if not _QUOTED.match(line):
            kept.append(line)
    return "\n".join(kept)


def _is_attached(part: Part) -> bool:
    return bool(part.filename)


def _own(part: Part) -> str:
    if part.type == "text/html":
        return unquoted(of_html(part.text, without_quotes=True))
    return unquoted(part.text)


def _begins_quote(lines: list[str], number: int) -> bool:
    line = lines[number][:400]
    if _ABOVE_QUOTE.match(line):
        return True
    if line.strip().endswith(("wrote:", "пишет:", "жазды:")):
        return True
    following = " ".join(lines[number + 1 : number + 3])
    return bool(_ABOVE_FIELDS.match(line) and _NEXT_FIELD.match(following))


def _without_element(source: str, name: str) -> str:
    lowered = source.lower()
    if len(lowered) != len(source):
        lowered = source
    pieces, at = [], 0
    while (start := lowered.find(f"<{name}", at)) >= 0:
        if lowered[start + len(name) + 1 : start + len(name) + 2].isalnum():
            pieces.append(source[at : start + 1])
            at = start + 1
            continue
        pieces.append(source[at:start])
        end = lowered.find(f"</{name}", start)
        if end < 0:
            return "".join(pieces)
        at = end + len(name) + 2
        at = at + 1 if source[at : at + 1] == ">" else at
    return "".join([*pieces, source[at:]])


def _without_quotes(source: str) -> str:
    if match := _QUOTING_BLOCK.search(source):
        source = source[: match.start()]
    pieces, depth, at = [], 0, 0
    for match in _QUOTING_TAG.finditer(source):
        if depth == 0:
            pieces.append(source[at : match.start()])
        depth = max(0, depth - 1) if match[1] else depth + 1
        at = match.start()
    return "".join([*pieces, source[at:]]) if depth == 0 else "".join(pieces)


def _cut(text: str) -> str:
    return text.encode("utf-8", "replace")[:MOST_WRITTEN].decode("utf-8", "ignore")
