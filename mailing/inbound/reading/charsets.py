"""Octets to letters: the charset that is named, or the one that fits where none is.

Mail from Kazakhstan comes in utf-8, kz1048, ptcp154, windows-1251 and koi8-r, often unnamed.
"""

import codecs
import re

_GUESSES = ("kz1048", "ptcp154", "cp1251", "koi8-r")
_ALIASES = {
    "x-mac-cyrillic": "mac_cyrillic",
    "x-sjis": "cp932",
    "iso-8859-8-i": "iso8859-8",
    "unicode-1-1-utf-8": "utf-8",
}
# Codecs that are charsets of mail. Others in Python's registry transform text, or cost dearly.
_CHARSETS = re.compile(
    r"utf-(8|16|32)|utf_8_sig|ascii|iso8859|cp\d|koi8|kz1048|ptcp154|mac-|gb|big5|euc_|iso2022_"
    r"|shift_jis|johab|hz|tis-620|hp-roman8"
)
_COMMON = frozenset("оеаинтсрвлкмдпуяызьбгчійқңғұүөәһ")
_HIGH = re.compile(rb"[\x80-\xff]")


def decode(octets: bytes, named: str = "") -> str:
    """The text; what cannot be decoded becomes U+FFFD. Never raises."""
    known = codec_of(named)
    if known in ("", "ascii") and _HIGH.search(octets):
        return candidates(octets)[0]
    if known == "utf-8" and (kept := _strictly(octets, known)) is None:
        return octets.decode("utf-8", "replace")
    elif known == "utf-8":
        return str(kept)
    return octets.decode(known or "ascii", "replace")


def candidates(octets: bytes) -> list[str]:
    """What 8-bit octets without a charset may say, the likeliest first."""
    if (whole := _strictly(octets, "utf-8")) is not None:
        return [whole]
    read = [octets.decode(name, "replace") for name in _GUESSES]
    found = sorted(dict.fromkeys(read), key=_unlikeliness)
    return [*found, octets.decode("utf-8", "replace")]


def codec_of(named: str) -> str:
    """Python's name of a charset; empty for one that is unknown or not taken."""
    label = named.strip(" \t\"'").lower()
    if not label or len(label) > 40 or not label.isascii():
        return ""
    try:
        found = codecs.lookup(_ALIASES.get(label, label)).name
    except (LookupError, ValueError):
        return ""
    return found if _CHARSETS.match(found) else ""


def _strictly(octets: bytes, name: str) -> str | None:
    try:
        return octets.decode(name)
    except UnicodeDecodeError:
        return None


def _unlikeliness(text: str) -> int:
    common = sum(letter in _COMMON for letter in text)
    return 2 * text.count("\ufffd") - common
