"""Plain text that somebody has typed: what may be stored, shown and merged into mail."""

import unicodedata

from mailing.base.errors import Invalid

MAX_FIELD = 200
_FIELD_TOO_LONG = "Enter 200 characters at the most."
_FIELD_BROKEN = "Enter plain text on one line."
_TEXT_BROKEN = "Enter plain text; a character in it cannot be shown."

# Controls, lines, paragraphs, surrogates, private and unassigned characters.
_BROKEN = frozenset({"Cc", "Zl", "Zp", "Cs", "Co", "Cn"})
_DIRECTION = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean_text(name: str, value: str, longest: int) -> str:
    """Some lines of plain text, NFC, trimmed, with `\\n` between them.

    Raises `Invalid` for more than `longest` characters and for what `clean_field` refuses but
    line ends.
    """
    lines = value.replace("\r\n", "\n").split("\n")
    if any(_is_broken(line) for line in lines):
        raise Invalid(_TEXT_BROKEN, field=name)
    cleaned = unicodedata.normalize("NFC", "\n".join(line.rstrip() for line in lines)).strip()
    if len(cleaned) > longest:
        raise Invalid(f"Enter {longest} characters at the most.", field=name)
    return cleaned


def clean_field(name: str, value: str) -> str:
    """A name or telephone as it may be stored and merged into mail: one line, NFC, trimmed.

    Raises `Invalid` for more than 200 characters and for line ends, controls, and characters
    that turn the direction of writing.
    """
    if _is_broken(value):
        raise Invalid(_FIELD_BROKEN, field=name)
    cleaned = unicodedata.normalize("NFC", value).strip()
    if len(cleaned) > MAX_FIELD:
        raise Invalid(_FIELD_TOO_LONG, field=name)
    return cleaned


def _is_broken(line: str) -> bool:
    # Whatever is broken or turns the direction is not printable, so most values end here.
    return not line.isprintable() and any(
        unicodedata.category(one) in _BROKEN or one in _DIRECTION for one in line
    )
