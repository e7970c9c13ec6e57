"""HTML as lines of text, in one pass whatever the source is."""

import html
import re
from string import ascii_lowercase, ascii_uppercase

LONGEST = 64 * 1024
_UNSEEN = ("script", "style", "head", "title", "textarea")
_BREAK = re.compile(r"(?i)(?:br|/p|/div|/tr|/li|/h[1-6]|hr)\b")
_ADDRESS = re.compile(r"[A-Za-z0-9._+-]{1,64}@")
_QUOTE_BOX = re.compile(
    r"(?is)<(?:div|span|table)\b[^>]{0,500}(?:class|id)\s*=\s*[\"']?[^\"'>]{0,100}(?:gmail_quote|yahoo_quoted|moz-cite|divRplyFwdMsg|appendonsend|mail-quote|protonmail_quote).{0,2000000}\Z"
)
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def as_written(source: str) -> str:
    """All that is seen; lines of the source stay lines, and `<name@host>` is an address."""
    return _text(_without(source[:LONGEST], _UNSEEN), " ")


def own(source: str) -> str:
    """What the author wrote: quotations left out, and lines only where the page has them."""
    kept = _QUOTE_BOX.sub(" ", _without(source[:LONGEST], ("blockquote", *_UNSEEN)))
    return _text(re.sub(r"[ \t\r\n]+", " ", kept), "").strip()


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
