"""The page around the author's words: templates/mails/, with the footer nobody can remove."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import escape

from mailing.deliveries.message.frame import Frame, one_line
from mailing.deliveries.message.program import Piece

MAILS = Path(__file__).resolve().parents[3] / "templates" / "mails"
# NUL cannot occur in any text that reaches a template, so these marks cannot be forged.
MARK = re.compile("\x00([a-z_]+)\x00")
TEMPLATES = Environment(
    loader=FileSystemLoader(MAILS),
    autoescape=select_autoescape(["html"], default=False),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=False,
)


class Dress:
    """A template's two faces, `name`.html and `name`.txt, in one frame and language."""

    def __init__(self, name: str, language: str, frame: Frame) -> None:
        self.name = name
        self.language = language
        self.frame = frame
        _check(frame)

    def html(self, holes: Mapping[str, list[Piece]], **context: object) -> list[Piece]:
        """Fill the HTML template; each name in `holes` is a mark there."""
        translate = _translating(self.frame, in_html=True)
        return self._fill("html", holes, {"_": translate, **context})

    def text(self, holes: Mapping[str, list[Piece]], **context: object) -> list[Piece]:
        """Fill the text template."""
        translate = _translating(self.frame, in_html=False)
        return self._fill("txt", holes, {"_": translate, **context})

    def _fill(
        self, suffix: str, holes: Mapping[str, list[Piece]], context: Mapping[str, object]
    ) -> list[Piece]:
        marks = {name: f"\x00{name}\x00" for name in holes}
        template = TEMPLATES.get_template(f"{self.name}.{suffix}")
        page = template.render(
            language=self.language,
            frame=self.frame,
            operator=self.frame.operator,
            **{"signed_up": "", **marks},
            **context,
        )
        return list(_split(page, holes))


def _translating(frame: Frame, *, in_html: bool) -> Callable[..., str]:
    """Give `_("… %(name)s …", name=…)`: translate first, then fill in, escaped in HTML."""

    def translate(message: str, **values: object) -> str:
        text = frame.gettext(message)
        shown = escape(text) if in_html else text
        return shown % values if values else shown

    return translate


def _split(page: str, holes: Mapping[str, list[Piece]]) -> Iterator[Piece]:
    for number, piece in enumerate(MARK.split(page)):
        if number % 2:
            yield from holes[piece]
        else:
            yield piece


def _check(frame: Frame) -> None:
    operator = frame.operator
    for name in ("name", "bin", "address", "contact"):
        one_line(f"The operator's {name}", getattr(operator, name))
    for name in ("topic_name", "policy_label", "policy_url", "help_url"):
        one_line(name, getattr(frame, name))
    one_line("The name in the head", frame.head.name)
