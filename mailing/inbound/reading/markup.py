"""HTML as lines of text, in one pass whatever the source is."""

import html
import re
from string import ascii_lowercase, ascii_uppercase

LONGEST = 64 * 1024
_UNSEEN = ("script", "style", "head", "title", "textarea")
_BREAK = re.compile(r"(?i)(?:br|/p|/div|/tr|/li|/h[1-6]|hr)\b")
_ADDRESS = re.compile(r"[A-Za-z0-9._+-]{1,64}@")
_BOX = re.compile(r"(?i)(?:div|span|table)\b")
_NAMED = re.compile(r"(?i)(?:class|id)\s{0,5}=\s{0,5}[\"']?([^\"'>]{0,100})")
_QUOTES = re.compile(
    r"(?i)gmail_quote|yahoo_quoted|moz-cite|divRplyFwdMsg|appendonsend|mail-quote|protonmail_quote"
)
_OUR_LINK = re.compile(r"(?i)a\s[^>]*?/(?:u|preferences)/[A-Za-z0-9_-]{16}")
_LONGEST_TAG = 600
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def as_written(source: str) -> str:
    """All that is seen; lines of the source stay lines, and `<name@host>` is an address."""
    return _text(_without(source[:LONGEST], _UNSEEN), " ")


def own(source: str) -> str:
    """What the author wrote: quotations and links of ours left out, and lines only where the page
    has them."""
    kept = _above_quotation(_without(source[:LONGEST], ("blockquote", *_UNSEEN)))
    return _text(re.sub(r"[ \t\r\n]+", " ", kept), "").strip()


def _above_quotation(source: str) -> str:
    """Up to the first element that a mail program quotes in, and nothing that our links say."""
    names = (_box_around(source, found.start()) for found in _QUOTES.finditer(source))
    end = next((start for start in names if start is not None), len(source))
    start, *pieces = source[:end].split("<")
    return "<".join([start, *map(_silenced, pieces)])


def _box_around(source: str, at: int) -> int | None:
    """Where the element begins whose name stands there; only names are looked at, not each tag."""
    start = source.rfind("<", max(0, at - _LONGEST_TAG), at)
    tag = source[start + 1 : start + 1 + _LONGEST_TAG].partition("<")[0].partition(">")[0]
    return start if start >= 0 and _BOX.match(tag) and _quotes(tag) else None


def _silenced(piece: str) -> str:
    """A tag and what follows it; of a link of ours, the tag alone."""
    if "/u/" not in piece and "/preferences/" not in piece:
        return piece
    tag = piece[:_LONGEST_TAG].partition(">")[0]
    return f"{piece.partition('>')[0]}>" if _OUR_LINK.match(tag) else piece


def _quotes(tag: str) -> bool:
    return any(map(_QUOTES.search, _NAMED.findall(tag)))


def _text(source: str, gap: str) -> str:
    start, *pieces = source.split("<")
    return html.unescape("".join([start, *(_after_tag(piece, gap) for piece in pieces)]))


def _after_tag(piece: str, gap: str) -> str:
    """What follows a `<` with the tag read; the sign itself where no tag begins there."""
    tag, closed, rest = piece.partition(">")
    is_tag = closed and (tag[:1] in ("!", "/", "?") or (tag[:1].isascii() and tag[:1].isalpha()))
    if not is_tag or _ADDRESS.match(tag):
        return "<" + piece
    return ("\n" if _BREAK.match(tag) else gap) + rest


def _without(source: str, names: tuple[str, ...]) -> str:
    """Without the elements of these names; one that is never closed ends the text."""
    low = source.translate(_LOWER)
    kept, end = [], 0
    for opening in re.finditer(rf"<({'|'.join(names)})\b", low):
        if opening.start() >= end:
            kept.append(source[end : opening.start()])
            end = low.find(f"</{opening[1]}", opening.end())
            if end < 0:
                return " ".join(kept)
    return " ".join([*kept, source[end:]])
