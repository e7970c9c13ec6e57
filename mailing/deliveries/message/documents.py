"""HTML and MJML as designers bring them: brought to one cleaned body and its media rules."""

import re
from dataclasses import dataclass

import css_inline
import mjml

from mailing.deliveries.message.cleaning import LAYOUT, check_count, clean
from mailing.deliveries.message.frame import BodyError

BODY = re.compile(r'<body((?:\s+[\w:-]+="[^"]*")*)\s*>(.*)</body>', re.DOTALL)
STYLE_SHEET = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL | re.IGNORECASE)
LOOKS_STYLED = re.compile(r"<(?:html|body|style)[\s>]", re.IGNORECASE)
MJML_TAG = re.compile(r"</?(mj[\w-]*)", re.IGNORECASE)
# All of MJML but the parts that take raw HTML, files or attributes from elsewhere.
MJML_NAMES = """
    mjml mj-accordion mj-accordion-element mj-accordion-text mj-accordion-title mj-all
    mj-attributes mj-body mj-breakpoint mj-button mj-carousel mj-carousel-image mj-class mj-column
    mj-divider mj-group mj-head mj-hero mj-image mj-navbar mj-navbar-link mj-preview mj-section
    mj-social mj-social-element mj-spacer mj-style mj-table mj-text mj-title mj-wrapper
"""
MJML_TAGS = frozenset(MJML_NAMES.split())
# A rule for a class cannot reach our own elements, which have none; one for `td` could hide them.
MEDIA = re.compile(r"@media\s+([^{}<>;]{1,200})\{((?:[^{}@<>]{1,500}\{[^{}<>]{0,2000}\})*)\s*\}")
RULE = re.compile(r"\s*([^{}]+)\{([^{}]*)\}")
SAFE_SELECTOR = re.compile(r"\s*[a-zA-Z]*\.[\w-]+(?:\s+[a-zA-Z]*\.?[\w-]+)*\s*")
FETCHING = re.compile(r"url\s*\(|@import|expression|\\", re.IGNORECASE)

# The parsers recurse; on a stack of 8 MiB they were seen to fall between 10 and 20 thousand
# elements inside one another (styles) and between 1 and 2 thousand (MJML's own elements).
MOST_IN_HTML = 5000
MOST_IN_MJML = 1000
MOST_OF_MJML = 500

INLINER = css_inline.CSSInliner(
    load_remote_stylesheets=False, keep_style_tags=False, keep_at_rules=True
)


@dataclass(frozen=True, slots=True)
class Page:
    """A cleaned body; `styles` are the media rules that stay, `is_wide` if it lays itself out."""

    body: str
    styles: str = ""
    is_wide: bool = False


def without_comments(source: str) -> str:
    """Cut the author's comments, before merge tags are hidden in comments of our own."""
    first, *others = source.split("<!--")
    kept = [first]
    for piece in others:
        _, end, rest = piece.partition("-->")
        kept.append(rest if end else "-->")
    if any("-->" in piece for piece in kept):
        raise BodyError("A comment is not closed, or stands inside an attribute.", "body")
    return "".join(kept)


def from_html(source: str) -> Page:
    """Take a fragment or a whole document, comments cut and merge tags hidden."""
    check_count(source, MOST_IN_HTML)
    if not LOOKS_STYLED.search(source):
        return Page(clean(source))
    return _from_document(source)


def from_mjml(source: str) -> Page:
    """Compile MJML (no includes, no raw parts); raises `BodyError` for what is not MJML."""
    check_count(source, MOST_IN_MJML)
    check_count(source, MOST_OF_MJML, LAYOUT)
    for name in MJML_TAG.findall(source):
        if name.lower() not in MJML_TAGS:
            raise BodyError(f"<{name}> is not an MJML element that can be used here.", "body")
    try:
        # Without `fonts={}` the page would fetch type from a third party's host.
        document = mjml.mjml2html(source, fonts={})
    except ValueError as problem:
        raise BodyError(f"The MJML cannot be read: {problem}.", "body") from None
    return _from_document(document)


def _from_document(document: str) -> Page:
    try:
        inlined: str = INLINER.inline(document)
    except ValueError as problem:
        raise BodyError(f"The styles cannot be read: {problem}.", "body") from None
    found = BODY.search(inlined)
    if not found:
        raise BodyError("The document has no body.", "body")
    sheet = " ".join(STYLE_SHEET.findall(inlined))
    # Mail programs drop <body>, so its colours move to an element that they keep.
    return Page(clean(f"<div{found[1]}>{found[2]}</div>"), media_rules(sheet), is_wide=True)


def media_rules(sheet: str) -> str:
    """Keep what makes a layout narrow on a phone: media rules for classes that fetch nothing."""
    kept = ((condition.strip(), _class_rules(rules)) for condition, rules in MEDIA.findall(sheet))
    return "\n".join(f"@media {condition} {{ {rules} }}" for condition, rules in kept if rules)


def _class_rules(rules: str) -> str:
    return " ".join(
        f"{selector.strip()} {{ {declarations.strip()} }}"
        for selector, declarations in RULE.findall(rules)
        if all(SAFE_SELECTOR.fullmatch(part) for part in selector.split(","))
        and not FETCHING.search(declarations)
    )
