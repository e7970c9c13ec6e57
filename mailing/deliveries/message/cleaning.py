"""What HTML may hold in a mail: text, tables, images, links. No scripts, forms or frames.

The cleaner (ammonia, through nh3) parses like a browser and writes regular HTML, so nothing can
hide in a malformed tag, and an element that the author left open ends before our footer.
"""

import re

import nh3

from mailing.deliveries.message.frame import BodyError

LARGEST = 384 * 1024  # characters of cleaned HTML
ELEMENT = re.compile(r"<[a-zA-Z]")
LAYOUT = re.compile(r"<mj", re.IGNORECASE)
TAGS = """
    a abbr address article b blockquote br caption center code col colgroup dd del div dl dt em
    figcaption figure footer h1 h2 h3 h4 h5 h6 header hr i img ins li main mark ol p picture pre
    q s section small span strike strong sub sup table tbody td tfoot th thead tr tt u ul
"""
BOX = {"align", "bgcolor", "height", "valign", "width"}
ATTRIBUTES: dict[str, set[str]] = {
    "*": {"aria-label", "class", "dir", "id", "lang", "role", "style", "title"},
    "a": {"href", "name", "target"},
    "col": {"span", "width"},
    "colgroup": {"span", "width"},
    "div": {"align"},
    "h1": {"align"},
    "h2": {"align"},
    "h3": {"align"},
    "img": {"align", "alt", "border", "height", "src", "width"},
    "ol": {"start", "type"},
    "p": {"align"},
    "table": BOX | {"background", "border", "cellpadding", "cellspacing"},
    "tbody": BOX,
    "td": BOX | {"background", "colspan", "rowspan"},
    "th": BOX | {"background", "colspan", "rowspan", "scope"},
    "tr": BOX,
}
# Nothing here can lift an element out of its place, and so over the footer.
PROPERTIES = """
    -ms-text-size-adjust -webkit-text-size-adjust background background-color background-image
    background-position background-repeat background-size border border-bottom border-bottom-color
    border-bottom-style border-bottom-width border-collapse border-color border-left
    border-left-color border-left-style border-left-width border-radius border-right
    border-right-color border-right-style border-right-width border-spacing border-style
    border-top border-top-color border-top-style border-top-width border-width box-sizing clear
    color color-scheme cursor direction display float font font-family font-size font-style
    font-variant font-weight height letter-spacing line-height list-style list-style-position
    list-style-type margin margin-bottom margin-left margin-right margin-top max-height max-width
    min-height min-width mso-font-width mso-hide mso-line-height-rule mso-padding-alt
    mso-table-lspace mso-table-rspace mso-text-raise opacity outline overflow overflow-wrap padding
    padding-bottom padding-left padding-right padding-top table-layout text-align text-decoration
    text-indent text-size-adjust text-transform vertical-align visibility white-space width
    word-break word-spacing word-wrap
"""
CLEANER = nh3.Cleaner(
    tags=set(TAGS.split()),
    clean_content_tags={"script", "style", "title", "iframe", "object", "template", "textarea"},
    attributes=ATTRIBUTES,
    filter_style_properties=set(PROPERTIES.split()),
    url_schemes={"http", "https", "mailto"},
    strip_comments=False,  # Outlook's conditions and our hidden ones; the author's are cut before
    link_rel=None,
)


def clean(markup: str) -> str:
    """Give regular HTML of what is allowed; the rest is left out. Raises `BodyError` for size."""
    cleaned = CLEANER.clean(markup)
    if len(cleaned) > LARGEST:
        raise BodyError("The page is too large for a mail; shorten it.", "body")
    return cleaned


def check_count(source: str, most: int, kind: re.Pattern[str] = ELEMENT) -> None:
    """Refuse so many elements that, nested, they would exhaust a parser's stack.

    They are counted, not measured in depth: what is nested in what, only the parser knows.
    Raises `BodyError`.
    """
    if sum(1 for _ in kind.finditer(source)) > most:
        raise BodyError(f"There are more than {most} elements; simplify the page.", "body")
