"""Markdown to the HTML of a mail: real headings and paragraphs, every style inline."""

import re
from collections.abc import Mapping

from markdown_it import MarkdownIt
from markdown_it.token import Token

from mailing.deliveries.message.cleaning import clean
from mailing.deliveries.message.frame import BodyError
from mailing.deliveries.message.merge import Draft

# Text and background are always set together: mail programs invert either in the dark.
STYLES = {
    "h1": "margin:0 0 16px;font-size:26px;line-height:34px;font-weight:bold;color:#1c1b1f",
    "h2": "margin:24px 0 12px;font-size:21px;line-height:28px;font-weight:bold;color:#1c1b1f",
    "h3": "margin:20px 0 8px;font-size:17px;line-height:24px;font-weight:bold;color:#1c1b1f",
    "p": "margin:0 0 16px;font-size:16px;line-height:24px",
    "ul": "margin:0 0 16px;padding-left:24px;font-size:16px;line-height:24px",
    "ol": "margin:0 0 16px;padding-left:24px;font-size:16px;line-height:24px",
    "img": "display:block;max-width:100%;height:auto;border:0",
    "blockquote": "margin:0 0 16px;padding-left:16px;border-left:4px solid #b9c4d0",
    "hr": "border:0;border-top:1px solid #b9c4d0;margin:24px 0",
    "table": "border-collapse:collapse;margin:0 0 16px;font-size:16px;line-height:24px",
    "th": "border:1px solid #b9c4d0;padding:6px 10px;text-align:left",
    "td": "border:1px solid #b9c4d0;padding:6px 10px",
}
READER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def from_markdown(draft: Draft, link_colour: str) -> str:
    """Render and clean; merge tags stay hidden. Raw HTML in the source is shown, not obeyed."""
    tokens = READER.parse(draft.text)
    _demand_addresses(tokens, draft)
    _style(tokens, {**STYLES, "a": f"color:{link_colour};text-decoration:underline"})
    markup = READER.renderer.render(tokens, READER.options, {})
    return _free_conditions(clean(markup), draft)


def _demand_addresses(tokens: list[Token], draft: Draft) -> None:
    for token in tokens:
        children = token.children or []
        for place, inner in enumerate(children):
            if inner.type == "link_open" and not inner.attrGet("href"):
                words = draft.pattern.sub("…", children[place + 1].content)
                sentence = f"The link “{words}” has no address: [{words}](https://…)."
                raise BodyError(sentence, "body")


def _style(tokens: list[Token], styles: Mapping[str, str]) -> None:
    for token in tokens:
        if token.nesting >= 0 and token.tag in styles:
            token.attrSet("style", styles[token.tag])
        _style(token.children or [], styles)


def _free_conditions(markup: str, draft: Draft) -> str:
    """A condition on a line of its own is neither a paragraph nor a blank in one."""
    word = draft.pattern.pattern
    alone = re.compile(rf"<p[^>]*>\s*((?:{word}\s*)+)</p>".replace("(\\d{4})([xu])", "\\d{4}[xu]"))

    def freed(found: re.Match[str]) -> str:
        hidden = draft.pattern.findall(found[1])
        are_conditions = all(draft.tags[int(index)].is_condition for index, _ in hidden)
        return str(found[1] if are_conditions else found[0])

    def tightened(found: re.Match[str]) -> str:
        tag = draft.tags[int(found[2])]
        before = "" if tag.word in ("elif", "else", "endif") else found[1]
        after = "" if tag.word in ("if", "elif", "else") else found[4]
        return f"{before}{found[0].strip()}{after}"

    return re.sub(rf"(\n?){word}(\n?)", tightened, alone.sub(freed, markup))
