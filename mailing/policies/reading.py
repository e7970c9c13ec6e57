"""Markdown for reading on a page: rendered, cleaned, and harmless whatever stands in it."""

from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

# Beyond this a text is shown as it is written: rendering takes time, and its reader waits.
LONGEST = 80_000  # characters; the worst text of that length takes five seconds, once
_DEEPEST_HEADING = 6
_READER = MarkdownIt("commonmark", {"html": False, "maxNesting": 20}).enable(
    ["table", "strikethrough"]
)
# A line of a policy is often a clause: it stays a line.
_READER.options["breaks"] = True
# No image: it would be fetched from somewhere, and tell them who reads what. No id, class, style.
_CLEANER = nh3.Cleaner(
    tags={
        *("p", "h3", "h4", "h5", "h6", "ul", "ol", "li", "strong", "em", "s", "code", "pre"),
        *("blockquote", "hr", "br", "a", "table", "thead", "tbody", "tr", "th", "td"),
    },
    attributes={"*": set(), "a": {"href"}, "ol": {"start"}},
    url_schemes={"http", "https", "mailto"},
    link_rel="nofollow noopener noreferrer",
)


@lru_cache(maxsize=32)
def readable(source: str) -> str | None:
    """The HTML of a Markdown text, to stand below a second heading; None for one too long.

    Raw HTML in the source is shown, not obeyed; only http, https and mailto lead anywhere.
    """
    if len(source) > LONGEST:
        return None
    tokens = _READER.parse(source)
    for token in tokens:
        _lower(token)
    return _CLEANER.clean(_READER.renderer.render(tokens, _READER.options, {}))


def _lower(token: Token) -> None:
    """The page has headings of its own above the text's."""
    if token.type in ("heading_open", "heading_close"):
        token.tag = f"h{min(int(token.tag[1]) + 2, _DEEPEST_HEADING)}"
